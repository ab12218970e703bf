"""The post-incident review: made from the record, the same twice, asking for what the record can not tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.containment import OrderState, Proof
from andon.domain.detection import Channel
from andon.domain.directory import Role
from andon.domain.finding import FailureClass
from andon.domain.incident import OrderRecord
from andon.domain.lessons import Proposal
from andon.domain.readable_review import NOBODY, readable_review
from andon.domain.review import PARTS, TITLES, Words, advice, missing_parts
from andon.domain.review_found import ReviewSources, build_review
from andon.domain.severity import Band, Classification
from tests.register.cases import INCIDENT, NOW, chain, opening, order, view

PROPOSED = Proposal(type=ChangeType.EVAL, change="Add the case.", proof="the run")


def words(part: str, version: int = 1) -> Words:
    return Words(
        part=part,
        version=version,
        text=f"TXT-{version}",
        digest="e" * 64,
        person="lena",
        role=Role.ENGINEER,
        at=NOW + timedelta(hours=version),
    )


def sources(**changes: Any) -> ReviewSources:
    return ReviewSources(view=view(), opening=opening()).model_copy(update=changes)


def change(**changes: Any) -> Change:
    whole = Change(
        id="change-1",
        type=ChangeType.EVAL,
        owner="enno",
        due=NOW + timedelta(days=10),
        link="a" * 64,
        said_in="lessons-1",
    )
    return whole.model_copy(update=changes)


def test_the_same_record_gives_the_same_review_and_another_word_another_digest() -> None:
    one = build_review(sources(words=(words("controls"),)))
    assert one.digest() == build_review(sources(words=(words("controls"),))).digest()
    assert one.digest() != build_review(sources(words=(words("controls"), words("controls", 2)))).digest()


def test_each_part_asks_at_least_two_questions_of_people() -> None:
    review = build_review(sources())
    assert tuple(review.parts) == PARTS
    assert all(len(part.questions) >= 2 for part in review.parts.values())


@pytest.mark.parametrize("band", list(Band))
def test_from_medium_on_each_part_without_words_is_missing_in_order(band: Band) -> None:
    review = build_review(sources(words=(words("evidence"),)))
    expected = tuple(name for name in PARTS if name != "evidence") if band >= Band.MEDIUM else ()
    assert missing_parts(review, band) == expected
    told = advice(review, band)
    assert bool(told) is bool(expected)
    assert all(TITLES[name] in told for name in expected)


def test_the_newest_words_of_a_part_stand_in_the_review() -> None:
    review = build_review(sources(words=(words("changed", 2), words("changed", 1))))
    assert review.words["changed"].version == 2


def test_a_lever_is_told_with_its_seconds_to_proof_and_one_that_did_not_hold_is_asked_about() -> None:
    proof = Proof(order=order().id, held=True, at=NOW + timedelta(seconds=2), via="openfeature", saw="false")
    held = OrderRecord(order=order(), state=OrderState.PROVEN, proof=proof)
    loose = OrderRecord(order=order(2), state=OrderState.UNPROVEN)
    part = build_review(sources(view=view(orders=(held, loose)))).parts["controls"]
    levers: Any = part.found["levers"]
    assert [one["seconds_to_proof"] for one in levers] == [2.0, None]
    assert sum("did not hold" in one or "not hold when" in one for one in part.questions) == 1


def test_what_is_not_known_is_null_and_asked_for() -> None:
    part = build_review(sources()).parts["what_happened"]
    assert (part.found["seconds_to_detect"], part.found["users"]) == (None, None)
    assert any("When did it begin?" in one for one in part.questions)
    known = sources(opening=opening(occurred_at=NOW - timedelta(minutes=3)))
    assert build_review(known).parts["what_happened"].found["seconds_to_detect"] == 180.0


def test_a_near_miss_has_an_actual_and_a_potential_severity() -> None:
    near = sources(view=view(classification=Classification.NEAR_MISS), potential=Band.CRITICAL)
    found = build_review(near).parts["what_happened"].found
    assert (found["actual_severity"], found["potential_severity"]) == ("low", "critical")
    assert "potential_severity" not in build_review(sources()).parts["what_happened"].found


def test_a_proposed_change_that_nobody_took_over_is_asked_about() -> None:
    asked = "Why is nothing of this type changed: Add the case."
    assert asked in build_review(sources(proposals=(PROPOSED,))).parts["changed"].questions
    taken = sources(proposals=(PROPOSED,), changes=(change(),))
    assert asked not in build_review(taken).parts["changed"].questions


def test_open_changes_and_the_last_day_stand_where_recurrence_is_measured() -> None:
    done = change(id="change-2", state=ChangeState.DONE, due=NOW + timedelta(days=90))
    found = build_review(sources(changes=(change(), done))).parts["recurrence"].found
    assert found["changes_open"] == ["change-1"]
    assert found["last_change_due"] == (NOW + timedelta(days=10)).isoformat()


def test_only_entries_that_tell_the_story_stand_in_it() -> None:
    entries = (*chain(2, kind="contained"), *chain(3, kind="reminded"))
    timeline: Any = build_review(sources(entries=entries)).parts["what_happened"].found["timeline"]
    assert [one["what"] for one in timeline] == ["contained", "contained"]


def test_a_reader_sees_who_wrote_what_and_where_nobody_did() -> None:
    review = build_review(sources(failure_class=FailureClass.DATA, words=(words("controls"),)))
    parts = [
        {
            "name": name,
            "title": TITLES[name],
            "found": part.found,
            "questions": part.questions,
            "words": {**words(name).model_dump(mode="json"), "text": "One.\n\nTwo\u202e."}
            if part.words
            else None,
        }
        for name, part in review.parts.items()
    ]
    read = readable_review(
        {"incident": INCIDENT, "digest": review.digest(), "missing": ["changed"], "parts": parts}
    )
    assert read.parts[1].said == ("One.", "Two<U+202E>.")
    assert read.parts[1].said_by.startswith("lena (engineer), 2026-03-02 10:30:00 UTC")
    assert (read.parts[0].said_by, read.complete, read.missing) == (
        NOBODY,
        False,
        ("Words for “What was changed”",),
    )


def test_a_channel_is_told_as_it_was() -> None:
    reviewed = sources(opening=opening(channel=Channel.HUMAN_REVIEW.value))
    assert build_review(reviewed).parts["what_happened"].found["channel"] == "human_review"
