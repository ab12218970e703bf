"""Looking through ledgers: the entries that fit, page by page, in either direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from andon.domain.ledger import Chain, Entry
from andon.domain.sift import Sift
from andon.domain.values import IncidentId
from andon.register.ledger import Ledger

AT_A_TIME: Final = 500
LOOKED_THROUGH: Final = 10_000
"""Entries that one request reads at most; where it stopped, the next one goes on."""

Read = Callable[[int | None, int], Sequence[Entry]]


def newest(
    ledger: Ledger, incident: IncidentId, sift: Sift, *, before: int | None, limit: int
) -> tuple[list[Entry], int | None]:
    """Return the newest entries that fit, and before which sequence the older ones begin."""
    return _gathered(
        lambda place, most: ledger.latest(incident, before=place, limit=most), sift, before, limit
    )


def oldest(
    ledger: Ledger,
    incident: IncidentId,
    sift: Sift,
    *,
    chain: Chain = Chain.RESPONSE,
    after: int | None,
    limit: int,
) -> tuple[list[Entry], int | None]:
    """Return the oldest entries that fit, and after which sequence the later ones begin."""
    return _gathered(
        lambda place, most: ledger.entries(incident, chain, after=place, limit=most), sift, after, limit
    )


def _gathered(read: Read, sift: Sift, place: int | None, limit: int) -> tuple[list[Entry], int | None]:
    """Read on until one more fits than is wanted: only then is there a page after this one."""
    found: list[Entry] = []
    most = AT_A_TIME if sift.narrows else limit + 1
    for _ in range(0, LOOKED_THROUGH, most):
        page = read(place, most)
        found += filter(sift.holds, page)
        if len(found) > limit:
            return found[:limit], found[limit - 1].sequence
        if len(page) < most:
            return found, None
        place = page[-1].sequence
    return found, place
