"""How long evidence is kept: by kind and by how grave the incident was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

import playbooks
from andon.domain.retention import RetentionClass, RetentionPolicy
from andon.domain.severity import Band


@pytest.mark.parametrize(
    ("kind", "band", "name", "days"),
    [
        ("system_log", Band.LOW, "standard", 400),
        ("system_log", Band.CRITICAL, "standard", 1095),
        ("prompt", Band.LOW, "content", 180),
        ("prompt", Band.MEDIUM, "content", 400),
        ("prompt", Band.CRITICAL, "content", 730),
        ("decision_record", Band.HIGH, "record", 1095),
        ("decision_record", Band.CRITICAL, "record", 2555),
        ("of a kind nobody knows", Band.LOW, "standard", 400),
    ],
)
def test_each_kind_has_its_class_and_days_by_severity(kind: str, band: Band, name: str, days: int) -> None:
    kept = playbooks.load().retention.of(kind, band)
    assert (kept.name, kept.term) == (name, timedelta(days=days))


def test_a_graver_incident_never_shortens_what_is_kept() -> None:
    kept = RetentionClass(days=400, days_at={Band.HIGH: 30})
    assert [kept.at(band).days for band in Band] == [400, 400, 400, 400]


def test_a_kind_of_a_class_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="prompt: there is no class 'short'; name one of: standard"):
        RetentionPolicy(
            default="standard", classes={"standard": RetentionClass(days=1)}, kinds={"prompt": "short"}
        )
