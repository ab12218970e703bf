"""The verifier on what people asked to have decided, and on questions that expired."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from andon.audit.timeline import known_at
from andon.audit.verify import verify
from andon.domain.decision import DecisionKind, Option
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from tests.audit.story import OTHER_SEED, TRUST, Story, whole_story
from tests.audit.unasked import OWNER, judged, propose

COUNSEL = (Option(id="retain", needs=((Role.LEGAL,),)), Option(id="do_not_retain", blocks=True))


def ask(story: Story, person: str = OWNER) -> None:
    request = story.ask(DecisionKind.EXTERNAL_COUNSEL, (Role.LEGAL,), COUNSEL)
    story.requests[request.id] = asked = request.model_copy(update={"requested_by": person})
    story.rewrite(len(story.entries) - 1, digests={"request": asked.digest()})


def test_a_proposal_and_the_question_it_led_to_hold() -> None:
    def tell(story: Story) -> None:
        propose(story)
        ask(story)
        story.answer("external_counsel-1", "lou.legal", Role.LEGAL, "retain")
        story.settle("external_counsel-1", "retain")

    report = judged(tell)
    assert report.holds, report


FORGED: dict[str, tuple[Callable[[Story], None], str, str]] = {
    "signed by a stranger's key": (lambda one: propose(one, seed=OTHER_SEED), "statements", "not trusted"),
    "in another's name": (
        lambda one: propose(one, actor="person:lena.lead"),
        "statements",
        "person: the entry says",
    ),
    "of another kind": (
        lambda one: propose(one, subject="public_statement"),
        "statements",
        "kind: the entry says",
    ),
    "about something else": (
        lambda one: propose(one, facts={"role": "legal"}),
        "statements",
        "role: the entry says",
    ),
    "without a statement": (lambda one: propose(one, digests={}), "statements", "which is not there"),
    "in a role that is not held": (
        lambda one: propose(one, person="enno.engineer"),
        "statements",
        "could not speak",
    ),
    "by somebody nobody knows": (lambda one: propose(one, person="nobody"), "statements", "could not speak"),
    "a question that nobody asked for": (ask, "judgement", "who never asked for it"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_proposal_is_found_and_named(name: str) -> None:
    tell, step, problem = FORGED[name]
    report = judged(tell)
    found = next(one for one in report.steps if one.title == step)
    assert any(problem in one.problem for one in found.findings), report


def test_an_expired_question_takes_no_more_answers() -> None:
    story = whole_story()
    story.entries.pop()
    story.ask(DecisionKind.EXTERNAL_COUNSEL, (Role.LEGAL,), COUNSEL)
    story.add(Kind.DECISION_EXPIRED, subject="external_counsel-1")
    assert verify(story.exported(), TRUST).holds
    assert known_at(story.entries, story.now()).questions == []
    story.answer("external_counsel-1", "lou.legal", Role.LEGAL, "retain")
    report = verify(story.exported(), TRUST)
    judgement = next(one for one in report.steps if one.title == "judgement")
    assert any("superseded" in one.problem for one in judgement.findings)


def test_what_was_not_opened_must_be_noted_as_it_was_signed() -> None:
    story = whole_story()
    number = story.find(Kind.RESPONSE_ACCEPTED)
    story.rewrite(number, facts={**story.entries[number].facts, "unopened": "evidence"})
    report = verify(story.exported(), TRUST)
    judgement = next(one for one in report.steps if one.title == "judgement")
    assert any("as not opened" in one.problem for one in judgement.findings)


def test_the_timeline_knows_lead_severity_and_clocks() -> None:
    story = whole_story()
    story.add(Kind.SEVERITY_LOWERED, before="high", after="low")
    story.add(Kind.LEAD_NAMED, before="omar.owner", after="lena.lead")
    story.add(Kind.STAGE_OVERDUE, subject="contain")
    story.add(Kind.DEADLINE_BREACHED, subject="triage-1")
    story.add(Kind.BREACH_WITHDRAWN, subject="triage-1")
    known = known_at(story.entries, story.now())
    assert (known.severity, known.lead) == ("low", "lena.lead")
    assert (known.overdue, known.breached) == (["contain"], [])
