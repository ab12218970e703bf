"""The one rule on declarations, and what a policy may say of them, of tasks and of who leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import playbooks
from andon.domain.declaration import Declaration, DeclarationRight, Declared, judge_declaration
from andon.domain.directory import (
    APPROVING_ROLES,
    Absence,
    Directory,
    Person,
    Role,
    Rotation,
    Standing,
    standing_at,
)
from andon.domain.errors import InvalidInputError
from andon.domain.escalation import FOLLOW_UPS
from andon.domain.playbook import Playbook
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.task import Shown, wanted
from playbooks.shipped import SHIPPED
from tests.domain.shipped_rights import plan

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
INCIDENT, POLICY = "INC-20260302-aaaaaa", "a" * 64
SHELF = playbooks.load()


def person(role: Role, **fields: Any) -> Person:
    return Person(**{"id": f"p-{role}", "name": "x", "roles": (role,), **fields})


EVERYBODY = Directory(people=tuple(person(role) for role in Role))


def stated(kind: Declared, role: Role, directory: Directory = EVERYBODY, **changes: Any) -> Declaration:
    fields: dict[str, Any] = {
        "incident": INCIDENT,
        "kind": kind,
        "reason": "b" * 64,
        "reason_text": "TXT-1",
        "policy": POLICY,
        "person": f"p-{role}",
        "role": role,
        "nonce": "nonce-0123456789",
        "received_at": AT,
    }
    fields |= changes
    return Declaration(standing=standing_at(directory, fields["person"], AT), **fields)


def judged(declaration: Declaration, right: DeclarationRight | None, **changes: Any) -> str | None:
    standing: Standing = changes.pop("standing", declaration.standing)
    return judge_declaration(
        declaration,
        right,
        standing,
        incident=INCIDENT,
        policy=POLICY,
        replayed=changes.get("replayed", False),
    )


GOOD: dict[Declared, dict[str, str]] = {
    Declared.ACKNOWLEDGED: {},
    Declared.TASK: {"task": "look_back-1", "state": "done"},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", GOOD)
def test_each_role_states_exactly_what_the_shipped_policy_gives_it(kind: Declared, role: Role) -> None:
    right = SHELF.rights.declarations[kind]
    expected = None if role in right.by else "wrong_role"
    assert judged(stated(kind, role, about=GOOD[kind]), right) == expected


RIGHT = DeclarationRight(by=(Role.LEGAL,), about={"state": ("done", "cannot"), "task": ()})
OPEN = DeclarationRight(by=(Role.LEGAL,), about={"which": ()}, further=True)
DONE = {"task": "a-1", "state": "done"}


@pytest.mark.parametrize(
    ("right", "about", "expected"),
    [
        (RIGHT, DONE, None),
        (RIGHT, {"task": "a-1"}, "about"),
        (RIGHT, {**DONE, "state": "nearly"}, "about"),
        (RIGHT, {**DONE, "more": "yes"}, "about"),
        (RIGHT, {}, "about"),
        (OPEN, {"which": "a", "more": "yes"}, None),
        (OPEN, {"which": "a"}, "about"),
        (OPEN, {"more": "yes"}, "about"),
        (OPEN, {"which": "a", "role": "legal"}, "about"),
        (None, {}, "not_declarable"),
    ],
)
def test_it_gives_every_code_its_kind_takes_and_no_other(
    right: DeclarationRight | None, about: dict[str, str], expected: str | None
) -> None:
    assert judged(stated(Declared.TASK, Role.LEGAL, about=about), right) == expected


def test_what_counts_is_judged_in_a_fixed_order() -> None:
    ok = stated(Declared.TASK, Role.LEGAL, about=DONE)
    standing = ok.standing
    for changes, expected in (
        ({"replayed": True}, "replayed"),
        ({"standing": standing.model_copy(update={"known": False})}, "unknown_person"),
        ({"standing": standing.model_copy(update={"person": "p-hr"})}, "unknown_person"),
        ({"standing": standing.model_copy(update={"suspended": True})}, "suspended"),
        ({"standing": standing.model_copy(update={"shared": True})}, "shared_account"),
        ({"standing": standing.model_copy(update={"roles": ()})}, "role_not_held"),
    ):
        assert judged(ok, RIGHT, **changes) == expected
    assert judged(ok.model_copy(update={"incident": "INC-20260302-bbbbbb"}), RIGHT) == "wrong_incident"
    assert judged(ok.model_copy(update={"policy": "c" * 64}), RIGHT) == "binding"


def test_whoever_stands_in_speaks_in_the_role_only_while_its_holder_is_away() -> None:
    away = (Absence(since=AT - timedelta(hours=1), until=AT + timedelta(hours=1)),)
    for absences, expected in ((away, None), ((), "role_not_held")):
        holder = person(Role.LEGAL, absences=absences, delegates=("p-privacy",))
        directory = Directory(people=(holder, person(Role.PRIVACY)))
        declaration = stated(Declared.TASK, Role.LEGAL, directory, person="p-privacy", about=DONE)
        assert judged(declaration, RIGHT) == expected


@pytest.mark.parametrize("text", ["two words", "", "x" * 81, "naïve", "a\nb"])
def test_no_sentence_fits_where_a_code_belongs(text: str) -> None:
    with pytest.raises(ValidationError):
        stated(Declared.TASK, Role.LEGAL, about={"task": text, "state": "done"})


def test_every_shipped_task_can_be_closed_and_every_follow_up_is_somebodys() -> None:
    rules, words = SHELF.rights.tasks, SHELF.rights.task_wording
    closing = SHELF.rights.declarations[Declared.TASK]
    assert set(rules) == set(words)
    assert {rule.role for rule in rules.values()} <= set(closing.by) <= APPROVING_ROLES
    assert {rule.follows for rule in rules.values() if rule.follows} == FOLLOW_UPS
    for code, rule in rules.items():
        assert rule.closes_with is not None or not rule.follows or set(rule.within) == set(Band), code


def test_security_legal_operations_and_engineering_have_their_tasks_with_what_they_need() -> None:
    words = SHELF.rights.task_wording
    shown = {
        role: {
            one for code, rule in SHELF.rights.tasks.items() if rule.role is role for one in words[code].shows
        }
        for role in (Role.SECURITY, Role.LEGAL, Role.OPERATIONS, Role.ENGINEER)
    }
    assert Shown.LOGS in shown[Role.SECURITY]
    assert {Shown.TIMES, Shown.DATA} <= shown[Role.LEGAL]
    assert {Shown.CONTAINMENT, Shown.FALLBACK} <= shown[Role.OPERATIONS]
    assert Shown.REPRODUCTION in shown[Role.ENGINEER]


def test_a_stage_gives_its_own_tasks_and_a_follow_up_only_what_carries_it_out() -> None:
    rules = SHELF.rights.tasks
    for stage in Stage:
        for band in Band:
            given = wanted(rules, band, stage=stage)
            assert all(rule.stage is stage and not rule.follows for rule in given.values())
    assert list(wanted(rules, Band.LOW, follows=("look_back",))) == ["look_back"]
    assert wanted(rules, Band.LOW, follows=()) == {}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{role: responder, stage: triage", "{role: hr, stage: triage", "may not close it"),
        ("{role: responder, stage: triage", "{role: auditor, stage: triage", "does no work in an incident"),
        ("follows: look_back,", "follows: look_ahead,", "is no follow-up"),
        ("  look_at_the_report:", "  Look-At:", "a code is small letters"),
        ("    about: {task: [], state: [done, cannot]}", "    about: {task: []}", "declarations.task"),
        (
            "  acknowledged: {by: [business_owner]}",
            "  acknowledged: {by: []}",
            "declarations.acknowledged.by",
        ),
        ("  acknowledged: {by: [business_owner]}", "  praised: {by: [business_owner]}", "declarations"),
    ],
)
def test_a_policy_that_does_not_hold_together_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = (SHIPPED / "rights.yaml").read_text()
    assert old in text
    (tmp_path / "rights.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(InvalidInputError, match=r"rights\.yaml") as refused:
        playbooks.load(tmp_path)
    assert told in str(refused.value)


OWNER = "bela"
LEAD_ROTA = (Rotation(role=Role.SECURITY, members=("zoe", "adam"), first_day=AT.date()),)


def led(people: tuple[Person, ...], role: Role | None) -> str | None:
    rota = LEAD_ROTA if {"zoe", "adam"} <= {one.id for one in people} else ()
    return plan().led_by(Directory(people=people, rotations=rota), role, AT + timedelta(hours=1)).leads


def test_the_owner_leads_unless_the_playbook_names_a_role_and_somebody_there_holds_it() -> None:
    bela = Person(id=OWNER, name="Bela", roles=(Role.BUSINESS_OWNER,))
    adam, zoe = (Person(id=name, name=name, roles=(Role.SECURITY,)) for name in ("adam", "zoe"))
    ines = Person(id="ines", name="Ines", roles=(Role.INCIDENT_LEAD,))
    gone = {"suspended_from": AT - timedelta(days=1)}
    away = {"absences": (Absence(since=AT, until=AT + timedelta(days=1)),)}
    assert led((bela, adam, zoe, ines), None) == OWNER
    assert led((bela, adam, zoe, ines), Role.SECURITY) == "zoe"
    assert led((bela, adam, zoe.model_copy(update=away), ines), Role.SECURITY) == "adam"
    assert led((bela, adam.model_copy(update=gone)), Role.SECURITY) == OWNER
    assert led((bela.model_copy(update=away), ines), None) == OWNER
    assert led((bela.model_copy(update=gone), ines), None) == "ines"
    assert led((bela.model_copy(update=gone), ines.model_copy(update=away)), None) is None
    assert led((adam, zoe), None) is None


def test_a_playbook_names_a_role_that_may_lead() -> None:
    playbook = SHELF.playbooks["general"]
    for role in Role:
        fields = {**playbook.model_dump(), "lead": role}
        if role in APPROVING_ROLES:
            assert Playbook.model_validate(fields).lead is role
        else:
            with pytest.raises(ValidationError, match="may not lead an incident"):
                Playbook.model_validate(fields)
