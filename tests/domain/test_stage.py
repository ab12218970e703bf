"""Which stages a course that is taken up again only passes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from andon.domain.stage import Stage, StageRecord, left_behind

AT = datetime(2026, 11, 22, tzinfo=UTC)


def on_record(*done: Stage, running: Stage | None = None) -> list[StageRecord]:
    ended = [StageRecord(stage=one, began_at=AT, ended_at=AT) for one in done]
    return ended + ([StageRecord(stage=running, began_at=AT)] if running else [])


@pytest.mark.parametrize("stage", [Stage.CONTAIN, Stage.COMMUNICATE, Stage.TRIAGE_CLASSIFY])
def test_a_stage_that_is_gone_through_once_is_left_behind_for_good(stage: Stage) -> None:
    assert left_behind(stage, on_record(stage), caught_up=False)
    assert left_behind(stage, on_record(stage), caught_up=True)


def test_a_stage_that_runs_or_was_never_begun_is_not_left_behind() -> None:
    before = on_record(Stage.TRIAGE_CLASSIFY, running=Stage.INVESTIGATE)
    assert not left_behind(Stage.INVESTIGATE, before, caught_up=False)
    assert not left_behind(Stage.CORRECT_REMEDIATE, before, caught_up=False)


def test_earlier_stages_of_a_round_are_left_behind_until_its_running_one_is_reached() -> None:
    before = on_record(Stage.INVESTIGATE, running=Stage.CORRECT_REMEDIATE)
    assert left_behind(Stage.INVESTIGATE, before, caught_up=False)
    assert not left_behind(Stage.INVESTIGATE, before, caught_up=True)


def test_a_round_that_has_not_begun_yet_is_gone_through_again() -> None:
    relapsed = on_record(Stage.INVESTIGATE, Stage.CORRECT_REMEDIATE, Stage.VALIDATE_RESTART, Stage.MONITOR)
    assert not left_behind(Stage.INVESTIGATE, relapsed, caught_up=False)


def test_a_stage_of_the_round_before_does_not_hide_that_it_runs_again() -> None:
    again = on_record(Stage.INVESTIGATE, running=Stage.INVESTIGATE)
    assert not left_behind(Stage.INVESTIGATE, again, caught_up=False)
