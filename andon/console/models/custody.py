"""Custody as people speak of it and are shown it: originals, holds and erasures."""

from __future__ import annotations

from pydantic import ConfigDict, Field, model_validator

from andon.domain.directory import Role
from andon.domain.values import Frozen, IncidentId, Instant, PersonId, Sha256Hex
from andon.register.custody import ErasureRow, ErasureState, HoldRow

_SAID = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
AT_MOST = 500


class Reasoned(Frozen):
    """Something that is done with a reason."""

    model_config = _SAID

    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")


class OriginalBody(Reasoned):
    """An original that somebody wants to read."""

    item: str = Field(min_length=1, max_length=255, description="id of the evidence item")


class OriginalOffered(Frozen):
    """Where an original can be downloaded once; that it was given out is on record."""

    item: str
    url: str = Field(description="good once, until `expires_at`; needs no token")
    expires_at: Instant
    authority: str = Field(description="by what it was given: `role:<role>` or `decision:<id>`")
    sha256: Sha256Hex = Field(description="of the stored bytes, which are encrypted")
    sequence: int = Field(description="the entry of the access chain that says so")


class HoldBody(Reasoned):
    """A word on the legal hold."""

    hold: bool = Field(description="whether the evidence is held from now on")


class HoldShown(Frozen):
    """How an incident's legal hold stands."""

    incident: IncidentId
    wanted: bool
    cause: str = Field(description="`legal`, `severity`, or nothing while nobody has said anything")
    person: str
    since: Instant | None
    in_force: bool = Field(description="every object version has it, read back from the store")
    versions: int
    settled_at: Instant | None = Field(description="when the store was asked last; nothing: not since")


class ErasureBody(Reasoned):
    """Evidence and texts that somebody wants erased."""

    items: tuple[str, ...] = Field((), max_length=AT_MOST, description="ids of evidence items and texts")
    everything: bool = Field(False, description="the whole incident, once it is closed")

    @model_validator(mode="after")
    def _one_of_the_two(self) -> ErasureBody:
        if bool(self.items) == self.everything:
            raise ValueError("name `items`, or say `everything`")
        return self


class ErasureShown(Frozen):
    """How an erasure stands."""

    id: str
    incident: IncidentId
    items: tuple[str, ...] = Field(description="none: the whole incident")
    state: ErasureState
    asked_by: PersonId
    asked_as: Role
    asked_at: Instant
    confirmed_by: PersonId | None
    confirmed_as: Role | None
    confirmed_at: Instant | None
    destroyed: int | None = Field(description="keys that were destroyed")
    destroyed_at: Instant | None
    scrubbed_at: Instant | None = Field(description="since when nothing of them is in the register's files")


class ErasureList(Frozen):
    """An incident's erasures, oldest first."""

    erasures: tuple[ErasureShown, ...]


def hold_shown(incident: IncidentId, row: HoldRow | None) -> HoldShown:
    """Return how a hold stands."""
    return HoldShown(
        incident=incident,
        wanted=row is not None and row.wanted,
        cause=row.cause if row else "",
        person=row.person if row else "",
        since=row.since if row else None,
        in_force=row is not None and row.in_force,
        versions=row.versions if row else 0,
        settled_at=row.settled_at if row else None,
    )


def erasure_shown(row: ErasureRow) -> ErasureShown:
    """Return how an erasure stands."""
    return ErasureShown(
        id=row.id,
        incident=row.incident,
        items=row.items,
        state=row.state,
        asked_by=row.asked_by,
        asked_as=row.asked_as,
        asked_at=row.asked_at,
        confirmed_by=row.confirmed_by,
        confirmed_as=row.confirmed_as,
        confirmed_at=row.confirmed_at,
        destroyed=row.destroyed,
        destroyed_at=row.destroyed_at,
        scrubbed_at=row.scrubbed_at,
    )
