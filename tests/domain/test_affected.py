"""The list of affected records: batches add up, nothing is counted twice, and no cell is run as a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.affected import (
    Batch,
    NamedRecord,
    RecordState,
    Settled,
    check_batch,
    records_of,
    tally_of,
)
from andon.domain.errors import InvalidInputError
from andon.domain.sheet import RUN, read, written
from andon.domain.values import NOTHING_YET, sha256

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEAD = sha256(b"head")


def named(number: int, **changes: str) -> NamedRecord:
    return NamedRecord.model_validate({"id": f"A-{number}", "system": "orders", **changes})


def batch(*added: NamedRecord, settled: tuple[Settled, ...] = ()) -> Batch:
    return Batch(previous=NOTHING_YET, person="oscar", at=NOW, added=added, settled=settled)


def settle(state: RecordState, *numbers: int) -> Batch:
    return batch(settled=(Settled(numbers=numbers, state=state, because="see OPS-12"),))


def test_47_corrected_and_3_beyond_it_are_50_of_50() -> None:
    listed = batch(*(named(number) for number in range(50)))
    corrected = settle(RecordState.CORRECTED, *range(1, 48))
    cannot = settle(RecordState.CANNOT, 48, 49, 50)
    tally = tally_of(records_of([listed, corrected, cannot]), HEAD)
    assert (tally.open, tally.reconciled()) == (0, "47 corrected + 3 that cannot be = 50 of 50")
    assert tally_of(records_of([listed, corrected]), HEAD).open == 3


def test_a_record_listed_twice_is_one_and_keeps_what_is_known_better() -> None:
    first, again = named(1, field="refund", after="40"), named(1, field="refund", before="0")
    [found] = records_of([batch(first), batch(again)])
    assert (found.number, found.before, found.after, found.listed_by) == (1, "0", "40", "oscar")
    assert len(records_of([batch(first, named(1))])) == 2


def test_the_latest_word_on_a_record_counts() -> None:
    listed = [batch(named(1)), settle(RecordState.CORRECTED, 1), settle(RecordState.CANNOT, 1)]
    [found] = records_of(listed)
    assert (found.state, found.because, found.settled_by) == (RecordState.CANNOT, "see OPS-12", "oscar")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (batch(), "changes nothing"),
        (settle(RecordState.CORRECTED, 3), "there is no record 3"),
        (settle(RecordState.CORRECTED, 0), "there is no record 0"),
        (settle(RecordState.OPEN, 1), "not opened again"),
    ],
)
def test_a_batch_that_can_not_follow_is_refused_and_says_why(wrong: Batch, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        check_batch(records_of([batch(named(1), named(2))]), wrong)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@given(
    before=TEXT,
    name=TEXT.map(str.strip).filter(bool),
    start=st.sampled_from(["", *RUN, '=HYPERLINK("http://x")']),
)
def test_whatever_a_record_holds_no_cell_begins_a_formula_and_reading_gives_it_back(
    before: str, name: str, start: str
) -> None:
    record = NamedRecord(id=name, system="crm", before=start + before or None)
    text = written(records_of([batch(record)]))
    for cell in next(csv.reader(io.StringIO(text.partition("\n")[2]))):
        assert not cell.startswith(RUN)
    [again] = read(text)
    assert (again.id, again.before) == (record.id, record.before)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file is empty"),
        ("id,field\nA-1,x\n", "line 1: the heading lacks system"),
        ("id,system\nA-1\n", "line 2: has 1 cells, and the heading 2"),
        ("id,system\nA-1,orders\n,orders\n", "line 3: id"),
        ('id,system\n"A-1,orders\n', "this is no CSV"),
    ],
)
def test_a_file_that_can_not_be_used_names_its_line(text: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        read(text)
