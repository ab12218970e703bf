"""Findings that are no code from a list: each kind takes what it is for, and says what it wants."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from andon.domain.change import TYPES, Change, ChangeState
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.finding import Sort, end_of_day, fits, sort_of, wanted
from andon.domain.response import EXPLAINED, MISFITS, Refusal, misfitting
from andon.domain.rights import Asking, OptionRight, Right, put
from andon.domain.severity import Band
from andon.domain.values import NOTHING_YET

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ITEM, OTHER = "0123456789abcdef", "fedcba9876543210"
DIGEST = "a" * 64

GOOD = [
    (Sort.PERSON, "enno.engineer"),
    (Sort.DAY, "2026-03-02"),
    (Sort.DAY, "2026-03-01"),
    (Sort.DAY, "2028-02-29"),
    (Sort.TEXT, DIGEST),
    (Sort.ITEMS, ITEM),
    (Sort.ITEMS, f"{ITEM},{OTHER}"),
    (Sort.REVIEW, DIGEST),
    (Sort.CHANGE, "eval"),
    (Sort.CLASSES, "data"),
    (Sort.CLASSES, "data,human_review"),
]
WRONG = [
    (Sort.PERSON, "", Refusal.NOT_A_PERSON),
    (Sort.PERSON, "Enno Engineer", Refusal.NOT_A_PERSON),
    (Sort.DAY, "2026-02-27", Refusal.NOT_A_DAY),
    (Sort.DAY, "2026-02-30", Refusal.NOT_A_DAY),
    (Sort.DAY, "tomorrow", Refusal.NOT_A_DAY),
    (Sort.DAY, "20260331", Refusal.NOT_A_DAY),
    (Sort.DAY, "2026-03-31T12:00:00Z", Refusal.NOT_A_DAY),
    (Sort.TEXT, "https://example.org/pull/12", Refusal.NOT_SEALED),
    (Sort.TEXT, DIGEST.upper(), Refusal.NOT_SEALED),
    (Sort.ITEMS, "", Refusal.NOT_ITEMS),
    (Sort.ITEMS, DIGEST, Refusal.NOT_ITEMS),
    (Sort.ITEMS, f"{ITEM},{ITEM}", Refusal.NOT_ITEMS),
    (Sort.ITEMS, ",".join(f"{number:016x}" for number in range(11)), Refusal.NOT_ITEMS),
    (Sort.REVIEW, ITEM, Refusal.NOT_THE_REVIEW),
    (Sort.CHANGE, "luck", Refusal.NOT_A_CHANGE_TYPE),
    (Sort.CLASSES, "", Refusal.NOT_CLASSES),
    (Sort.CLASSES, "data,luck", Refusal.NOT_CLASSES),
    (Sort.CLASSES, "data,data", Refusal.NOT_CLASSES),
]


def right(**findings: object) -> Right:
    return Right.model_validate(
        {
            "eligible": ("engineer",),
            "options": (
                {"id": "done", "wants": dict.fromkeys(findings, ()), "wants_at": {"low": {}}},
                {"id": "not_done"},
            ),
            "findings": findings,
        }
    )


@pytest.mark.parametrize(("sort", "value"), GOOD)
def test_a_finding_takes_what_its_kind_is_for(sort: Sort, value: str) -> None:
    assert fits(value, (sort.mark,), NOON)


@pytest.mark.parametrize(("sort", "value", "refusal"), WRONG)
def test_a_wrong_value_has_a_refusal_of_its_own(sort: Sort, value: str, refusal: Refusal) -> None:
    asked = put(
        right(it=sort.value),
        DecisionKind.REMEDIATION,
        1,
        Asking(band=Band.HIGH),
        incident="INC-20260302-abc123",
        at=NOON,
        calendar=None,
        policy=NOTHING_YET,
    )
    assert misfitting({"it": value}, asked, NOON) == ("it", refusal)
    assert EXPLAINED[refusal]


def test_every_kind_says_what_it_wants_and_has_a_refusal() -> None:
    assert {sort for sort in Sort if wanted((sort.mark,))} == set(Sort) == set(MISFITS)


def test_a_kind_stands_in_the_rights_by_its_name_and_in_a_question_by_its_mark() -> None:
    assert right(owner="person", codes=["a", "b"]).findings == {"owner": ("<person>",), "codes": ("a", "b")}
    assert sort_of(("<person>",)) is Sort.PERSON
    assert sort_of(("person",)) is None


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValidationError, match="luck is no kind of finding; use one of person, day"):
        right(it="luck")


@pytest.mark.parametrize(("band", "wanted_findings"), [(Band.LOW, set()), (Band.MEDIUM, {"owner"})])
def test_an_option_can_want_other_findings_at_a_severity(band: Band, wanted_findings: set[str]) -> None:
    done = next(one for one in right(owner="person").options_at(band) if one.id == "done")
    assert set(done.wants) == wanted_findings


def test_an_option_can_want_at_a_severity_only_what_is_among_the_findings() -> None:
    with pytest.raises(ValidationError, match="owner is none of the findings"):
        Right(
            eligible=(Role.ENGINEER,),
            options=(OptionRight(id="done", wants_at={Band.HIGH: {"owner": ()}}), OptionRight(id="not_done")),
        )


def test_a_question_carries_the_cause_that_was_diagnosed_as_its_one_code() -> None:
    found = right(addresses="cause").findings_about("prompt_design")
    assert found == {"addresses": ("prompt_design",)}
    assert fits("prompt_design", found["addresses"], NOON)
    assert not fits("retrieval", found["addresses"], NOON)
    assert not fits("<cause>", ("<cause>",), NOON)


def test_a_change_is_overdue_once_its_day_is_over_and_nobody_has_proven_it() -> None:
    change = Change(
        id="change-1",
        type=TYPES[0],
        owner="enno.engineer",
        due=end_of_day("2026-03-02"),
        link=DIGEST,
        said_in="lessons-1",
    )
    assert not change.overdue(NOON)
    assert change.overdue(datetime(2026, 3, 3, tzinfo=UTC))
    for state in (ChangeState.DONE, ChangeState.DROPPED):
        settled = change.model_copy(update={"state": state})
        assert not settled.overdue(datetime(2027, 1, 1, tzinfo=UTC))
