"""A moment counts if the ledger bears it out; where a replay brings out something else is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from andon.domain.directory import Role
from andon.domain.ledger import Chain, Entry, Kind
from andon.domain.relived import (
    Moment,
    QuestionThen,
    Relived,
    RunThen,
    changed,
    line_of,
    moment_at,
    moment_of,
)
from andon.domain.values import NOTHING_YET

INCIDENT = "INC-20261121-abc123"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def entries(count: int, kind: str = Kind.STAGE_BEGUN) -> list[Entry]:
    found: list[Entry] = []
    for number in range(count):
        found.append(
            Entry(
                incident=INCIDENT,
                chain=Chain.RESPONSE,
                sequence=number,
                at=START + timedelta(minutes=number),
                actor="andon",
                kind=kind,
                subject=f"stage {number}",
                previous=found[-1].digest() if found else NOTHING_YET,
            )
        )
    return found


LEDGER = entries(6)


def moment(*of: Entry, run: str = "one", **fields: Any) -> Moment:
    return Moment(
        **{
            "name": str(of[-1].sequence),
            "at": of[-1].at,
            "run": run,
            "entries": of,
            "stage": "contain",
            "severity": "high",
            "classification": "ai_incident",
            "contained": False,
            **fields,
        }
    )


def after(number: int, **fields: Any) -> Moment:
    fields = {"name": f"after-{number}", "at": START + timedelta(days=number), "entries": (), **fields}
    return moment(LEDGER[-1], **fields)


def run(name: str = "one", problem: str | None = None) -> RunThen:
    return RunThen(
        workflow=f"incident/{INCIDENT}", run=name, began_at=START, events=9, began="first", problem=problem
    )


def relived(*moments: Moment, runs: tuple[RunThen, ...] = (run(),)) -> Relived:
    return Relived(moments=moments, runs=runs, recorded_by=("a",), replayed_by="b")


def test_moments_that_the_ledger_bears_out_are_one_line() -> None:
    line = line_of(relived(moment(*LEDGER[:2]), moment(*LEDGER[2:6])), LEDGER)
    assert [one.name for one in line.moments] == ["1", "5"]
    assert line.fits
    assert line.untold == ()


def test_a_batch_that_is_not_at_rest_yet_does_not_count() -> None:
    line = line_of(relived(moment(*LEDGER[:4]), moment(*LEDGER[4:])), LEDGER[:4])
    assert [one.name for one in line.moments] == ["3"]
    assert line.fits


def test_what_a_run_that_was_set_back_wrote_in_vain_is_no_departure() -> None:
    lost = entries(6, kind=Kind.CONTAINED)
    line = line_of(relived(moment(*LEDGER[:3]), moment(*lost[3:4], run="back"), moment(*LEDGER[3:])), LEDGER)
    assert [one.run for one in line.moments] == ["one", "one"]
    assert line.fits


def test_the_entry_at_which_a_replay_brings_out_something_else_is_named() -> None:
    other = entries(6, kind=Kind.CONTAINED)
    line = line_of(relived(moment(*LEDGER[:3]), moment(*other[3:])), LEDGER)
    assert line.departs_at == 3
    assert line.untold == ((3, 5),)
    assert not line.fits


def test_a_run_that_does_not_replay_departs_after_what_it_could_still_tell() -> None:
    line = line_of(relived(moment(*LEDGER[:2]), runs=(run(problem="NondeterminismError: timer"),)), LEDGER)
    assert line.departs_at == 2
    assert not line.fits


def test_entries_whose_history_is_gone_are_named_and_are_no_departure() -> None:
    line = line_of(relived(moment(LEDGER[1]), moment(*LEDGER[4:])), LEDGER)
    assert line.untold == ((0, 0), (2, 3))
    assert line.departs_at is None


def test_what_people_heard_and_said_adds_up_and_nothing_is_there_twice() -> None:
    line = line_of(
        relived(
            moment(*LEDGER[:3], told={"legal": ("question a",)}, knew={"lou": ("said yes to a",)}),
            moment(*LEDGER[3:], told={"legal": ("question b", "question b"), "executive": ("question b",)}),
            after(2, told={"legal": ("overdue",)}),
            after(10),
            after(1),
        ),
        LEDGER,
    )
    assert [one.name for one in line.moments] == ["2", "5", "after-1", "after-2", "after-10"]
    assert line.moments[1].told == {"legal": ("question a", "question b"), "executive": ("question b",)}
    assert line.moments[3].told["legal"] == ("question a", "question b", "overdue")
    assert line.moments[-1].knew == {"lou": ("said yes to a",)}


def test_a_moment_is_found_by_time_by_entry_and_by_name() -> None:
    moments = [moment(*LEDGER[:3]), moment(*LEDGER[3:]), after(1)]
    assert moment_at(moments, START - timedelta(seconds=1)) is None
    assert moment_at(moments, LEDGER[4].at) == moments[0]
    assert moment_at(moments, START + timedelta(days=9)) == moments[2]
    assert moment_of(moments, "1") == moments[0]
    assert moment_of(moments, "3") == moments[1]
    assert moment_of(moments, "6") is None
    assert moment_of(moments, "after-1") == moments[2]
    assert moment_of(moments, "after-2") is None


def test_what_changed_is_each_value_that_came_went_or_is_another() -> None:
    asked = QuestionThen(kind="triage", deadline=LEDGER[5].at, roles=(Role.RESPONDER,))
    before = moment(*LEDGER[:3], open={"triage-1": asked}, facts={"cause": "unknown"})
    later = moment(*LEDGER[3:], severity="critical", decided={"triage-1": "confirm"}, facts={"cause": "data"})
    found = {(one.what, one.name): (one.before is None, one.after) for one in changed(before, later)}
    assert found == {
        ("severity", ""): (False, "critical"),
        ("decided", "triage-1"): (True, "confirm"),
        ("facts", "cause"): (False, "data"),
        ("open", "triage-1"): (False, None),
    }
    assert changed(later, later) == ()
    assert {one.what for one in changed(None, before)} >= {"stage", "severity", "open", "facts"}
