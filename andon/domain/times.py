"""When it happened, when it was seen, when it was said, when somebody knew: kept apart, and kept.

Deadlines of several laws run from the moment somebody knew, others from the moment it was seen. What the
door signed on arrival is never changed; a correction stands beside it, with who made it and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from pydantic import ConfigDict, Field, ValidationError

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.signing import DETECTION_TYPE, Envelope, open_envelope
from andon.domain.values import Carried, Frozen, IncidentId, Instant, PersonId, Sha256Hex

AHEAD: Final = timedelta(minutes=5)
"""How far a sender's clock may run ahead of ours."""
PERSON: Final = "person:"


class Moment(StrEnum):
    """Which of the times of an incident."""

    OCCURRED = "occurred"
    DETECTED = "detected"
    REPORTED = "reported"
    AWARE = "aware"


class Times(Frozen):
    """The times of one incident. What nobody stated is None, never guessed."""

    occurred_at: Instant | None = Field(None, description="when it happened, as the sender says")
    detected_at: Instant = Field(description="when it was seen")
    reported_at: Instant = Field(description="when it was said to somebody who answers for it")
    received_at: Instant = Field(description="when Andon's door took it, by its own clock")
    aware_at: Instant | None = Field(None, description="when the first person knew; None: nobody yet")
    aware: PersonId | None = Field(None, description="who that was")

    def of(self, which: Moment) -> Instant | None:
        """Return one of the four."""
        found: dict[Moment, Instant | None] = {
            Moment.OCCURRED: self.occurred_at,
            Moment.DETECTED: self.detected_at,
            Moment.REPORTED: self.reported_at,
            Moment.AWARE: self.aware_at,
        }
        return found[which]


def moment(text: str) -> Instant | None:
    """Return a moment with its zone; None if it is none, or nobody could say which."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


class Knew(Frozen):
    """Somebody who knew of an incident at a moment, by what is on record."""

    person: PersonId
    at: Instant


class Correction(Carried):
    """One time that a person set right. The one before it stays on record."""

    which: Moment
    before: Instant | None
    after: Instant
    person: PersonId
    at: Instant
    reason: Sha256Hex
    reason_text: str


class IntakeStatement(Carried):
    """What the door says of a detection it took, signed at once and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: Literal["andon.detection/1"] = "andon.detection/1"
    receipt: str
    incident: IncidentId
    system: str
    source: str = Field(description="`person:<id>` or `source:<id>`")
    channel: str
    body: Sha256Hex = Field(description="digest of the report's bytes as they came")
    occurred_at: Instant | None
    detected_at: Instant
    reported_at: Instant
    received_at: Instant
    attested_by: Literal["door"] = "door"

    def times(self) -> Times:
        """Return what it says of times; whoever reports it themselves knew from then on."""
        knew = self.source.startswith(PERSON)
        return Times(
            occurred_at=self.occurred_at,
            detected_at=self.detected_at,
            reported_at=self.reported_at,
            received_at=self.received_at,
            aware_at=self.reported_at if knew else None,
            aware=self.source.removeprefix(PERSON) if knew else None,
        )


def read_intake(envelope: Envelope, trusted: Mapping[Sha256Hex, str]) -> IntakeStatement:
    """Open a signed envelope and read the door's statement inside.

    Raises:
        SignatureError: the signature does not hold, or the payload is no such statement.
    """
    if envelope.payloadType != DETECTION_TYPE:
        raise SignatureError("what was signed is no statement on a detection")
    try:
        return IntakeStatement.model_validate_json(open_envelope(envelope, trusted))
    except ValidationError as error:
        raise SignatureError("what was signed is no statement on a detection") from error


def with_the_first_who_knew(times: Times, on_record: Sequence[Knew]) -> Times:
    """Return the times with whoever knew first: the reporter, or who first opened, declared or answered."""
    known = [Knew(person=times.aware, at=times.aware_at)] if times.aware and times.aware_at else []
    first = min((*known, *on_record), key=lambda one: (one.at, one.person), default=None)
    if first is None:
        return times
    return times.model_copy(update={"aware_at": first.at, "aware": first.person})


def corrected(times: Times, corrections: Sequence[Correction]) -> Times:
    """Return the times as they stand after corrections, in the order they were made."""
    latest = {one.which: one.after for one in corrections}
    return times.model_copy(update={f"{which}_at": after for which, after in latest.items()})


def check_correction(which: Moment, to: Instant, now: Instant) -> None:
    """Refuse a time that can't be.

    Raises:
        InvalidInputError: it lies ahead of `now`.
    """
    if to > now + AHEAD:
        raise InvalidInputError(
            f"{which}: {to.isoformat()} is more than 5 minutes ahead of {now.isoformat()}; "
            "check the time and its zone"
        )
