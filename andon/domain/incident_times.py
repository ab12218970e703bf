"""The times of one incident as they were first stated, and as they stand."""

from __future__ import annotations

from collections.abc import Sequence

from andon.domain.errors import SignatureError
from andon.domain.glimpse import Opened
from andon.domain.times import Correction, Knew, Times, corrected, read_intake, with_the_first_who_knew


def stated_times(opening: Opened) -> Times:
    """Return the times as the door signed them; of an older incident, as they were handed over."""
    handed_over = Times(
        occurred_at=opening.occurred_at,
        detected_at=opening.detected_at,
        reported_at=opening.opened_at,
        received_at=opening.opened_at,
    )
    if opening.intake is None:
        return handed_over
    try:
        return read_intake(opening.intake, opening.plan.trusted).times()
    except SignatureError:  # what nobody can verify is not what the door said
        return handed_over


def standing_times(
    opening: Opened, corrections: Sequence[Correction], on_record: Sequence[Knew] = ()
) -> tuple[Times, Times]:
    """Return the times as they were first stated, and as they stand after corrections.

    Args:
        opening: the incident.
        corrections: oldest first.
        on_record: who opened, declared or answered something of it, and when.
    """
    first = with_the_first_who_knew(stated_times(opening), on_record)
    return first, corrected(first, corrections)
