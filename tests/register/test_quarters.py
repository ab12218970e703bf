"""The review of the fixed register of 200 incidents, and the decisions on use that belong to it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from andon.domain.directory import Role
from andon.domain.quarter import Answer, Found, Quarter, UseDecision, period_of, reviewed
from andon.domain.severity import Classification
from andon.ports import SealedText
from andon.register.engine import Databases, together
from andon.register.measures import Measures
from andon.register.uses import KeptUse, UseDecisions
from tests.register.cases import NOW
from tests.register.test_measures import COUNT, keep

SINCE, UNTIL = NOW, NOW + timedelta(days=COUNT)


@pytest.fixture
def review(databases: Databases) -> Quarter:
    with together(databases.register):
        for number in range(COUNT):
            keep(databases, number)
    cases = tuple(one.case_at(UNTIL) for one in Measures(databases.register).opened(SINCE, UNTIL))
    found = Found(cases=cases, missed=(), logged=0, remedies=(), uses=())
    return reviewed(found, period_of(SINCE, UNTIL, UNTIL))


@pytest.mark.long
def test_the_review_of_the_register_is_the_one_worked_out_by_hand(review: Quarter) -> None:
    assert review.metrics.incidents == sum(month.incidents for month in review.months) == 200
    assert (review.by_class[Classification.NEAR_MISS], review.by_class[Classification.AI_INCIDENT]) == (
        10,
        190,
    )
    # Every fifth has no cause; of the 160 others the odd ones are a prompt's, and every tenth a reviewer's.
    assert review.by_cause == {"prompt_design": 80, "retrieval": 80, "unknown": 40}
    assert review.by_control == {"eval_before_release": 140, "human_review_procedure": 20, "unknown": 40}
    # One a day on four AI systems: after the first of each cause, every one of known cause repeats.
    assert sum(month.repeated.part for month in review.months) == 160 - 4
    # 2 March, 9:30, is the first: March has thirty of them.
    march = review.months[0]
    assert (march.name, march.incidents) == ("2026-03+", 30)
    # Minutes 0, 2 .. 28 are known of the fifteen even ones.
    assert (march.detection.median, march.detection.p90, march.detection.unknown) == (14 * 60, 26 * 60, 15)


def test_decisions_on_use_are_all_kept_by_period_oldest_first(databases: Databases) -> None:
    uses = UseDecisions(databases.register)
    sealed = SealedText(id="TXT-1", digest="d" * 64)

    def decide(number: int, answer: Answer, until: timedelta = timedelta(90)) -> UseDecision:
        decision = UseDecision(
            id=f"USE-20260302-{number:06d}",
            system="refund_desk",
            since=NOW,
            until=NOW + until,
            answer=answer,
            owner="bela",
            by="eva",
            role=Role.EXECUTIVE,
            at=NOW + timedelta(minutes=number),
            reason=sealed.digest,
        )
        uses.add(KeptUse(decision, sealed))
        return decision

    first, second = decide(1, Answer.YES), decide(2, Answer.NO)
    other = decide(3, Answer.NARROWED, timedelta(91))
    assert uses.of(NOW, NOW + timedelta(90)) == {
        "refund_desk": [KeptUse(first, sealed), KeptUse(second, sealed)]
    }
    assert uses.of(NOW, NOW + timedelta(91)) == {"refund_desk": [KeptUse(other, sealed)]}
    assert uses.of(NOW, NOW) == {}
