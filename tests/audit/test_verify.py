"""The verifier names whatever was altered in an incident, and nothing in one that was not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.audit.chain import LockedCopies, LockedObject
from andon.audit.findings import Outcome
from andon.audit.verify import Beside, Name, verify
from andon.domain.decision import DecisionKind, Option
from andon.domain.directory import Role
from andon.domain.ledger import Chain, Head, Kind
from andon.domain.signing import sign
from andon.domain.values import sha256
from tests.audit.story import (
    INCIDENT,
    OTHER_SEED,
    PEOPLE,
    SEED,
    START,
    TRUST,
    Story,
    line,
    locked_copies,
    named,
    step_of,
    trust_in,
    whole_story,
)

WHOLE = whole_story()
EXPORTED = WHOLE.exported()
LENGTH = len(WHOLE.entries)


ONLY_IN_A_BUNDLE = {
    *(Name.PACKAGE, Name.CHECKPOINT, Name.STAMP, Name.CONSISTENCY, Name.HISTORIES, Name.REPLAY),
}


def test_an_untouched_incident_holds_in_every_step() -> None:
    report = verify(EXPORTED, TRUST, Beside(locked=locked_copies(WHOLE)))
    assert named(report) == {}
    assert {step.title for step in report.steps if step.outcome is not Outcome.HOLDS} == ONLY_IN_A_BUNDLE
    assert report.head == WHOLE.head().digest


def test_what_could_not_be_looked_at_is_said() -> None:
    report = verify(replace(EXPORTED, heads={}, directories={}), TRUST)
    assert report.holds
    noted = {step.title for step in report.steps if step.notes} - ONLY_IN_A_BUNDLE
    assert noted == {Name.HEAD, Name.LOCKED, Name.JUDGEMENT, Name.EVIDENCE}
    for name in (Name.HEAD, Name.LOCKED):
        assert step_of(report, name).outcome is Outcome.NOT_CHECKED


FIELDS = {
    "incident": "INC-20261121-zzz999",
    "chain": Chain.ACCESS,
    "sequence": 700,
    "at": START + timedelta(seconds=1),
    "actor": "person:omar.owner",
    "kind": "notice_sent",
    "subject": "restart-1",
    "before": "x",
    "after": "false_positive",
    "reason": sha256(b"another reason"),
    "digests": {"statement": sha256(b"another statement")},
    "facts": {"role": "legal"},
    "previous": sha256(b"another entry"),
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("number", [0, 8, len(WHOLE.entries) - 1])
def test_a_changed_field_of_an_entry_is_found_and_the_entry_named(field: str, number: int) -> None:
    entry = WHOLE.entries[number].model_copy(update={field: FIELDS[field]})
    lines = list(EXPORTED.entries)
    lines[number] = line(entry)
    report = verify(replace(EXPORTED, entries=tuple(lines)), TRUST)
    names = " ".join(text for texts in named(report).values() for text in texts)
    assert not report.holds
    assert re.search(rf"entr(y|ies) {number}\b", names)


def test_all_findings_are_listed_not_just_the_first() -> None:
    story = whole_story()
    story.rewrite(story.find(Kind.RESPONSE_ACCEPTED), after="false_positive")
    audit = story.exported(manifests=(), heads={"register": WHOLE.head()})
    assert {Name.HEAD, Name.STATEMENTS, Name.EVIDENCE} <= set(named(verify(audit, TRUST)))


def test_a_head_that_lags_behind_must_still_lie_on_the_chain() -> None:
    earlier = Head(length=9, digest=WHOLE.entries[8].digest())
    report = verify(WHOLE.exported(heads={"workflow": earlier}), TRUST)
    assert report.holds
    assert step_of(report, Name.HEAD).notes == [f"workflow knows the first 9 of {LENGTH} entries"]
    elsewhere = Head(length=9, digest=WHOLE.entries[7].digest())
    found = named(verify(WHOLE.exported(heads={"workflow": elsewhere}), TRUST))
    assert found[Name.HEAD][0].startswith("entry 8: was altered, or one before it")


def test_only_the_auditors_own_keys_are_trusted() -> None:
    report = verify(EXPORTED, trust_in(OTHER_SEED))
    assert len(named(report)[Name.STATEMENTS]) == 4


def test_a_suspended_person_does_not_count_when_the_directory_is_at_hand() -> None:
    people = tuple(
        one.model_copy(update={"suspended_from": START}) if one.id == "lou.legal" else one
        for one in PEOPLE.people
    )
    directory = PEOPLE.model_copy(update={"people": people})
    story = whole_story()
    number = story.find(Kind.RESPONSE_ACCEPTED, 3)
    digests = {**story.entries[number].digests, "directory": directory.digest()}
    story.rewrite(number, digests=digests)
    kept = {PEOPLE.digest(): line(PEOPLE), directory.digest(): line(directory)}
    assert "suspended" in named(verify(story.exported(directories=kept), TRUST))[Name.JUDGEMENT][0]


def test_a_stand_down_releases_without_a_gate() -> None:
    story = Story()
    story.add(Kind.INCIDENT_OPENED, actor="source:monitor")
    story.contain()
    story.ask(DecisionKind.TRIAGE, (Role.RESPONDER,), (Option(id="confirmed"), Option(id="false_positive")))
    story.answer("triage-1", "lena.lead", Role.RESPONDER, "false_positive")
    story.settle("triage-1", "false_positive")
    story.release("triage-1")
    story.add(Kind.STOOD_DOWN)
    story.add(Kind.CLOSED, after="false_positive")
    assert named(verify(story.exported(), TRUST)) == {}


def test_after_a_relapse_an_old_approval_releases_nothing() -> None:
    story = whole_story()
    story.entries.pop()
    story.relink()
    story.add(Kind.RELAPSE, facts={"saw": "other_versions"})
    story.contain(f"{INCIDENT}/order/2")
    story.release("restart-1", f"{INCIDENT}/order/2")
    assert any("without a restart" in text for text in named(verify(story.exported(), TRUST))[Name.COURSE])


def _changed(copies: LockedCopies, key: str, **changes: object) -> LockedCopies:
    objects = dict(copies.objects)
    objects[key] = replace(objects[key], **changes)  # type: ignore[arg-type]
    return replace(copies, objects=objects)


LEDGER_KEY = f"ledger/{INCIDENT}/response/00000004.jsonl"
ITEM_KEY = WHOLE.manifests[0].items[0].key
IN_THE_STORE: dict[str, tuple[str, dict[str, object], Name, str]] = {
    "overwritten": (LEDGER_KEY, {"lines": (sha256(b"x"),)}, Name.LOCKED, "of other content"),
    "written twice": (LEDGER_KEY, {"versions": 2}, Name.LOCKED, "has 2 versions"),
    "deleted": (LEDGER_KEY, {"delete_markers": 1}, Name.LOCKED, "was deleted"),
    "not locked": (LEDGER_KEY, {"locked_until": None}, Name.LOCKED, "is not locked"),
    "evidence altered": (ITEM_KEY, {"sha256": sha256(b"x")}, Name.EVIDENCE, "holds other content"),
    "evidence deleted": (ITEM_KEY, {"delete_markers": 1}, Name.EVIDENCE, "was deleted"),
}


@pytest.mark.parametrize("name", IN_THE_STORE)
def test_what_was_done_to_locked_storage_is_named_by_key(name: str) -> None:
    key, changes, step, words = IN_THE_STORE[name]
    found = named(verify(EXPORTED, TRUST, Beside(locked=_changed(locked_copies(WHOLE), key, **changes))))
    assert any(text.startswith(key) and words in text for text in found[step])


def test_an_entry_only_locked_storage_knows_is_named() -> None:
    copies = locked_copies(WHOLE)
    key = f"ledger/{INCIDENT}/response/{len(WHOLE.entries):08d}.jsonl"
    extra = LockedObject(sha256(b"x"), versions=1, delete_markers=0, locked_until=START)
    report = verify(EXPORTED, TRUST, Beside(locked=replace(copies, objects={**copies.objects, key: extra})))
    assert named(report)[Name.LOCKED][0].startswith(key)


def test_an_object_gone_from_locked_storage_is_named() -> None:
    copies = locked_copies(WHOLE)
    objects = {key: one for key, one in copies.objects.items() if key != LEDGER_KEY}
    report = verify(EXPORTED, TRUST, Beside(locked=replace(copies, objects=objects)))
    assert [text for text in named(report)[Name.LOCKED] if text.startswith("entry")] == [
        f"entry {number}: is not in locked storage" for number in (4, 5)
    ]


ENTRY_BYTES = st.tuples(st.integers(0, len(EXPORTED.entries) - 1), st.integers(0), st.integers(1, 127))


@settings(max_examples=150, deadline=None)
@given(ENTRY_BYTES)
def test_any_changed_byte_of_any_entry_is_found(place: tuple[int, int, int]) -> None:
    number, offset, flip = place
    lines = list(EXPORTED.entries)
    lines[number] = _flipped(lines[number], offset, flip)
    assert not verify(replace(EXPORTED, entries=tuple(lines)), TRUST).holds


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(EXPORTED.statements) - 1), st.integers(0), st.integers(1, 127))
def test_any_changed_byte_of_any_statement_is_found(number: int, offset: int, flip: int) -> None:
    digest = sorted(EXPORTED.statements)[number]
    changed = {**EXPORTED.statements, digest: _flipped(EXPORTED.statements[digest], offset, flip)}
    assert not verify(replace(EXPORTED, statements=changed), TRUST).holds


def _flipped(text: str, offset: int, flip: int) -> str:
    content = bytearray(text.encode())
    content[offset % len(content)] ^= flip
    return content.decode("utf-8", "replace")


def test_a_cut_without_any_outside_head_is_the_known_limit() -> None:
    """Truncation with every head taken away can't show; the step says so."""
    lines = EXPORTED.entries[: WHOLE.find(Kind.DECISION_SETTLED) + 1]
    report = verify(
        replace(EXPORTED, entries=lines, heads={}, manifests=tuple(EXPORTED.manifests)[:1]),
        TRUST,
    )
    assert report.holds
    assert step_of(report, Name.HEAD).notes


def test_a_statement_that_no_entry_counts_changes_nothing() -> None:
    spare = sign(WHOLE.statement("triage-1", "lena.lead", Role.RESPONDER, "confirmed"), SEED)
    kept = {**EXPORTED.statements, spare.digest(): line(spare)}
    report = verify(replace(EXPORTED, statements=kept), TRUST)
    assert report.holds
    assert Head(length=len(WHOLE.entries), digest=report.head) == WHOLE.head()
