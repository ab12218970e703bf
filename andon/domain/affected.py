"""The records that an AI system got wrong: listed, and each corrected or said to be beyond correcting.

The list is the sum of batches, each of which names the one before it by its digest. Record ids and values
may be personal data: batches are sealed in the register, and the incident's workflow knows the head of
their chain and how many records there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints

from andon.domain.errors import InvalidInputError
from andon.domain.values import NOTHING_YET, Carried, Frozen, Instant, PersonId, Sha256Hex

RECORDS_AT_MOST: Final = 20_000
"""Of one incident. More are worked off where they lie, with a list of their own named as proof."""
BATCH_AT_MOST: Final = 2_000
PERSON: Final = "person"
"""Where a record comes from that somebody listed; else it is the id of the evidence it was found in."""

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Optional = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Value = Annotated[str, StringConstraints(max_length=2000)]
Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class RecordState(StrEnum):
    """How an affected record stands."""

    OPEN = "open"
    CORRECTED = "corrected"
    CANNOT = "cannot"


class NamedRecord(Frozen):
    """One record as somebody, or a tool call, names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Short = Field(description="what the record is called where it lies")
    system: Short = Field(description="the system of record")
    field: Optional = Field("", description="what of it is wrong; empty: the record as a whole")
    before: Value | None = Field(None, description="the value it had; None: not known")
    after: Value | None = Field(None, description="the value the AI system gave it; None: not known")
    source: Optional = Field(PERSON, description="`person`, or the id of the evidence it was found in")

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it one record and no other."""
        return (self.system, self.id, self.field)


class Settled(Frozen):
    """What became of some records."""

    numbers: tuple[int, ...] = Field(min_length=1, max_length=RECORDS_AT_MOST)
    state: RecordState
    because: Told = Field(description="where the correction can be seen, or why there can be none")


class Batch(Frozen):
    """What one person changed on the list at one go."""

    previous: Sha256Hex = Field(description="digest of the sealed batch before, or zeroes")
    person: PersonId
    at: Instant
    added: tuple[NamedRecord, ...] = Field((), max_length=BATCH_AT_MOST)
    settled: tuple[Settled, ...] = ()


class AffectedRecord(NamedRecord):
    """One record of the list, as it stands."""

    number: int = Field(ge=1, description="its place on the list; it never changes")
    state: RecordState = RecordState.OPEN
    because: str = ""
    listed_by: PersonId
    listed_at: Instant
    settled_by: PersonId | None = None
    settled_at: Instant | None = None


class Tally(Carried):
    """What a workflow keeps of the list: the head of its chain, and counts."""

    head: Sha256Hex = NOTHING_YET
    all: int = Field(0, ge=0)
    corrected: int = Field(0, ge=0)
    cannot: int = Field(0, ge=0)

    @property
    def open(self) -> int:
        """How many are neither corrected nor said to be beyond it."""
        return self.all - self.corrected - self.cannot

    @property
    def adds_up(self) -> bool:
        """Whether it can be a list at all."""
        return self.open >= 0

    def reconciled(self) -> str:
        """Return the sum in words: `47 corrected + 3 that cannot be = 50 of 50`."""
        done = self.corrected + self.cannot
        return f"{self.corrected} corrected + {self.cannot} that cannot be = {done} of {self.all}"


def records_of(batches: Iterable[Batch]) -> list[AffectedRecord]:
    """Return the list that batches make, oldest first.

    A record that is listed twice is one record; what the later one knows of it is kept. A record may be
    settled anew, as when a correction turned out wrong; the latest word counts.
    """
    found: list[AffectedRecord] = []
    places: dict[tuple[str, str, str], int] = {}
    for batch in batches:
        for named in batch.added:
            place = places.setdefault(named.key, len(found))
            if place == len(found):
                found.append(
                    AffectedRecord(
                        **named.model_dump(), number=place + 1, listed_by=batch.person, listed_at=batch.at
                    )
                )
            else:
                found[place] = _known_better(found[place], named)
        for settled in batch.settled:
            for number in settled.numbers:
                found[number - 1] = found[number - 1].model_copy(
                    update={
                        "state": settled.state,
                        "because": settled.because,
                        "settled_by": batch.person,
                        "settled_at": batch.at,
                    }
                )
    return found


def tally_of(records: Sequence[AffectedRecord], head: Sha256Hex) -> Tally:
    """Count a list."""
    return Tally(
        head=head,
        all=len(records),
        corrected=sum(1 for one in records if one.state is RecordState.CORRECTED),
        cannot=sum(1 for one in records if one.state is RecordState.CANNOT),
    )


def check_batch(records: Sequence[AffectedRecord], batch: Batch) -> None:
    """Check that a batch can follow on a list.

    Raises:
        InvalidInputError: it changes nothing, names a record that is not there, reopens one, or makes the
            list too long.
    """
    if not batch.added and not batch.settled:
        raise InvalidInputError("this changes nothing on the list")
    if any(one.state is RecordState.OPEN for one in batch.settled):
        raise InvalidInputError("a record is corrected, or cannot be; it is not opened again: list it anew")
    for settled in batch.settled:
        for number in settled.numbers:
            if not 1 <= number <= len(records):
                raise InvalidInputError(f"there is no record {number}: the list has {len(records)}")
    if len(records) + len(batch.added) > RECORDS_AT_MOST:
        raise InvalidInputError(f"a list has at most {RECORDS_AT_MOST} records")


def _known_better(record: AffectedRecord, named: NamedRecord) -> AffectedRecord:
    more = {name: value for name in ("before", "after") if (value := getattr(named, name)) is not None}
    return record.model_copy(update=more)
