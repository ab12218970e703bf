"""Alarms: each sounds once, in order, at its own time, and the last one is a decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from andon.domain.clock import AlarmKind, alarms, sound
from andon.domain.decision import DecisionKind, DecisionRecord, DecisionRequest, Option, Rung
from andon.domain.directory import Role

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
RECORD = DecisionRecord(
    request=DecisionRequest(
        id="triage-1",
        incident="INC-20261121-abc123",
        kind=DecisionKind.TRIAGE,
        opened_at=AT,
        deadline=AT + timedelta(minutes=30),
        eligible=(Role.RESPONDER,),
        ladder=(
            Rung(after=timedelta(0), role=Role.BUSINESS_OWNER),
            Rung(after=timedelta(minutes=15), role=Role.EXECUTIVE),
        ),
        options=(Option(id="confirm"), Option(id="false_positive")),
        default="confirm",
        default_at=AT + timedelta(minutes=60),
        policy="a" * 64,
    )
)


def test_the_alarms_of_a_question_are_breach_rungs_and_default_in_order() -> None:
    ahead = alarms(RECORD)
    assert [(alarm.kind, (alarm.at - AT).seconds // 60) for alarm in ahead] == [
        (AlarmKind.BREACH, 30),
        (AlarmKind.RUNG, 30),
        (AlarmKind.RUNG, 45),
        (AlarmKind.DEFAULT, 60),
    ]


def test_each_alarm_sounds_exactly_once_and_the_question_stays_open() -> None:
    record, heard = RECORD, []
    while ahead := alarms(record):
        heard.append(ahead[0])
        record = sound(record, ahead[0])
    assert len(heard) == 4
    assert record.open
    assert record.effect == "confirm"


def test_a_settled_question_and_one_without_a_deadline_have_no_alarms() -> None:
    assert alarms(RECORD.model_copy(update={"outcome": "confirm"})) == ()
    untimed = RECORD.request.model_copy(update={"deadline": None})
    assert alarms(DecisionRecord(request=untimed)) == ()
