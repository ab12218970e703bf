"""What each person has opened of an incident: kept when it is shown to them, attested when they answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Final

from sqlalchemy.exc import OperationalError

from andon.console.live_visit import visit
from andon.console.parts import Parts
from andon.domain.decision import Exhibit
from andon.domain.incident import IncidentView
from andon.domain.values import PersonId, Sha256Hex, digest_of
from andon.register.incidents import IncidentRow

logger = logging.getLogger(__name__)

WHOLE: Final[tuple[Exhibit, ...]] = ("gate", "severity")
"""What the page of an incident shows in full; the evidence has a list of its own."""
GATE: Final[tuple[Exhibit, ...]] = ("gate",)
EVIDENCE: Final[tuple[Exhibit, ...]] = ("evidence",)


def digests(row: IncidentRow) -> dict[Exhibit, Sha256Hex]:
    """Return each exhibit's digest as it stands now: what changes after it was opened, was not opened."""
    view = row.view
    if view is None:
        return {}
    return {
        "evidence": view.seals[-1].root if view.seals else digest_of([]),
        "gate": _gate(view),
        "severity": digest_of([view.severity.value, *view.fired_rules]),
    }


def _gate(view: IncidentView) -> Sha256Hex:
    shown = [one.model_dump(mode="json") if one else None for one in (view.gate, view.evaluation)]
    return digest_of(shown)


class Reviewed:
    """Keeps and tells what people have opened."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def note(self, row: IncidentRow, person: PersonId, exhibits: Collection[Exhibit]) -> None:
        """Keep that somebody is shown these now. A busy register must not keep them from reading."""
        if visit().by_itself:
            return  # the page was open, which says nothing of whether anybody looked
        shown = {name: digest for name, digest in digests(row).items() if name in exhibits}
        if not shown:
            return
        try:
            await asyncio.to_thread(self._parts.openings.note, row.incident, person, shown, self._parts.now())
        except OperationalError:
            logger.warning(
                "what somebody opened could not be kept", exc_info=True, extra={"incident": row.incident}
            )

    async def by(self, row: IncidentRow, person: PersonId) -> tuple[Exhibit, ...]:
        """Return what somebody has opened, in the form it has now."""
        found = await asyncio.to_thread(self._parts.openings.of, row.incident, person)
        seen = {(one.exhibit, one.digest) for one in found}
        return tuple(name for name, digest in digests(row).items() if (name, digest) in seen)
