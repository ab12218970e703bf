"""A review that an answer was given for: withheld, altered, incomplete or of another ledger, it is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.audit.exported import Exported
from andon.audit.offline import read_bundle
from andon.audit.reviews import reviews_named
from andon.audit.stage import stage
from andon.audit.verify import Name, verify
from andon.audit.write import Staging
from andon.domain.decision import DecisionKind, Option
from andon.domain.directory import Role
from andon.domain.ledger import Head, Kind
from andon.domain.review import PARTS, Review, ReviewPart, Words
from andon.domain.severity import Band
from andon.domain.values import canonical
from tests.audit.story import INCIDENT, TRUST, Story, line, step_of


def review(head: Head, at: datetime, **changes: Any) -> Review:
    words = {
        name: Words(
            part=name,
            version=1,
            text=f"TXT-{name}",
            digest="e" * 64,
            person="lena.lead",
            role=Role.INCIDENT_LEAD,
            at=at,
        )
        for name in PARTS
    }
    whole = Review(
        incident=INCIDENT,
        severity=Band.HIGH,
        head=head,
        parts={name: ReviewPart(found={}, questions=(), words=words[name]) for name in PARTS},
    )
    return whole.model_copy(update=changes)


@dataclass
class Learned:
    """An incident whose lessons were answered for a review."""

    story: Story
    review: Review

    def exported(self, **reviews: str) -> Exported:
        kept = reviews or {self.review.digest(): canonical(self.review).decode()}
        return self.story.exported(reviews=kept)


def learned(changed: Callable[[Review], Review] = lambda one: one) -> Learned:
    story = Story()
    story.add(Kind.INCIDENT_OPENED, actor="source:monitor", after="medium")
    story.add(Kind.SEVERITY_RAISED, before="medium", after="high")
    request = story.ask(
        DecisionKind.LESSONS,
        (Role.INCIDENT_LEAD,),
        (Option(id="lessons_recorded", wants={"review": ()}), Option(id="no_change")),
    )
    asked = request.model_copy(update={"findings": {"review": ("<review>",)}})
    story.requests[asked.id] = asked
    story.entries[-1] = story.entries[-1].model_copy(update={"digests": {"request": asked.digest()}})
    made = changed(review(story.head(), story.now()))
    said = story.statement("lessons-1", "lena.lead", Role.INCIDENT_LEAD, "lessons_recorded")
    story.accept(said.model_copy(update={"findings": {"review": made.digest()}}))
    story.settle("lessons-1", "lessons_recorded")
    return Learned(story, made)


def told(exported: Exported) -> str:
    return " ".join(problem.problem for problem in step_of(verify(exported, TRUST), Name.JUDGEMENT).findings)


def test_a_review_that_is_whole_and_of_this_ledger_holds() -> None:
    one = learned()
    assert step_of(verify(one.exported(), TRUST), Name.JUDGEMENT).findings == []


def test_a_review_that_was_withheld_is_missed() -> None:
    assert "is not there" in told(learned().story.exported())


def test_a_review_that_was_altered_is_not_taken_for_it() -> None:
    one = learned()
    other = canonical(one.review.model_copy(update={"severity": Band.CRITICAL})).decode()
    exported = one.exported(**{one.review.digest(): other})
    assert "is not there" in told(exported)
    assert "it was altered" in " ".join(
        problem.problem for problem in step_of(verify(exported, TRUST), Name.FORM).findings
    )


LATER = timedelta(days=1)
WRONG: dict[str, tuple[Callable[[Review], Review], str]] = {
    "of another incident": (
        lambda one: one.model_copy(update={"incident": "INC-20261121-zzzzzz"}),
        "is of INC-20261121-zzzzzz",
    ),
    "of another ledger": (
        lambda one: one.model_copy(update={"head": Head(length=2, digest="9" * 64)}),
        "was made from another ledger",
    ),
    "made after the answer": (
        lambda one: one.model_copy(update={"head": Head(length=9, digest="9" * 64)}),
        "was made after the answer",
    ),
    "without words": (
        lambda one: one.model_copy(
            update={"parts": {**one.parts, "controls": ReviewPart(found={}, questions=())}}
        ),
        "has no words for controls",
    ),
    "of a lower severity than the ledger says, and so without words": (
        lambda one: one.model_copy(
            update={
                "severity": Band.LOW,
                "parts": {name: ReviewPart(found={}, questions=()) for name in PARTS},
            }
        ),
        "says low severity, the ledger high",
    ),
    "of four parts": (
        lambda one: one.model_copy(
            update={"parts": {name: part for name, part in one.parts.items() if name != "evidence"}}
        ),
        "does not have the five parts",
    ),
    "with words from afterwards": (
        lambda one: one.model_copy(
            update={
                "parts": {
                    name: part.model_copy(
                        update={"words": part.words.model_copy(update={"at": part.words.at + LATER})}
                    )
                    for name, part in one.parts.items()
                    if part.words is not None
                }
            }
        ),
        "written after the answer",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_review_is_named_with_what_is_wrong_with_it(wrong: str) -> None:
    changed, said = WRONG[wrong]
    assert said in told(learned(changed).exported())


def test_an_answer_that_wants_a_review_and_names_none_does_not_count() -> None:
    one = learned()
    envelope = one.story.statements.popitem()[1]
    assert reviews_named([line(envelope)], []) == set()
    assert "can't be judged again" in told(replace(one.exported(), statements={}))


def test_an_export_fetches_the_reviews_that_statements_name() -> None:
    one = learned()
    questions = [
        {"digest": request.digest(), "request": request.model_dump(mode="json")}
        for request in one.story.requests.values()
    ]
    statements = [line(envelope) for envelope in one.story.statements.values()]
    assert reviews_named([*statements, "{}", "not JSON"], questions) == {one.review.digest()}


def test_a_bundle_holds_the_review_and_gives_it_back(tmp_path: Path) -> None:
    one = learned()
    staging = Staging(tmp_path / "bundle")
    stage(staging, one.exported(), locked=None)
    staging.finish(INCIDENT, one.story.now(), agent="andon test")
    name = f"data/reviews/{one.review.digest()}.json"
    assert (tmp_path / "bundle" / name).read_bytes() == canonical(one.review)
    with read_bundle(tmp_path / "bundle") as (_, opened):
        assert opened.reviews == {one.review.digest(): one.review}
