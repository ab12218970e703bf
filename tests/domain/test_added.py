"""What one incident adds, read from the whole of it and from as much as is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from andon.domain.added import added_by
from andon.domain.glimpse import OpeningGlimpse, ViewGlimpse
from tests.bench.filled import story

INCIDENT, SYSTEM = "INC-20260302-000007", "letters"


@pytest.mark.parametrize(
    "recorded", ["awaiting-triage", "awaiting-restart", "gate-shut", "relapsed", "stood-down", "closed"]
)
def test_a_real_incident_adds_the_same_seen_in_part_as_seen_whole(recorded: str) -> None:
    opening, view = story(recorded).told_of(INCIDENT, SYSTEM, "0" * 64)
    whole = added_by(opening, view, (False, True))
    part = added_by(
        OpeningGlimpse.model_validate_json(opening.model_dump_json()),
        ViewGlimpse.model_validate_json(view.model_dump_json()),
        (False, True),
    )
    assert part == whole
    later = opening.opened_at + timedelta(days=3)
    assert part.case_at(later) == whole.case_at(later)
    assert (whole.acted.incident, whole.case.told.gate_runs) == (INCIDENT, (False, True))
