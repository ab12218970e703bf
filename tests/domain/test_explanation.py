"""What users of an AI system are told is made of codes, times and roles, and holds no names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.containment import Hold, Verb
from andon.domain.decision import Accepted, DecisionKind, DecisionRecord, DecisionRequest
from andon.domain.directory import Role
from andon.domain.explanation import draft, explainable, explained_of, notice_of
from andon.domain.gate import Gate
from andon.domain.incident import Ending, IncidentView
from andon.domain.system import AISystem, LeverEntry, Tier
from andon.domain.use import Use, UseDecided, decided_use, use_now
from tests.register.cases import INCIDENT, NOW, view

DESK = AISystem(
    id="refund_desk",
    name="Refund desk",
    tier=Tier.LOW,
    owner="bela",
    levers=(LeverEntry(verb=Verb.PAUSE_SYSTEM),),
)


def hold(lever: str = "refund_desk.allowed") -> Hold:
    return Hold(
        order=f"{INCIDENT}/order/1",
        incident=INCIDENT,
        lever=lever,
        limit=0,
        reason="privacy_event",
        contact="bela",
        since=NOW,
        expires_at=NOW + timedelta(days=1),
    )


def decided(kind: DecisionKind, outcome: str, *roles: str, **findings: str) -> DecisionRecord:
    request = DecisionRequest(
        id=f"{kind}-1",
        incident=INCIDENT,
        kind=kind,
        opened_at=NOW,
        deadline=None,
        eligible=(),
        options=(),
        policy="b" * 64,
    )
    accepted = tuple(
        Accepted(
            person=f"p-{role}",
            role=Role(role),
            option=outcome,
            findings=findings,
            received_at=NOW,
            late=False,
            nonce="n",
            statement="c" * 64,
        )
        for role in roles
    )
    at = datetime(2026, 3, 3, 14, 5, tzinfo=UTC)
    return DecisionRecord(request=request, accepted=accepted, outcome=outcome, closed_at=at)


def restarted(**changes: Any) -> IncidentView:
    made = Change(
        id="change-1",
        type=ChangeType.PROMPT,
        owner="eva",
        due=NOW,
        link="a" * 64,
        said_in="remediation-1",
        fixes=True,
        state=ChangeState.DONE,
    )
    given = {
        "watch_until": NOW + timedelta(days=2),
        "gate": Gate(open=True),
        "changes": {"change-1": made},
        "decisions": (decided(DecisionKind.RESTART, "restart", "business_owner", "legal"),),
    }
    return view(**{**given, **changes})


@pytest.mark.parametrize(
    ("ending", "said", "use"),
    [
        (Ending.NOT_RESTARTED, "retired", Use.RETIRED),
        (Ending.NOT_RESTARTED, "narrowed", Use.NARROWED),
        (Ending.NOT_RESTARTED, None, Use.NOT_RESTARTED),
        (Ending.NOT_RESTARTED, "running", Use.NOT_RESTARTED),
        (Ending.RESTARTED, "retired", Use.RUNNING),
        (Ending.FALSE_POSITIVE, None, None),
        (Ending.MERGED, "retired", None),
        (None, "retired", None),
    ],
)
def test_an_ending_decides_the_use_of_the_ai_system_or_says_nothing_of_it(
    ending: Ending | None, said: str | None, use: Use | None
) -> None:
    assert decided_use(ending, said) is use


def test_use_goes_by_the_decision_first_and_by_what_is_held_then() -> None:
    retired = UseDecided(system="refund_desk", incident=INCIDENT, use=Use.RETIRED, since=NOW)
    assert use_now(DESK, [], None).use is Use.RUNNING
    assert use_now(DESK, [hold()], None).use is Use.STOPPED
    assert use_now(DESK, [hold("refund_desk.unreviewed.allowed")], None).use is Use.LIMITED
    assert use_now(DESK, [hold()], retired).use is Use.RETIRED
    assert use_now(DESK, [hold()], retired.model_copy(update={"use": Use.RUNNING})).use is Use.STOPPED


def test_while_it_is_stopped_users_are_told_why_and_what_to_do_instead() -> None:
    told = notice_of(
        "refund_desk",
        "Refund desk",
        use_now(DESK, [hold()], None),
        ["privacy_event"],
        instead="Write by hand.",
    )
    assert told.says[0] == "It is stopped."
    assert "personal data may have been shown to others" in told.says[1]
    assert (told.instead, told.since, told.explanation) == ("Write by hand.", NOW, None)


def test_what_runs_as_usual_needs_nothing_instead() -> None:
    told = notice_of("refund_desk", "Refund desk", use_now(DESK, [], None), [], instead="Write by hand.")
    assert (told.says, told.instead) == (("It is in use as usual.",), "")


def test_a_draft_says_what_was_wrong_what_was_changed_and_who_allowed_it_by_role() -> None:
    told = draft(restarted(), "Refund desk", "unauthorised_tool_action")
    assert "it may have done something it was not allowed to do" in told
    assert "its instructions" in told
    assert "by its business owner and the legal department" in told
    assert "watched more closely until 4 March 2026, 09:30 UTC" in told
    assert not {"bela", "eva", "p-legal"} & set(told.replace(".", " ").split())


def test_a_relapse_leaves_nothing_to_explain_and_makes_what_was_published_past() -> None:
    published = {"text": "TXT-1", "digest": "a" * 64, "at": NOW.isoformat(), "relapses": 0}
    before = restarted(rest={"explained": published})
    assert explainable(before)
    assert explained_of(before) is not None
    after = before.model_copy(update={"relapses": 1, "watch_until": None})
    assert not explainable(after)
    assert explained_of(after) is None


def test_a_decision_not_to_restart_can_be_explained_too() -> None:
    ended = view(
        decisions=(decided(DecisionKind.REMEDIATION, "not_restarting", "business_owner", ending="retired"),)
    )
    assert explainable(ended)
    assert "It is retired" in draft(ended, "Refund desk", None)
