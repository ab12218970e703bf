"""Looking at the signals of an AI system while it is watched after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from temporalio import activity

from activities.final import final_errors
from andon.domain.errors import SourceError
from andon.domain.watch import (
    VERSIONS,
    Limit,
    LookCall,
    Looked,
    LookKept,
    Round,
    Saw,
    Stated,
    StatedCall,
)
from andon.ports import SignalReader, WatchBook


class WatchActivities:
    """Reads numbers and keeps what was seen for people; what follows from it is the workflow's to say."""

    def __init__(self, signals: SignalReader, book: WatchBook, now: Callable[[], datetime]) -> None:
        self._signals = signals
        self._book = book
        self._now = now

    @activity.defn(name="watch.stated")
    async def stated(self, call: StatedCall) -> Stated:
        """Return the limits that a watch of this AI system goes by from now on."""
        with final_errors():
            signals = await self._signals.stated(call.system)
        return Stated(limits=tuple(one.limit() for one in signals))

    @activity.defn(name="watch.look")
    async def look(self, call: LookCall) -> Round:
        """Look at every signal once, side by side, and keep what was seen."""
        looks = await asyncio.gather(*(self._looked(call, limit) for limit in call.limits))
        await self._book.keep(call.incident, call.watch, self._kept(call, looks))
        return Round(looks=tuple(looks))

    async def _looked(self, call: LookCall, limit: Limit) -> Looked:
        try:
            value = await self._signals.read(call.system, limit.name)
        except SourceError as error:
            return Looked(name=limit.name, saw=Saw.UNREADABLE, why=str(error.reason))
        saw = limit.judge(value)
        return Looked(name=limit.name, saw=saw, value=None if saw is Saw.UNREADABLE else value)

    def _kept(self, call: LookCall, looks: Sequence[Looked]) -> list[LookKept]:
        at, limits = self._now(), {one.name: one for one in call.limits}
        kept = [LookKept(name=VERSIONS, saw=call.versions, at=at)] if call.versions else []
        for look in looks:
            limit = limits[look.name]
            missed = call.unread.get(look.name, 0) + 1 if look.saw is Saw.UNREADABLE else 0
            kept.append(
                LookKept(
                    name=look.name,
                    saw=look.saw,
                    value=look.value,
                    why=look.why,
                    most=limit.most,
                    least=limit.least,
                    unread=missed,
                    at=at,
                )
            )
        return kept
