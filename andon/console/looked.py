"""What somebody who looks through access chains asks for, and what is found."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from andon.console.models.access import AccessFound, access_found, access_place
from andon.console.parts import Parts
from andon.domain.errors import InvalidInputError
from andon.register.access_index import AccessIndex, AccessSought

PEOPLE: Final = "person:"
NOT_PEOPLE: Final = frozenset({"andon", "custodian", "unknown"})
LONGEST: Final = 128


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was typed, all of it text."""

    who: str = ""
    what: str = ""
    since: str = ""
    until: str = ""
    incident: str = ""

    def sought(self, zone: tzinfo) -> AccessSought:
        """Return what is looked for; days are those of `zone`, the last one included.

        Raises:
            InvalidInputError: a day is none.
        """
        last = _day(self.until, zone)
        return AccessSought(
            incident=self.incident,
            actor=actor_of(self.who),
            kind=self.what,
            since=_day(self.since, zone),
            until=_next_day(last, zone) if last is not None else None,
        )

    def query(self) -> dict[str, str]:
        """Return what is not empty, as the address says it."""
        names = ("who", "what", "since", "until", "incident")
        return {name: text for name in names if (text := str(getattr(self, name)))}


def asked_of(query: Mapping[str, str], **fixed: str) -> Asked:
    """Return the search in an address."""
    typed = {name: query.get(name, "").strip()[:LONGEST] for name in ("who", "what", "since", "until")}
    return Asked(**typed, incident=fixed.get("incident", query.get("incident", "").strip()[:64]))


def actor_of(who: str) -> str:
    """Return how the chains name somebody: people by their id alone, programs as they are."""
    return who if not who or ":" in who or who in NOT_PEOPLE else f"{PEOPLE}{who}"


async def look(parts: Parts, sought: AccessSought, after: str, limit: int) -> AccessFound:
    """Return what is found, newest first.

    Raises:
        InvalidInputError: `after` is none that an earlier answer gave.
    """
    index = AccessIndex(parts.databases.register)
    place = access_place(after) if after else None
    found = await asyncio.to_thread(index.find, sought, after=place, limit=limit + 1)
    total = await asyncio.to_thread(index.count, sought)
    return access_found(found, total, limit)


def _day(text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(f"{text[:32]!r} is no day; write it as 2026-03-01") from error


def _next_day(midnight: datetime, zone: tzinfo) -> datetime:
    """Return the midnight after one; days are not all of the same length."""
    local = midnight.astimezone(zone)
    return datetime.combine(local.date() + timedelta(days=1), time(), zone).astimezone(UTC)
