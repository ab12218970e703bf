"""What the door stands on: queries, the flag lever and sealed texts, without the vendors it never calls."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from andon.adapters.calendar import business_calendar
from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.adapters.store.texts import SealedTexts
from andon.adapters.store.vault import AesVault
from andon.bootstrap import Queries, open_queries
from andon.config import Settings
from andon.domain.business_time import BusinessCalendar, BusinessHours
from andon.domain.directory import Person
from andon.domain.errors import InvalidInputError
from andon.ports import LeverControl
from andon.register.migrate import migrate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DoorParts:
    """Queries, the lever the door may pull, and where people's words go."""

    queries: Queries
    flags: LeverControl
    texts: SealedTexts


def owners_calendar(owner: Person | None, hours: BusinessHours, at: datetime) -> BusinessCalendar:
    """Return the business hours of whoever owns an AI system; of somebody unknown, those of UTC.

    Raises:
        InvalidInputError: the owner's country or region is none whose holidays are known.
    """
    zone, country, region = (owner.zone, owner.country, owner.region) if owner else ("UTC", "", "")
    return business_calendar(zone, country, region, hours, at)


def working_calendar(owner: Person | None, hours: BusinessHours, at: datetime) -> BusinessCalendar:
    """Return the owner's business hours, without holidays if those can't be told: an incident must open."""
    try:
        return owners_calendar(owner, hours, at)
    except InvalidInputError:
        logger.exception("deadlines of this incident know no public holidays")
        zone = owner.zone if owner else "UTC"
        return business_calendar(zone, "", "", hours, at)


def open_door_parts(settings: Settings) -> DoorParts:
    """Return the parts, with the databases brought to their newest form first."""
    migrate(settings.databases)
    queries = open_queries(settings)
    probe = OpenFeatureProbe(settings.door.url, settings.probe_token)
    return DoorParts(
        queries=queries,
        flags=FlagLever(queries.switches, probe),
        texts=SealedTexts(AesVault(settings.keys.master, queries.keys), queries.texts),
    )
