"""Every kind of decision, at every severity, for every role, in every relation to the incident.

What is expected of a cell is worked out here, from the text of `rights.yaml` (who is asked) and the
tables below (what the relation makes of it), and never by the rules under test.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import TypeAdapter

from andon.domain.decision import Accepted, DecisionKind, DecisionRequest
from andon.domain.directory import Absence, Directory, Person, Role, Standing, standing_at
from andon.domain.personal_keys import PersonalSignature, ssh_key
from andon.domain.proposal import Proposal, judge_proposal
from andon.domain.response import Refusal, Statement, judge
from andon.domain.severity import Band
from andon.domain.sshsig import public_line, sign_sshsig
from andon.domain.values import NOTHING_YET
from tests.answers import fitting
from tests.domain.shipped_rights import INCIDENT, NOON, RIGHTS, plan, question

SECOND = timedelta(seconds=1)
FOREVER = Absence(since=NOON - timedelta(days=1), until=NOON + timedelta(days=90))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_line(KEY.public_key())
NO_DUTY = {Role.DETECTOR, Role.REPORTER, Role.CUSTODIAN, Role.AUDITOR, Role.ADMIN}
"""Roles nobody can answer in for somebody else."""

K = DecisionKind
FIXER_IS_OUT = {K.RESTART, K.EXECUTIVE_OVERRIDE, K.GATE_EXCEPTION, K.THRESHOLD_CHANGE}
REQUESTER_IS_OUT = {
    K.CUSTOMER_NOTIFICATION,
    K.PUBLIC_STATEMENT,
    K.EXTERNAL_COUNSEL,
    K.NOTIFY_REGULATOR,
    K.SHUTDOWN_REVENUE_FEATURE,
    K.EXECUTIVE_OVERRIDE,
    K.GATE_EXCEPTION,
    K.THRESHOLD_CHANGE,
    K.RAW_EVIDENCE,
    K.CLOCK_EXTENSION,
}
SECOND_PERSON_FROM_HIGH = {K.SEVERITY_DOWNGRADE}
SILENCE = {
    K.TRIAGE: timedelta(minutes=10),
    K.LEGAL_REVIEW: timedelta(minutes=20),
    K.CUSTOMER_NOTIFICATION: timedelta(hours=1),
    K.SHUTDOWN_REVENUE_FEATURE: timedelta(minutes=15),
}
EXPIRES = {
    K.RESTART: timedelta(days=1),
    K.PUBLIC_STATEMENT: timedelta(days=14),
    K.EXTERNAL_COUNSEL: timedelta(days=14),
    K.NOTIFY_REGULATOR: timedelta(days=14),
    K.SHUTDOWN_REVENUE_FEATURE: timedelta(days=7),
    K.EXECUTIVE_OVERRIDE: timedelta(days=3),
    K.GATE_EXCEPTION: timedelta(days=3),
    K.THRESHOLD_CHANGE: timedelta(days=3),
    K.SEVERITY_DOWNGRADE: timedelta(days=2),
    K.RAW_EVIDENCE: timedelta(days=7),
    K.LEAD_TRANSFER: timedelta(days=7),
    K.CLOCK_EXTENSION: timedelta(days=1),
}
FROM_HIGH = {Band.HIGH, Band.CRITICAL}

BEFORE_RIGHTS = {
    "unknown": Refusal.UNKNOWN_PERSON,
    "suspended": Refusal.SUSPENDED,
    "shared account": Refusal.SHARED_ACCOUNT,
    "wrong incident": Refusal.WRONG_INCIDENT,
    "question asked anew": Refusal.SUPERSEDED,
    "other question": Refusal.SUPERSEDED,
    "other evidence": Refusal.BINDING,
    "other policy": Refusal.BINDING,
    "role not held": Refusal.ROLE_NOT_HELD,
}
"""Relations in which it makes no difference whether the role is asked."""

AFTER_RIGHTS = {
    "key revoked": Refusal.KEY_NOT_IN_FORCE,
    "other bytes signed": Refusal.PERSONAL_SIGNATURE,
    "no signature where one is due": Refusal.SIGNATURE_REQUIRED,
    "before the question": Refusal.BEFORE_THE_QUESTION,
}
"""Relations that refuse an answer by somebody who is asked."""

RELATIONS = (
    "none",
    "own key",
    "fixer",
    "requester",
    *BEFORE_RIGHTS,
    *AFTER_RIGHTS,
    "delegate of the absent",
    "delegate before the silence",
    "delegate after the silence",
    "at the deadline",
    "late",
    "expired",
)


class Expected(NamedTuple):
    """What becomes of an answer."""

    refusal: Refusal | None
    late: bool = False


@cache
def standing(role: Role, relation: str, at: datetime) -> Standing:
    """What a directory made for this cell says of the person who answers."""
    key = ssh_key(PUBLIC)
    lent = relation.startswith("delegate")
    ana = Person(
        id=relation if relation in ("fixer", "requester") else "ana",
        name="Ana",
        roles=() if lent or relation == "role not held" else (role,),
        shared=relation == "shared account",
        suspended_from=NOON - SECOND if relation == "suspended" else None,
        keys=(key.model_copy(update={"revoked_from": NOON - SECOND} if relation == "key revoked" else {}),),
    )
    away = (FOREVER,) if relation == "delegate of the absent" else ()
    holder = Person(
        id="holder", name="Holder", roles=(role,), delegates=(ana.id,) if lent else (), absences=away
    )
    known = (holder,) if relation == "unknown" else (ana, holder)
    return standing_at(Directory(people=known), ana.id, at)


def received_at(relation: str, request: DecisionRequest) -> datetime:
    deadline = request.deadline or NOON + timedelta(hours=1)
    silence = SILENCE.get(request.kind, timedelta(minutes=5))
    return {
        "before the question": NOON - SECOND,
        "delegate before the silence": NOON + silence - SECOND,
        "delegate after the silence": NOON + silence,
        "at the deadline": deadline,
        "late": deadline + SECOND,
        "expired": NOON + EXPIRES.get(request.kind, timedelta(days=80)) + SECOND,
    }.get(relation, NOON + SECOND)


def statement(request: DecisionRequest, role: Role, relation: str, at: datetime) -> Statement:
    found = standing(role, relation, at)
    fields: dict[str, Any] = {
        "incident": request.incident,
        "decision": request.id,
        "request": request.digest(),
        "option": request.options[0].id,
        "findings": fitting(request.options[0].wants, request.findings, at),
        "reason": NOTHING_YET,
        "reason_text": "text-1",
        "binding": request.binding,
        "policy": request.policy,
        "shown": NOTHING_YET,
        "person": found.person,
        "role": role,
        "nonce": "n" * 16,
        "standing": found,
        "received_at": at,
    }
    changed: dict[str, dict[str, Any]] = {
        "wrong incident": {"incident": "INC-20260302-zzzzzz"},
        "other question": {"request": "f" * 64},
        "other evidence": {"binding": request.binding.model_copy(update={"evidence_root": "f" * 64})},
        "other policy": {"policy": "f" * 64},
    }
    said = Statement(**{**fields, **changed.get(relation, {})})
    if relation in ("own key", "key revoked", "other bytes signed"):
        signed = said.said() + (b" " if relation == "other bytes signed" else b"")
        signature = PersonalSignature(key=ssh_key(PUBLIC).id, kind="ssh", signature=sign_sshsig(signed, KEY))
        said = said.model_copy(update={"signature": signature})
    return said


def is_asked(request: DecisionRequest, role: Role, at: datetime) -> bool:
    """Whether the text of the rights asks a role, or a rung of the ladder has come to it."""
    right = RIGHTS[request.kind.value]
    if role.value in right["eligible"]:
        return True
    rungs = (
        TypeAdapter(timedelta).validate_python(rung["after"])
        for rung in right.get("ladder", ())
        if rung["role"] == role.value
    )
    return request.deadline is not None and any(at >= request.deadline + after for after in rungs)


def expected(request: DecisionRequest, band: Band, role: Role, relation: str, at: datetime) -> Expected:
    kind = request.kind
    if relation in BEFORE_RIGHTS:
        return Expected(BEFORE_RIGHTS[relation])
    silent = relation == "delegate after the silence" and kind in SILENCE
    if relation.startswith("delegate") and (
        role in NO_DUTY or not (silent or relation == "delegate of the absent")
    ):
        return Expected(Refusal.ROLE_NOT_HELD)
    second = kind in SECOND_PERSON_FROM_HIGH and band in FROM_HIGH
    if relation == "fixer" and kind in FIXER_IS_OUT:
        return Expected(Refusal.EXCLUDED)
    if relation == "requester" and (kind in REQUESTER_IS_OUT or second):
        return Expected(Refusal.EXCLUDED)
    if not is_asked(request, role, at):
        return Expected(Refusal.WRONG_ROLE)
    if relation in AFTER_RIGHTS:
        return Expected(AFTER_RIGHTS[relation])
    if relation == "expired" and kind in EXPIRES:
        return Expected(Refusal.EXPIRED)
    return Expected(None, late=relation in ("late", "expired") and request.deadline is not None)


@pytest.mark.parametrize("kind", list(DecisionKind))
def test_each_answer_is_judged_as_the_rights_say(kind: DecisionKind) -> None:
    wrong, cells, taken = [], 0, 0
    for band, role, relation in itertools.product(Band, Role, RELATIONS):
        request = question(kind, band)
        if relation == "no signature where one is due":
            request = request.model_copy(update={"signing": "personal"})
        at = received_at(relation, request)
        said = statement(request, role, relation, at)
        verdict = judge(said, request, said.standing, superseded=relation == "question asked anew")
        found, wanted = Expected(verdict.refusal, verdict.late), expected(request, band, role, relation, at)
        cells, taken = cells + 1, taken + (found.refusal is None)
        if found != wanted:
            wrong.append((band.value, role.value, relation, found, wanted))
    counts = f"{kind}: {cells} cells, {taken} accepted, {len(wrong)} wrong"
    print(counts)
    assert cells == len(Band) * len(Role) * len(RELATIONS), counts
    assert taken, counts
    assert not wrong, f"{counts}: {wrong[:5]}"


PROPOSED = (
    "none",
    "suspended",
    "shared account",
    "unknown",
    "delegate of the absent",
    "wrong incident",
    "other policy",
    "asked already",
    "no codes",
    "strange codes",
)
CODES = {
    K.GATE_EXCEPTION: {"hours": "24"},
    K.THRESHOLD_CHANGE: {"pin": "0123456789abcdef"},
    K.SEVERITY_DOWNGRADE: {"severity": "low"},
    K.LEAD_TRANSFER: {"to": "ana"},
    K.CLOCK_EXTENSION: {"decision": "triage-1", "hours": "4"},
    K.RAW_EVIDENCE: {"items": "0123456789ab,ba9876543210"},
}


def proposal(kind: DecisionKind, role: Role, relation: str) -> Proposal:
    found = standing(role, relation, NOON)
    about = CODES.get(kind, {})
    return Proposal(
        incident="INC-20260302-zzzzzz" if relation == "wrong incident" else INCIDENT,
        kind=kind,
        about={"no codes": {}, "strange codes": {**about, "mood": "good"}}.get(relation, about),
        reason=NOTHING_YET,
        reason_text="text-1",
        policy="f" * 64 if relation == "other policy" else NOTHING_YET,
        person=found.person,
        role=role,
        standing=found,
        nonce="n" * 16,
        received_at=NOON,
    )


def expected_proposal(kind: DecisionKind, band: Band, role: Role, relation: str) -> Refusal | None:
    asked_by = RIGHTS[kind.value].get("asked_by", ())
    wanted: Sequence[tuple[Refusal, bool]] = (
        (Refusal.WRONG_INCIDENT, relation == "wrong incident"),
        (Refusal.BINDING, relation == "other policy"),
        (Refusal.UNKNOWN_PERSON, relation == "unknown"),
        (Refusal.SUSPENDED, relation == "suspended"),
        (Refusal.SHARED_ACCOUNT, relation == "shared account"),
        (Refusal.ROLE_NOT_HELD, relation == "delegate of the absent"),
        (Refusal.NOT_FOR_THE_ASKING, not asked_by),
        (Refusal.WRONG_ROLE, role.value not in asked_by),
        (Refusal.ABOUT, relation == "strange codes" or (relation == "no codes" and kind in CODES)),
        (Refusal.ABOUT, kind is K.SEVERITY_DOWNGRADE and band is Band.LOW),
        (Refusal.ALREADY_ASKED, relation == "asked already"),
    )
    return next((refusal for refusal, holds in wanted if holds), None)


@pytest.mark.parametrize("kind", list(DecisionKind))
def test_each_proposal_is_judged_as_the_rights_say(kind: DecisionKind) -> None:
    wrong, cells, taken = [], 0, 0
    for band, role, relation in itertools.product(Band, Role, PROPOSED):
        said = proposal(kind, role, relation)
        found = judge_proposal(
            said,
            plan().rights.get(kind),
            said.standing,
            incident=INCIDENT,
            policy=NOTHING_YET,
            severity=band,
            already_asked=relation == "asked already",
        )
        wanted = expected_proposal(kind, band, role, relation)
        cells, taken = cells + 1, taken + (found is None)
        if found != wanted:
            wrong.append((band.value, role.value, relation, found, wanted))
    counts = f"{kind}: {cells} cells, {taken} put, {len(wrong)} wrong"
    print(counts)
    assert bool(taken) == bool(RIGHTS[kind.value].get("asked_by")), counts
    assert not wrong, f"{counts}: {wrong[:5]}"


def test_a_second_answer_of_one_person_is_refused_whatever_role_and_key_it_comes_with() -> None:
    for kind, band in itertools.product(DecisionKind, Band):
        request = question(kind, band)
        first, *others = (Role(name) for name in RIGHTS[kind.value]["eligible"])
        before = [
            Accepted(
                person="ana",
                role=first,
                option=request.options[0].id,
                received_at=NOON,
                late=False,
                nonce="m" * 16,
                statement=NOTHING_YET,
            )
        ]
        for role, relation in itertools.product((first, *others), ("none", "own key")):
            said = statement(request, role, relation, NOON + SECOND)
            assert judge(said, request, said.standing, accepted=before).refusal is Refusal.TWICE
