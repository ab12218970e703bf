"""Whether it has happened again, and after which changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from andon.domain.change import ChangeType
from andon.domain.recurrence import (
    Again,
    Causes,
    ControlRecurrence,
    Later,
    Looked,
    Recurrence,
    by_control,
    recurred,
    recurrence_told,
    told_as_facts,
)

CLOSED = datetime(2026, 3, 2, 9, tzinfo=UTC)
OURS = Causes(root_cause="prompt_design", failed_control="eval_suite")


def later(number: int, days: float, cause: str = "", control: str = "") -> Later:
    return Later(
        incident=f"INC-20260303-{number:06d}",
        opened_at=CLOSED + timedelta(days=days),
        causes=Causes(root_cause=cause, failed_control=control),
    )


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (OURS, Causes(root_cause="prompt_design"), ("root_cause:prompt_design",)),
        (OURS, Causes(failed_control="eval_suite"), ("failed_control:eval_suite",)),
        (OURS, OURS, ("root_cause:prompt_design", "failed_control:eval_suite")),
        (OURS, Causes(root_cause="data_quality", failed_control="approval_gate"), ()),
        (Causes(), Causes(), ()),
        (Causes(root_cause="unknown"), Causes(root_cause="unknown"), ()),
        (Causes(failed_control="none_existed"), Causes(failed_control="none_existed"), ()),
    ],
)
def test_two_incidents_share_a_known_cause_or_a_control_that_existed(
    one: Causes, other: Causes, shared: tuple[str, ...]
) -> None:
    assert one.shares(other) == shared
    assert other.shares(one) == shared


def test_only_what_opened_after_the_close_and_within_the_time_counts() -> None:
    cause = "prompt_design"
    incidents = [later(4, 31, cause), later(1, 0.5, cause), later(2, 30, cause), later(3, -1, cause)]
    found = recurred(OURS, CLOSED, 30, incidents)
    assert [one.incident[-1] for one in found.again] == ["1", "2"]


def test_an_incident_without_a_known_cause_is_counted_beside_them() -> None:
    found = recurred(
        OURS, CLOSED, 30, [later(1, 1), later(2, 2, "unknown"), later(3, 3, "data_quality"), later(4, 4)]
    )
    assert (found.again, found.unknown) == ((), 3)


def test_an_entry_tells_what_a_look_has_found() -> None:
    found = recurred(
        OURS,
        CLOSED,
        90,
        [later(1, 1, "prompt_design", "eval_suite"), later(2, 2, "prompt_design"), later(3, 5)],
    )
    assert recurrence_told({**told_as_facts(found), "step": "recurrence/90"}) == found


def looked(
    kind: ChangeType, days: int, again: tuple[float, ...], made: float | None, unknown: int = 0
) -> Looked:
    return Looked(
        incident="INC-20260302-aaaaaa",
        system="refund_desk",
        change="change-1",
        type=kind,
        owner="owen",
        days=days,
        measured_at=CLOSED + timedelta(days=days),
        in_effect_at=None if made is None else CLOSED + timedelta(days=made),
        again=tuple(
            Again(incident=f"INC-20260303-{at:06.0f}", opened_at=CLOSED + timedelta(days=at), why=("x",))
            for at in again
        ),
        unknown=unknown,
    )


def test_recurrence_is_counted_for_each_kind_of_control_and_each_time() -> None:
    looks = (
        looked(ChangeType.PROMPT, 30, (), 1),
        looked(ChangeType.PROMPT, 30, (5, 20), 10),
        looked(ChangeType.PROMPT, 30, (5,), 10),
        looked(ChangeType.PROMPT, 30, (), None, unknown=1),
        looked(ChangeType.PROMPT, 90, (60,), None),
        looked(ChangeType.TRAINING, 30, (3,), 2),
    )
    assert by_control(looks) == (
        ControlRecurrence(type=ChangeType.PROMPT, days=30, measured=4, recurred=2, in_spite=1, unknown=1),
        ControlRecurrence(type=ChangeType.PROMPT, days=90, measured=1, recurred=1, in_spite=0, unknown=0),
        ControlRecurrence(type=ChangeType.TRAINING, days=30, measured=1, recurred=1, in_spite=1, unknown=0),
    )


def test_a_look_without_incidents_tells_so() -> None:
    assert told_as_facts(Recurrence(days=30)) == {"days": 30, "again": 0, "unknown": 0}
