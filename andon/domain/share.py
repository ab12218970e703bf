"""Which requests a hold lets through while it still stands for the others.

A share is judged where a flag is read, from the evaluation context alone: the same request gets the same
answer at every door, on every read.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Self

from pydantic import Field, model_validator

from andon.domain.values import Carried, Instant, Slug, Spare

TARGETING_KEY: Final = "targetingKey"
"""OpenFeature's name for whom an evaluation is about, such as a session or an account."""

BUCKETS: Final = 10_000


class Share(Spare):
    """A percentage of targeting keys, or the requests whose context says one thing. Names nobody."""

    percent: int | None = Field(None, ge=1, le=99)
    attribute: str = Field("", pattern=r"^([A-Za-z][A-Za-z0-9_.-]{0,63})?$")
    equals: str = Field("", max_length=80, pattern=r"^[A-Za-z0-9_.:+/@-]*$")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.percent is None) != bool(self.attribute and self.equals):
            raise ValueError("give either `percent`, or `attribute` and `equals`")
        return self

    @property
    def code(self) -> str:
        """The share in few characters, for ledgers and pages."""
        return f"{self.percent}%" if self.percent is not None else f"{self.attribute}={self.equals}"

    def lets_through(self, system: Slug, context: Mapping[str, object]) -> bool:
        """Whether a request is in the share; one that does not say whom it is about never is.

        A greater percentage contains every smaller one of the same AI system, whoever ordered it: two
        holds with shares let through what the smaller one does.
        """
        key = context.get(TARGETING_KEY)
        if self.percent is None:
            said = context.get(self.attribute)
            return isinstance(said, str) and said == self.equals
        return isinstance(key, str) and bool(key) and bucket(system, key) < self.percent * BUCKETS // 100


def bucket(system: Slug, key: str) -> int:
    """Return where a targeting key falls, from 0 to 9,999; evenly, and for ever the same."""
    return int.from_bytes(sha256(f"{system}/{key}".encode()).digest()[:8]) % BUCKETS


def sample_of(share: Share, system: Slug, count: int) -> tuple[dict[str, str], ...]:
    """Return contexts to look at a flag with, on both sides of the share; always the same ones."""
    if share.percent is None:
        said = (share.equals, "andon-probe-other")
        return tuple(
            {TARGETING_KEY: f"andon-probe-{number}", share.attribute: said[number % 2]}
            for number in range(max(count, 2))
        )
    keys = [{TARGETING_KEY: f"andon-probe-{number}"} for number in range(max(count, 2))]
    sides = {share.lets_through(system, one) for one in keys}
    for number in range(len(keys), BUCKETS):
        if len(sides) == len({True, False}):
            break
        further = {TARGETING_KEY: f"andon-probe-{number}"}
        if share.lets_through(system, further) not in sides:
            keys.append(further)
            sides.add(share.lets_through(system, further))
    return tuple(keys)


class Sampled(Carried):
    """What requests on both sides of a share were told."""

    order: str
    at: Instant
    via: str
    let_through: int = Field(description="requests that were let through")
    denied: int = Field(description="requests that were denied")
    amiss: int = Field(description="requests that were told something else than the share says, or nothing")
    others: bool = Field(False, description="another hold denies those in the share as well")

    @property
    def proven(self) -> bool:
        """Whether both sides were seen, each as it should be."""
        return self.amiss == 0 and self.denied > 0 and (self.let_through > 0 or self.others)

    @property
    def saw(self) -> str:
        """What was seen, as a code."""
        asked = self.let_through + self.denied
        amiss = f"/{self.amiss}_amiss" if self.amiss else ""
        return f"{self.let_through}_of_{asked}{amiss}{'/others_hold' if self.others else ''}"
