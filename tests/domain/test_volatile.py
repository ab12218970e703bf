"""What changes may destroy is taken before the first change, or the miss is named (EVD-01)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from andon.domain.volatile import missed

CHANGED = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_what_was_taken_before_the_first_change_is_not_missed() -> None:
    taken = {"prompt": CHANGED - SECOND, "tool_definition": CHANGED + SECOND, "policy_version": CHANGED}
    later = CHANGED + SECOND
    assert missed([taken], [later, CHANGED]) == ("policy_version", "tool_definition")


def test_a_later_snapshot_does_not_undo_what_an_earlier_one_took() -> None:
    assert missed([{"prompt": CHANGED - SECOND}, {"prompt": CHANGED + SECOND}], [CHANGED]) == ()


def test_without_a_change_nothing_is_missed() -> None:
    assert missed([{"prompt": CHANGED}], []) == ()
