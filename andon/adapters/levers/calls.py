"""What levers reached by HTTP have in common: keys on the wire, what an answer means, how one is read."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from andon.adapters.levers.held import Seen
from andon.adapters.outgoing import Answer
from andon.domain.containment import Hold, Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.domain.values import canonical, sha256

GONE: Final = frozenset({404, 410})
JSON: Final = "application/json"


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Standing(_Read):
    """How a lever stands, as its service says."""

    held: bool
    hold: dict[str, Any] | None = None
    limit: int | None = None
    state: dict[str, Any]

    def kept(self, lever: Lever) -> bytes:
        """Return the part that has to be brought back: equal states, equal bytes."""
        try:
            return canonical({"held": self.held, "state": self.state})
        except ValueError as error:  # numbers beyond 2^53 have no canonical form
            raise LeverAwayError(lever.id, "answered with a state that can't be kept") from error

    def is_of(self, lever: Lever, hold: Hold, sent: dict[str, Any]) -> bool:
        """Whether a hold is in force; where it is not told, `held` is believed, and a limit only if told."""
        if not self.held or self.hold is not None:
            return self.held and self.hold == sent
        return lever.verb is not Verb.RATE_LIMIT or self.limit == hold.limit


class Looked(_Read):
    """What the consumer's path serves."""

    held: bool
    saw: str = Field(pattern=r"^[A-Za-z0-9_.:/-]{1,64}$")

    def seen(self, via: str) -> Seen:
        """Return it as every lever's look."""
        return Seen(held=self.held, saw=self.saw, via=via)


R = TypeVar("R", bound=_Read)


def accepted(lever: Lever, answer: Answer) -> None:
    """Take an answer for done.

    Raises:
        LeverUnknownError: there is no such lever.
        LeverAwayError: it was refused, redirected or failed.
    """
    if answer.status in GONE:
        raise LeverUnknownError(lever.id)
    if not 200 <= answer.status < 300:
        raise LeverAwayError(lever.id, f"HTTP {answer.status}")


def read_as(model: type[R], lever: Lever, answer: Answer) -> R:
    """Read an answer as it was agreed on.

    Raises:
        LeverUnknownError: there is no such lever.
        LeverAwayError: it says something else.
    """
    accepted(lever, answer)
    try:
        return model.model_validate(answer.object())
    except (ValueError, ValidationError) as error:
        raise LeverAwayError(lever.id, "answered otherwise than agreed") from error


def wire_key(key: str, body: bytes) -> str:
    """Return the key that goes with a body.

    Between two attempts another incident may have changed what the lever should be: then the body is
    another one, and under the same key it would be taken for a repeat.
    """
    return f"{key}/{sha256(body)[:8]}"


def told(hold: Hold) -> dict[str, Any]:
    """Return what a vendor is told of a hold."""
    names = {"order", "incident", "reason", "contact", "since", "expires_at"}
    return hold.model_dump(mode="json", include=names)


def limited(lever: Lever, hold: Hold) -> dict[str, int]:
    """Return the limit where the verb has one."""
    return {"limit": hold.limit} if lever.verb is Verb.RATE_LIMIT else {}


def state_named(lever: Lever) -> dict[str, Any] | None:
    """Return the state that option `normal` names; None: it names none.

    Raises:
        InvalidInputError: it is no JSON object.
    """
    named = lever.options.get("normal")
    if named is None:
        return None
    try:
        return Answer(200, named.encode()).object()
    except ValueError as error:
        raise InvalidInputError(f"lever {lever.id}: option normal must be a JSON object: {error}") from error


def visible(lever: Lever, option: str, secret: str) -> str:
    """Return a secret that can stand in a header.

    Raises:
        InvalidInputError: it can't; the message does not quote it.
    """
    if not secret or not all("!" <= one <= "~" for one in secret):
        raise InvalidInputError(
            f"lever {lever.id}: the secret of option {option} must be visible ASCII, without blanks"
        )
    return secret
