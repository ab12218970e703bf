"""When near misses that people caught show that a durable control is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from andon.domain.catches import REVIEW, SAMPLE, Catch, caught_by, durable_controls_needed
from andon.domain.detection import Channel

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def catch(number: int, **changes: object) -> Catch:
    whole = Catch(
        home=f"INC-{number}",
        system="refund_desk",
        control=REVIEW,
        root=None,
        reported="type:source_failure",
        at=NOW + timedelta(days=number),
    )
    return whole.model_copy(update=changes)


def test_the_second_catch_of_one_cause_by_one_control_is_a_finding() -> None:
    (found,) = durable_controls_needed([catch(2), catch(1)])
    assert found.homes == ("INC-1", "INC-2")
    assert found.sentence == (
        "A durable control is needed: 2 near misses of refund_desk with the same cause (source failure) were "
        "caught by a person's review before the output went out, and by nothing else."
    )


@pytest.mark.parametrize(
    "other",
    [
        {"home": "INC-1"},
        {"system": "other_desk"},
        {"control": SAMPLE},
        {"reported": "type:model_drift"},
        {"reported": None},
    ],
    ids=["the same one", "another AI system", "another control", "another cause", "no known cause"],
)
def test_it_is_none_if_they_differ(other: dict[str, object]) -> None:
    assert durable_controls_needed([catch(1), catch(2, **other)]) == ()


def test_what_was_reported_alike_and_diagnosed_apart_is_apart() -> None:
    assert durable_controls_needed([catch(1, root="retrieval"), catch(2, root="permissions")]) == ()


def test_what_was_reported_apart_and_diagnosed_alike_is_one_cause() -> None:
    two = [catch(1, root="retrieval"), catch(2, root="retrieval", reported="type:model_drift")]
    (found,) = durable_controls_needed(two)
    assert found.cause == "cause:retrieval"


def test_the_diagnosed_cause_stands_for_the_reported_one() -> None:
    (found,) = durable_controls_needed([catch(1, root="retrieval"), catch(2, root="retrieval")])
    assert found.cause == "cause:retrieval"


def test_a_near_miss_nobody_has_diagnosed_counts_by_its_report() -> None:
    (found,) = durable_controls_needed([catch(1, root="retrieval"), catch(2)])
    assert found.cause == "type:source_failure"


def test_who_caught_it_is_told_by_channel_and_by_who_saw_the_output() -> None:
    assert caught_by([Channel.MONITORING, Channel.HUMAN_REVIEW], {}) == REVIEW
    assert caught_by([Channel.MONITORING], {"exposure": "internal_caught"}) == REVIEW
    assert caught_by([Channel.AUDIT_SAMPLE], {}) == SAMPLE
    assert caught_by([Channel.MONITORING], {"exposure": "internal"}) is None
