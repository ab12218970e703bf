"""What people are told of a denial."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from andon.domain.containment import Hold
from andon.domain.denial import title_of
from andon.domain.detection import IncidentType

NOON = datetime(2026, 1, 1, tzinfo=UTC)


def hold(lever: str, reason: str) -> Hold:
    return Hold(
        order="INC-20260101-aaaaaa/order/1",
        incident="INC-20260101-aaaaaa",
        lever=lever,
        limit=0,
        reason=reason,
        contact="ana",
        since=NOON,
        expires_at=NOON,
    )


@pytest.mark.parametrize(
    ("lever", "begins"),
    [
        ("desk.allowed", "The assistant is paused: "),
        ("desk.tool.issue_refund.allowed", "This action is switched off: "),
        ("desk.route.chat.allowed", "This way in is closed: "),
        ("desk.source.policies.allowed", "This source is not used: "),
        ("desk.unreviewed.allowed", "A person looks at each answer first: "),
        ("desk.rate_limit", "Fewer requests are taken than usual: "),
        ("desk.session.0123.allowed", "This session is on hold: "),
    ],
)
def test_it_says_what_is_held(lever: str, begins: str) -> None:
    assert title_of(hold(lever, "privacy_event")).startswith(begins)


def test_each_type_of_incident_has_words_of_its_own_and_an_unknown_code_is_not_passed_on() -> None:
    titles = {title_of(hold("desk.allowed", kind.value)) for kind in IncidentType}
    assert len(titles) == len(IncidentType)
    other = title_of(hold("desk.allowed", "Mr Smith's account 4711"))
    assert other == "The assistant is paused: something may have gone wrong, and people are looking into it."
