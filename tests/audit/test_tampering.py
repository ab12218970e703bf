"""Each way to tamper with an incident is found in its step, and named."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from andon.audit.exported import Exported
from andon.audit.verify import Name, verify
from andon.domain.decision import DecisionKind, Option
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from tests.audit.story import (
    INCIDENT,
    ORDER,
    OTHER_SEED,
    TRUST,
    Forge,
    Story,
    line,
    named,
    whole_story,
)

LENGTH = len(whole_story().entries)


def _swap(story: Story) -> Exported:
    lines = list(story.exported().entries)
    lines[5], lines[6] = lines[6], lines[5]
    return story.exported(entries=tuple(lines))


def _without(*numbers: int) -> Forge:
    def change(story: Story) -> Exported:
        kept = [one for number, one in enumerate(story.exported().entries) if number not in numbers]
        return story.exported(entries=tuple(kept))

    return change


def _doubled(story: Story) -> Exported:
    lines = story.exported().entries
    return story.exported(entries=(*lines[:4], lines[3], *lines[4:]))


def _cut(story: Story) -> Exported:
    return story.exported(entries=story.exported().entries[:-2])


def _extended(story: Story) -> Exported:
    known = story.head()
    story.add(Kind.STAGE_BEGUN)
    return story.exported(heads={"register": known})


def _rechained(story: Story) -> Exported:
    known = story.head()
    story.rewrite(1, after="monitor")
    return story.exported(heads={"register": known})


def _dropped_and_rechained(story: Story) -> Exported:
    known = story.head()
    story.drop(story.find(Kind.RESPONSE_REFUSED))
    return story.exported(heads={"workflow": known})


def _extra_field(story: Story) -> Exported:
    lines = list(story.exported().entries)
    lines[7] = json.dumps({**json.loads(lines[7]), "extra": 1}, sort_keys=True, separators=(",", ":"))
    return story.exported(entries=tuple(lines))


def _respelled(story: Story) -> Exported:
    lines = list(story.exported().entries)
    lines[7] = json.dumps(json.loads(lines[7]))
    return story.exported(entries=tuple(lines))


def _empty(story: Story) -> Exported:
    return story.exported(entries=())


def _forged_by_another_key(_: Story) -> Exported:
    def forge(new: Story) -> None:
        new.answer("triage-1", "lena.lead", Role.INCIDENT_LEAD, "confirmed", seed=OTHER_SEED)

    return _retold(forge).exported()


def _retold(answer: Callable[[Story], None]) -> Story:
    story = Story()
    story.add(Kind.INCIDENT_OPENED, actor="source:monitor")
    story.ask(
        DecisionKind.TRIAGE,
        (Role.RESPONDER, Role.INCIDENT_LEAD),
        (Option(id="confirmed"), Option(id="false_positive")),
    )
    answer(story)
    story.settle("triage-1", "confirmed")
    return story


def _statement_altered(story: Story) -> Exported:
    statements = dict(story.exported().statements)
    digest = story.entries[story.find(Kind.RESPONSE_ACCEPTED)].digests["statement"]
    envelope = json.loads(statements[digest])
    envelope["payload"] = envelope["payload"][:-8] + "AAAA" + envelope["payload"][-4:]
    statements[digest] = json.dumps(envelope, sort_keys=True, separators=(",", ":"))
    return story.exported(statements=statements)


def _statement_taken_away(story: Story) -> Exported:
    digest = story.entries[story.find(Kind.RESPONSE_ACCEPTED)].digests["statement"]
    kept = {key: one for key, one in story.exported().statements.items() if key != digest}
    return story.exported(statements=kept)


def _statements_swapped(story: Story) -> Exported:
    first, second = (story.find(Kind.RESPONSE_ACCEPTED, nth) for nth in (0, 1))
    one, other = story.entries[first].digests, story.entries[second].digests
    story.rewrite(first, digests=other)
    story.rewrite(second, digests=one)
    return story.exported()


def _statement_bodies_swapped(story: Story) -> Exported:
    one, other, *rest = story.exported().statements.items()
    return story.exported(statements={one[0]: other[1], other[0]: one[1], **dict(rest)})


def _role_rewritten(story: Story) -> Exported:
    number = story.find(Kind.RESPONSE_ACCEPTED)
    story.rewrite(number, facts={**story.entries[number].facts, "role": "legal"})
    return story.exported()


def _option_rewritten(story: Story) -> Exported:
    story.rewrite(story.find(Kind.RESPONSE_ACCEPTED), after="false_positive")
    return story.exported()


def _person_rewritten(story: Story) -> Exported:
    story.rewrite(story.find(Kind.RESPONSE_ACCEPTED), actor="person:omar.owner")
    return story.exported()


def _late_rewritten(story: Story) -> Exported:
    number = story.find(Kind.RESPONSE_ACCEPTED)
    story.rewrite(number, facts={**story.entries[number].facts, "late": True})
    return story.exported()


def _by_the_wrong_role(_: Story) -> Exported:
    return _retold(lambda new: new.answer("triage-1", "lou.legal", Role.LEGAL, "confirmed")).exported()


def _by_a_role_not_held(_: Story) -> Exported:
    return _retold(lambda new: new.answer("triage-1", "lou.legal", Role.RESPONDER, "confirmed")).exported()


def _by_a_stranger(_: Story) -> Exported:
    return _retold(lambda new: new.answer("triage-1", "nobody", Role.RESPONDER, "confirmed")).exported()


def _settled_otherwise(story: Story) -> Exported:
    story.rewrite(story.find(Kind.DECISION_SETTLED), after="false_positive")
    return story.exported()


def _settled_without_quorum(story: Story) -> Exported:
    story.drop(story.find(Kind.RESPONSE_ACCEPTED, 3))
    return story.exported()


def _question_taken_away(story: Story) -> Exported:
    digest = story.requests["triage-1"].digest()
    kept = {key: one for key, one in story.exported().requests.items() if key != digest}
    return story.exported(requests=kept)


def _question_eased(story: Story) -> Exported:
    digest = story.requests["restart-1"].digest()
    eased = story.requests["restart-1"].model_copy(update={"options": (Option(id="restart"),)})
    return story.exported(requests={**story.exported().requests, digest: line(eased)})


def _question_eased_and_rechained(story: Story) -> Exported:
    eased = story.requests["restart-1"].model_copy(update={"options": (Option(id="restart"),)})
    story.requests["restart-1"] = eased
    number = next(n for n, one in enumerate(story.entries) if one.subject == "restart-1")
    story.rewrite(number, digests={"request": eased.digest()})
    return story.exported()


def _contained_without_proof(story: Story) -> Exported:
    story.drop(story.find(Kind.ORDER_PROVEN))
    return story.exported()


def _released_without_a_decision(story: Story) -> Exported:
    number = story.find(Kind.ORDER_RELEASED)
    story.rewrite(number, digests={"request": story.requests["triage-1"].digest()})
    return story.exported()


def _released_too_early(story: Story) -> Exported:
    release = story.entries.pop(story.find(Kind.ORDER_RELEASED))
    story.entries.insert(story.find(Kind.CONTAINED) + 1, release)
    story.relink()
    return story.exported()


def _restarted_twice(story: Story) -> Exported:
    again = story.entries[story.find(Kind.RESTARTED)]
    story.entries.insert(story.find(Kind.CLOSED), again)
    story.relink()
    return story.exported()


def _after_the_end(story: Story) -> Exported:
    story.add(Kind.STAGE_ENDED, subject="preserve_evidence")
    story.contain(f"{INCIDENT}/order/2")
    return story.exported()


def _gate_never_opened(story: Story) -> Exported:
    story.drop(story.find(Kind.GATE_OPENED))
    return story.exported()


def _closed_with_an_order_in_force(story: Story) -> Exported:
    story.drop(story.find(Kind.ORDER_RELEASED))
    return story.exported()


def _manifest_altered(story: Story) -> Exported:
    altered = story.manifests[0].model_copy(update={"items": story.manifests[0].items[:1]})
    return story.exported(manifests=(line(altered), line(story.manifests[1])))


def _manifest_taken_away(story: Story) -> Exported:
    return story.exported(manifests=(line(story.manifests[0]),))


TAMPERINGS: dict[str, tuple[Forge, Name, str]] = {
    "two entries swapped": (_swap, Name.CHAIN, "entry 5: is out of place"),
    "an entry removed": (_without(9), Name.CHAIN, "entry 9: is missing"),
    "several removed": (_without(9, 10, 11), Name.CHAIN, "entries 9 to 11: are missing"),
    "the first removed": (_without(0), Name.CHAIN, "entry 0: is missing"),
    "an entry doubled": (_doubled, Name.CHAIN, "entry 3: is there 2 times"),
    "the end cut off": (
        _cut,
        Name.HEAD,
        f"entries {LENGTH - 2} to {LENGTH - 1}: are missing",
    ),
    "an entry appended": (_extended, Name.HEAD, f"entry {LENGTH}: and what follows"),
    "rewritten and rechained": (_rechained, Name.HEAD, "was altered, or one before it: register"),
    "dropped and rechained": (_dropped_and_rechained, Name.HEAD, "are missing: workflow knows"),
    "everything removed": (_empty, Name.CHAIN, "the chain: holds no entry"),
    "a field slipped in": (_extra_field, Name.FORM, "entry 7: is not in its canonical form"),
    "an entry spelled otherwise": (_respelled, Name.FORM, "entry 7: is not in its canonical form"),
    "signed with another key": (_forged_by_another_key, Name.STATEMENTS, "is not trusted here"),
    "a statement altered": (_statement_altered, Name.FORM, "it was altered"),
    "a statement taken away": (_statement_taken_away, Name.STATEMENTS, "which is not there"),
    "statements swapped": (
        _statements_swapped,
        Name.STATEMENTS,
        "decision: the entry says triage-1",
    ),
    "bodies of statements swapped": (_statement_bodies_swapped, Name.FORM, "it was altered"),
    "the role rewritten": (_role_rewritten, Name.STATEMENTS, "role: the entry says legal"),
    "the option rewritten": (_option_rewritten, Name.STATEMENTS, "option: the entry says false_positive"),
    "the person rewritten": (_person_rewritten, Name.STATEMENTS, "person: the entry says person:omar.owner"),
    "lateness rewritten": (_late_rewritten, Name.JUDGEMENT, "says late=True"),
    "answered in a role that is not asked": (_by_the_wrong_role, Name.JUDGEMENT, "wrong_role"),
    "answered in a role not held": (_by_a_role_not_held, Name.JUDGEMENT, "role_not_held"),
    "answered by a stranger": (_by_a_stranger, Name.JUDGEMENT, "unknown_person"),
    "settled on another option": (_settled_otherwise, Name.JUDGEMENT, "settles triage-1 on false_positive"),
    "settled without its quorum": (_settled_without_quorum, Name.JUDGEMENT, "its answers settle on nothing"),
    "a question taken away": (_question_taken_away, Name.JUDGEMENT, "is not there"),
    "a question made easier": (_question_eased, Name.FORM, "it was altered"),
    "a question made easier, rechained": (_question_eased_and_rechained, Name.JUDGEMENT, "superseded"),
    "contained without proof": (_contained_without_proof, Name.COURSE, "calls it contained while"),
    "released by a triage": (
        _released_without_a_decision,
        Name.COURSE,
        f"releases {ORDER} without",
    ),
    "released before the decision": (_released_too_early, Name.COURSE, f"releases {ORDER} without"),
    "restarted twice": (_restarted_twice, Name.COURSE, "restarts a second time"),
    "something after the end": (_after_the_end, Name.COURSE, "comes after the incident was closed"),
    "restarted through a shut gate": (_gate_never_opened, Name.COURSE, "a gate that was not open"),
    "closed too early": (
        _closed_with_an_order_in_force,
        Name.COURSE,
        "closes the incident while",
    ),
    "a manifest altered": (_manifest_altered, Name.EVIDENCE, "manifest 1: was altered"),
    "a manifest taken away": (_manifest_taken_away, Name.EVIDENCE, "and no manifest has it"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_tampering_is_found_in_its_step_and_named(name: str) -> None:
    forge, step, words = TAMPERINGS[name]
    found = named(verify(forge(whole_story()), TRUST))
    assert any(words in text for text in found.get(step, [])), found


def test_an_answer_counted_twice_is_found() -> None:
    def twice(story: Story) -> None:
        statement = story.statement("triage-1", "lena.lead", Role.RESPONDER, "confirmed")
        story.accept(statement)
        story.accept(statement)

    found = named(verify(_retold(twice).exported(), TRUST))
    assert "counts a statement a second time" in found[Name.STATEMENTS][0]
    assert "refuses it" in found[Name.JUDGEMENT][0]
