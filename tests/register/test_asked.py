"""The index of open questions follows what each incident shows."""

from __future__ import annotations

from datetime import timedelta

from andon.domain.asked import Asked, asked
from andon.domain.decision import DecisionKind, DecisionRecord, DecisionRequest, Option, Rung
from andon.domain.directory import Role
from andon.register.asked import AskedQuestions
from andon.register.engine import Databases
from andon.register.incidents import Incidents, Listed
from tests.register.cases import INCIDENT, NOW, closed, view

OTHER = "INC-20260302-def456"


def question(incident: str, number: int, *, minutes: int | None, **changes: object) -> DecisionRecord:
    request = DecisionRequest(
        id=f"triage-{number}",
        incident=incident,
        kind=DecisionKind.TRIAGE,
        opened_at=NOW + timedelta(seconds=number),
        deadline=None if minutes is None else NOW + timedelta(minutes=minutes),
        eligible=(Role.RESPONDER,),
        options=(Option(id="confirmed"),),
        policy="b" * 64,
    )
    return DecisionRecord(request=request).model_copy(update=changes)


def everybody(_: Asked) -> bool:
    return True


def found(databases: Databases) -> list[tuple[str, str]]:
    return [
        (name, one.decision)
        for name, one in AskedQuestions(databases.register).waiting(Role.RESPONDER, everybody)
    ]


def test_what_runs_out_first_stands_at_the_top_over_all_incidents(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.show(view(decisions=(question(INCIDENT, 1, minutes=30), question(INCIDENT, 2, minutes=None))))
    incidents.show(view(OTHER, decisions=(question(OTHER, 1, minutes=5),)))
    assert found(databases) == [(OTHER, "triage-1"), (INCIDENT, "triage-1"), (INCIDENT, "triage-2")]


def test_a_question_that_was_answered_or_asked_anew_is_gone_with_the_next_view(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    questions = (question(INCIDENT, 1, minutes=30), question(INCIDENT, 2, minutes=40))
    incidents.show(view(decisions=questions))
    left = (question(INCIDENT, 1, minutes=30, outcome="confirmed"), *questions[1:])
    incidents.show(view(version=2, decisions=left))
    assert found(databases) == [(INCIDENT, "triage-2")]


def test_it_reads_back_as_it_was_put(databases: Databases) -> None:
    record = question(INCIDENT, 1, minutes=30)
    ladder = (Rung(after=timedelta(minutes=5), role=Role.EXECUTIVE),)
    request = record.request.model_copy(update={"ladder": ladder, "excluded": ("fay.fixer",)})
    asked_for = DecisionRecord(request=request)
    Incidents(databases.register).show(view(decisions=(asked_for,)))
    index = AskedQuestions(databases.register)
    assert index.waiting(Role.EXECUTIVE, everybody) == [(INCIDENT, asked(asked_for))]
    assert index.waiting(Role.LEGAL, everybody) == []
    late = NOW + timedelta(minutes=34)
    assert index.waiting(Role.EXECUTIVE, lambda one: one.asks(Role.EXECUTIVE, late)) == []


def test_an_older_view_changes_nothing(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.show(view(version=2))
    incidents.show(view(version=1, decisions=(question(INCIDENT, 1, minutes=30),)))
    assert found(databases) == []


def test_a_closed_incident_asks_nothing(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.show(view(decisions=(question(INCIDENT, 1, minutes=30),)))
    questions = (question(INCIDENT, 1, minutes=30),)
    incidents.show(closed().model_copy(update={"decisions": questions}))
    assert found(databases) == []


def test_a_list_by_what_runs_out_first_has_what_has_no_clock_at_its_end(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.show(view())
    incidents.show(view(OTHER, next_deadline=NOW + timedelta(hours=1)))
    heads = incidents.heads(state=Listed.OPEN, due_first=True)
    assert [one.incident for one in heads] == [OTHER, INCIDENT]
    assert [one.incident for one in incidents.heads(among=[INCIDENT])] == [INCIDENT]


def test_questions_past_their_deadline_are_counted_by_incident_whoever_is_asked(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.show(view(decisions=(question(INCIDENT, 1, minutes=5), question(INCIDENT, 2, minutes=None))))
    incidents.show(view(OTHER, decisions=(question(OTHER, 1, minutes=40),)))
    asked_in_all = AskedQuestions(databases.register)
    assert asked_in_all.overdue(NOW + timedelta(minutes=4)) == {}
    assert asked_in_all.overdue(NOW + timedelta(minutes=6)) == {INCIDENT: 1}
