"""What the door stands on: queries, the flag lever and sealed texts, without the vendors it never calls."""

from __future__ import annotations

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
from andon.ports import LeverControl
from andon.register.migrate import migrate


@dataclass(frozen=True, slots=True)
class DoorParts:
    """Queries, the lever the door may pull, and where people's words go."""

    queries: Queries
    flags: LeverControl
    texts: SealedTexts


def owners_calendar(owner: Person | None, hours: BusinessHours, at: datetime) -> BusinessCalendar:
    """Return the business hours of whoever owns an AI system; of somebody unknown, those of UTC."""
    zone, country, region = (owner.zone, owner.country, owner.region) if owner else ("UTC", "", "")
    return business_calendar(zone, country, region, hours, at)


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
