"""Near misses that people caught: the second of one cause by the same control shows a weak design (INV-06).

A reviewer who catches something proves that it got as far as the reviewer, not that the system is safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import Field

from andon.domain.detection import Channel
from andon.domain.values import Frozen, Instant, Slug

UNKNOWN: Final = "unknown"
REVIEW: Final = "human_review"
SAMPLE: Final = "audit_sample"
ROOT: Final = "cause:"
"""Before a root cause in a finding; what was only reported has `trigger:`, `type:` and the like."""
REVIEWERS_ONLY: Final = "internal_caught"
ENOUGH: Final = 2
"""Catches of one cause by one control from which chance is no explanation any more."""

CONTROLS: Final[Mapping[str, str]] = {
    REVIEW: "a person's review before the output went out",
    SAMPLE: "a person who looked through samples",
}


class Catch(Frozen):
    """One near miss, and the human control that caught it."""

    home: str = Field(description="the incident or quality issue")
    system: Slug
    control: str
    root: str | None = Field(None, description="the cause that diagnosis found; None: not known")
    reported: str | None = Field(None, description="what was reported to have gone wrong, as a code")
    at: Instant


class DurableControlNeeded(Frozen):
    """A finding: people keep catching the same thing, and nothing else does."""

    system: Slug
    cause: str
    control: str
    homes: tuple[str, ...] = Field(min_length=ENOUGH, description="near misses, oldest first")
    last: Instant

    @property
    def sentence(self) -> str:
        """The finding in a sentence."""
        cause = self.cause.partition(":")[2].replace("_", " ")
        return (
            f"A durable control is needed: {len(self.homes)} near misses of {self.system} with the same "
            f"cause ({cause}) were caught by {CONTROLS[self.control]}, and by nothing else."
        )


def caught_by(channels: Iterable[Channel], facts: Mapping[str, object]) -> str | None:
    """Return the human control that caught a near miss; None: it was no person, or nobody can tell.

    Args:
        channels: where its detections came from.
        facts: what they told; an output that only reviewers saw was caught by them.
    """
    told = set(channels)
    if Channel.HUMAN_REVIEW in told or facts.get("exposure") == REVIEWERS_ONLY:
        return REVIEW
    return SAMPLE if Channel.AUDIT_SAMPLE in told else None


def durable_controls_needed(catches: Iterable[Catch]) -> tuple[DurableControlNeeded, ...]:
    """Return the findings over near misses, the newest first."""
    groups: dict[tuple[Slug, str, str], list[Catch]] = {}
    for one in catches:
        for cause in _causes(one):
            groups.setdefault((one.system, cause, one.control), []).append(one)
    found = [
        DurableControlNeeded(
            system=system,
            cause=cause,
            control=control,
            homes=tuple(dict.fromkeys(one.home for one in sorted(group, key=lambda one: (one.at, one.home)))),
            last=max(one.at for one in group),
        )
        for (system, cause, control), group in groups.items()
        if len({one.home for one in group}) >= ENOUGH and len({one.root for one in group} - {None}) <= 1
    ]
    found = [one for one in found if not any(_within(one, other) for other in found)]
    return tuple(sorted(found, key=lambda one: (one.last, one.cause), reverse=True))


def _causes(one: Catch) -> Iterator[str]:
    """Yield what a near miss may be compared by; those reported alike and diagnosed apart are apart."""
    if one.root not in (None, UNKNOWN):
        yield f"{ROOT}{one.root}"
    if one.reported:
        yield one.reported


def _within(one: DurableControlNeeded, other: DurableControlNeeded) -> bool:
    """Whether another finding says the same of more near misses, or of the same ones by their root cause."""
    if one is other or one.control != other.control or not set(one.homes) <= set(other.homes):
        return False
    return len(one.homes) < len(other.homes) or other.cause.startswith(ROOT)
