"""Checks on people's answers: the signed statements, and the rule that let each one count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.signatures import must_agree, named, signed
from andon.audit.trust import Keys
from andon.domain.decision import Accepted, DecisionRequest, settle
from andon.domain.directory import Standing, standing_at
from andon.domain.ledger import Entry, Kind
from andon.domain.response import Statement, judge, read_statement, unopened
from andon.domain.values import NOTHING_YET

Answers = dict[int, Statement]
"""Sequence of a `response_accepted` entry -> the statement it rests on, if its signature holds."""


VOIDING: Final = frozenset({Kind.DECISION_SUPERSEDED, Kind.DECISION_EXPIRED})
"""After either, a question takes no more answers; it may be put anew."""


@dataclass
class Asked:
    """A question, and what the chain says became of it."""

    request: DecisionRequest
    accepted: list[Accepted] = field(default_factory=list)
    outcome: str | None = None
    superseded: bool = False


def check_statements(step: Step, opened: Opened, trust: Keys) -> Answers:
    """Every accepted answer has its statement, signed by a trusted key, saying what the entry says."""
    answers: Answers = {}
    nonces: set[str] = set()
    for entry in _of_kind(opened.entries, Kind.RESPONSE_ACCEPTED):
        step.checked += 1
        statement = signed(step, entry, opened, trust, read_statement)
        if statement is None:
            continue
        answers[entry.sequence] = statement
        _says_the_same(step, entry, statement)
        if statement.nonce in nonces:
            step.broken(named(entry), "counts a statement a second time")
        nonces.add(statement.nonce)
    return answers


def check_judgement(step: Step, opened: Opened, answers: Answers) -> dict[str, Asked]:
    """Every accepted answer passes `judge` once more, and together they settle what was settled.

    Returns:
        The questions by id, as the chain leaves them.
    """
    asked: dict[str, Asked] = {}
    for entry in opened.entries:
        if entry.kind == Kind.DECISION_OPENED:
            _put(step, entry, opened, asked)
        elif entry.kind in VOIDING and entry.subject in asked:
            asked[entry.subject].superseded = True
        elif entry.kind == Kind.RESPONSE_ACCEPTED:
            _judge_again(step, entry, opened, answers, asked)
        elif entry.kind == Kind.DECISION_SETTLED:
            _settle_again(step, entry, asked)
    for name, question in asked.items():
        settled = settle(question.request, question.accepted)
        if settled != question.outcome and question.outcome is None:
            step.broken(name, f"its answers settle on {settled}, but no entry says so")
    return asked


def _says_the_same(step: Step, entry: Entry, statement: Statement) -> None:
    pairs = (
        ("incident", entry.incident, statement.incident),
        ("decision", entry.subject, statement.decision),
        ("person", entry.actor, f"person:{statement.person}"),
        ("option", entry.after, statement.option),
        ("role", entry.facts.get("role"), statement.role.value),
        ("reason", entry.reason, statement.reason),
        ("time of receipt", entry.facts.get("received_at"), statement.received_at.isoformat()),
    )
    must_agree(step, entry, pairs)


def _put(step: Step, entry: Entry, opened: Opened, asked: dict[str, Asked]) -> None:
    digest = entry.digests.get("request", "")
    request = opened.requests.get(digest)
    if request is None:
        step.must(False, named(entry), f"question {digest[:16] or '(none)'} is not there")
        return
    fits = request.id == entry.subject and request.incident == entry.incident
    step.must(fits, named(entry), f"opens {entry.subject}, but its question is {request.id}")
    step.must(entry.subject not in asked, named(entry), f"{entry.subject} was put before")
    asked[entry.subject] = Asked(request)


def _judge_again(step: Step, entry: Entry, opened: Opened, answers: Answers, asked: dict[str, Asked]) -> None:
    statement = answers.get(entry.sequence)
    question = asked.get(entry.subject)
    if statement is None or question is None:
        why = "its statement does not hold" if statement is None else f"{entry.subject} was never put"
        step.must(False, named(entry), f"can't be judged again: {why}")
        return
    verdict = judge(
        statement,
        question.request,
        _standing(step, entry, statement, opened),
        accepted=question.accepted,
        decided=question.outcome is not None,
        superseded=question.superseded,
    )
    step.must(
        verdict.accepted, named(entry), f"counts, but the rule refuses it: {verdict.refusal or 'accepted'}"
    )
    unseen = ",".join(unopened(statement, question.request))
    noted = entry.facts.get("unopened", "")
    step.must(
        noted == unseen,
        named(entry),
        f"notes {noted or 'nothing'} as not opened; it is {unseen or 'nothing'}",
    )
    late = entry.facts.get("late")
    step.must(late == verdict.late, named(entry), f"says late={late}, by the clock it is {verdict.late}")
    question.accepted.append(statement.accepted(entry.digests["statement"], late=verdict.late))


def _standing(step: Step, entry: Entry, statement: Statement, opened: Opened) -> Standing:
    digest = entry.digests.get("directory", NOTHING_YET)
    directory = opened.directories.get(digest)
    if directory is not None:
        return standing_at(directory, statement.person, statement.received_at)
    step.note("without the directory of that time, people's roles are taken as they were signed")
    return statement.standing


def _settle_again(step: Step, entry: Entry, asked: dict[str, Asked]) -> None:
    question = asked.get(entry.subject)
    if question is None:
        step.must(False, named(entry), f"settles {entry.subject}, which was never put")
        return
    settled = settle(question.request, question.accepted)
    step.must(
        settled == entry.after,
        named(entry),
        f"settles {entry.subject} on {entry.after}; its answers settle on {settled or 'nothing'}",
    )
    question.outcome = entry.after


def _of_kind(entries: Sequence[Entry], kind: Kind) -> list[Entry]:
    return [entry for entry in entries if entry.kind == kind]
