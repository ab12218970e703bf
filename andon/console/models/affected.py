"""The list of affected records as it is sent and shown."""

from __future__ import annotations

from pydantic import ConfigDict, Field, model_validator

from andon.domain.affected import BATCH_AT_MOST, AffectedRecord, NamedRecord, RecordState, Tally, Told
from andon.domain.directory import Role
from andon.domain.values import Frozen, IncidentId


class SettleBody(Frozen):
    """What became of some records."""

    state: RecordState = Field(description="corrected, or cannot")
    numbers: tuple[int, ...] = Field((), max_length=BATCH_AT_MOST, description="their places on the list")
    all_open: bool = Field(False, description="all that are open, instead of numbers")
    because: Told = Field(description="where the correction can be seen, or why there can be none; encrypted")

    @model_validator(mode="after")
    def _names_them_one_way(self) -> SettleBody:
        if bool(self.numbers) == self.all_open:
            raise ValueError("give numbers, or all_open")
        return self


class AffectedBody(Frozen):
    """A change of the list."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    add: tuple[NamedRecord, ...] = Field((), max_length=BATCH_AT_MOST)
    from_evidence: bool = Field(False, description="add the records that tool calls name")
    settle: SettleBody | None = None
    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")
    role: Role | None = Field(None, description="the role you speak in; the token's role if left out")


class AffectedNoted(Frozen):
    """A change that is on record."""

    incident: IncidentId
    tally: Tally
    said: str = Field(description="the sum in words")


class AffectedShown(Frozen):
    """The list, or a part of it."""

    incident: IncidentId
    tally: Tally
    open: int
    said: str
    records: tuple[AffectedRecord, ...]
    next: int | None = Field(description="send it as `after` for what follows")
