"""Suggesting that an incident just opened may be one that stands already; a person decides."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from andon.domain.incident import OpenIncident
from andon.domain.likeness import Trait, suggested
from andon.door.ties import ANDON
from andon.register.detections import Detection, Detections
from andon.register.links import LinkKind, Links

logger = logging.getLogger(__name__)


class Likeness:
    """Compares an incident with the open ones of its AI system."""

    def __init__(self, detections: Detections, links: Links) -> None:
        self._detections = detections
        self._links = links

    def suggest(self, opening: OpenIncident) -> None:
        """Link what may be the same. A register that can't just now costs a suggestion, and no answer."""
        try:
            self._suggest(opening)
        except SQLAlchemyError:
            logger.exception("no merge could be suggested", extra={"incident": opening.incident})

    def _suggest(self, opening: OpenIncident) -> None:
        openers = self._detections.openers(opening.plan.system)
        own = next((one for one in openers if one.incident == opening.incident), None)
        if own is None:
            return
        for other, why in suggested(_trait(own), (_trait(one) for one in openers)):
            self._links.add(
                LinkKind.SUGGESTED, other, opening.incident, why=why, at=opening.opened_at, by=ANDON
            )


def _trait(kept: Detection) -> Trait:
    return Trait(
        incident=kept.incident or "",
        source=kept.source,
        type=kept.type.value if kept.type else None,
        trigger=kept.trigger,
        traces=frozenset(kept.trace_ids),
        detected_at=kept.detected_at,
    )
