"""What the door does while the register takes nothing: it keeps detections in its spool and holds levers.

Once the register is back each is put where it belongs, in the order they came in and with their own times.
A receipt that the register has already is passed over, so a crash at any moment loses and doubles nothing.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from andon.domain.detection import UNKNOWN_SYSTEM, DetectionReport
from andon.domain.errors import InvalidInputError
from andon.domain.incident import OpenIncident
from andon.domain.playbook import Plan
from andon.domain.system import AISystem, unregistered
from andon.domain.values import Carried, IncidentId
from andon.door.answers import OrderShown, first_orders
from andon.door.books import Books, Case, TakenElsewhereError
from andon.door.holding import Holding
from andon.door.joined import Joined
from andon.door.limit import PROGRAM, WINDOW
from andon.door.opening import Arrived
from andon.door.placing import Placing
from andon.door.policy import PolicyDesk
from andon.door.spool import Place, Spool
from andon.door.weighing import weigh
from andon.register.detections import Detections

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 1.0
OURS: Final = (IntegrityError, DataError, ProgrammingError)
"""Errors of a statement, not of a register that is away."""


class Kept(Carried):
    """One detection as it stands in the spool."""

    arrived: Arrived
    report: DetectionReport
    title: str
    description: str
    system: str
    dedupe: str | None
    opening: OpenIncident | None = None
    """The incident whose levers were held at once; it is opened just so."""
    joins: IncidentId | None = None
    """The incident in the spool that it was told it belongs to."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A detection that is kept on disk, and what was done at once."""

    case: Case
    incident: IncidentId | None = None
    orders: tuple[OrderShown, ...] = ()


class Outage:
    """Knows whether the register takes what it is given, and stands in for it."""

    def __init__(
        self,
        *,
        spool: Spool,
        books: Books,
        placing: Placing,
        policy: PolicyDesk,
        holding: Holding,
        detections: Detections,
        stops_an_hour: int,
    ) -> None:
        self._spool = spool
        self._books = books
        self._placing = placing
        self._policy = policy
        self._holding = holding
        self._detections = detections
        self._stops_an_hour = stops_an_hour
        self._left: dict[Place, Kept] = {}
        self._stuck: set[Place] = set()
        self._openings: dict[IncidentId, Kept] = {}
        self._by_key: dict[str, IncidentId] = {}
        self.away = False
        """Whether what comes in goes to the spool: the register is away, or older detections go first."""

    @property
    def kept(self) -> list[Kept]:
        """What waits in the spool, oldest first."""
        return [self._left[place] for place in sorted(self._left)]

    def load(self) -> None:
        """Read what was kept before a crash or a stop."""
        for place, content in self._spool.open():
            kept = self._left[place] = Kept.model_validate_json(content)
            self._note(kept)
        self.away = bool(self._left)

    def close(self) -> None:
        """Let go of the spool; what is kept stays."""
        self._spool.close()

    def failed(self, error: SQLAlchemyError) -> None:
        """Take note that the register did not take something."""
        logger.error("the register took nothing: %s", type(error).__name__)
        if not isinstance(error, OURS):
            self.away = True

    async def keep(self, case: Case, *, plan: Plan | None = None, dedupe: str | None = None) -> Spooled:
        """Keep a detection on disk, then hold the levers it calls for.

        Args:
            case: the detection.
            plan: what a person who pulls the cord asks for; otherwise policy says.
            dedupe: the key of a stop.

        Raises:
            SpoolFullError: it is not kept, and nothing was done.
        """
        key = dedupe or self._placing.key_of(case)
        known = self._by_key.get(key) if key else None
        opening = self._opening(case, plan) if known is None else None
        kept = Kept(
            arrived=case.arrived,
            report=case.report,
            title=case.title,
            description=case.description,
            system=case.system,
            dedupe=key,
            opening=opening,
            joins=known,
        )
        # Noted before it is on disk: whoever comes with the same key meanwhile belongs to the same incident.
        self._note(kept)
        try:
            place = await self._spool.keep(kept.model_dump_json().encode())
        except BaseException:
            self._forget(kept)
            raise
        self._left[place] = kept
        named = opening or (self._openings[known].opening if known in self._openings else None)
        orders = await self._holding.hold(named) if named else ()
        return Spooled(case, named.incident if named else None, orders)

    async def keep_draining(self, joined: Joined) -> None:
        """Drain every second, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.drain(joined)
            except Exception:  # nothing is lost: the spool still holds what waits
                logger.exception("the spool could not be drained")

    async def drain(self, joined: Joined) -> None:
        """Put what is kept where it belongs, as far as the register takes it."""
        while self.away:
            ahead = sorted(set(self._left) - self._stuck)
            for place in ahead:
                if not await self._settled(place, joined):
                    return
            if not ahead and not await self._is_back():
                return

    async def _is_back(self) -> bool:
        """Go back to a register that takes what it is given, unless something was just kept."""
        try:
            await asyncio.to_thread(self._books.try_writing)
        except SQLAlchemyError:
            return False
        if set(self._left) <= self._stuck:
            self.away = False
            self._stuck.clear()
            logger.warning("the register takes detections again")
        return True

    async def _settled(self, place: Place, joined: Joined) -> bool:
        """Put one where it belongs; return False when the register takes nothing."""
        kept = self._left[place]
        try:
            with suppress(TakenElsewhereError):
                await self._put(kept, joined)
        except Exception as error:  # one that can't be put in must not keep the others out; it stays kept
            if isinstance(error, SQLAlchemyError) and not isinstance(error, OURS):
                logger.warning("the spool waits for the register: %s", type(error).__name__)
                return False
            logger.exception("a kept detection can't be put in", extra={"receipt": kept.arrived.receipt})
            self._stuck.add(place)
            return True
        del self._left[place]
        self._forget(kept)
        await self._spool.settle(place)
        return True

    async def _put(self, kept: Kept, joined: Joined) -> None:
        if await asyncio.to_thread(self._detections.get, kept.arrived.receipt) is not None:
            return
        case = self._weighed_again(kept)
        if kept.opening is not None:
            await self._placing.adopt(case, kept.opening, kept.dedupe)
            return
        by_stop = kept.joins if kept.report.dedupe_key is None else None
        if by_stop is not None and await self._books.join(case, by_stop):
            joined.note(by_stop, kept.arrived.receipt, kept.arrived.received_at)
            return
        system = await asyncio.to_thread(self._policy.named, kept.system)
        put = await self._placing.put(case, system)
        if put.opening is None and put.incident is not None:
            joined.note(put.incident, kept.arrived.receipt, kept.arrived.received_at, put.owed)

    def _weighed_again(self, kept: Kept) -> Case:
        shelf, system = self._policy.in_force.shelf, self._policy.system(kept.system)
        try:
            weighed = weigh(kept.report, shelf, kept.arrived.received_at, system)
        except InvalidInputError as error:
            # Policy has changed since it was acknowledged; what it says is unknown now, and it stays.
            logger.warning("policy no longer knows a word of a kept detection: %s", error)
            bare: dict[str, object] = {
                "facts": {},
                "potential_facts": {},
                "trigger": None,
                "severity": None,
                "evidence": (),
            }
            known = {name: value for name, value in bare.items() if name in type(kept.report).model_fields}
            weighed = weigh(kept.report.model_copy(update=known), shelf, kept.arrived.received_at, system)
        return Case(weighed, kept.arrived, kept.title, kept.description, kept.system)

    def _opening(self, case: Case, plan: Plan | None) -> OpenIncident | None:
        """Return the incident whose levers are to be held at once, if there are any not held yet."""
        if plan is None:
            if not self._calls_for_holds(case):
                return None
            plan = self._placing.plan_unlimited(case, self._system(case.system))
        opening = self._books.opening_ahead(case, plan)
        return opening if first_orders(opening) else None

    def _calls_for_holds(self, case: Case) -> bool:
        weighed, arrived = case.weighed, case.arrived
        if not (weighed.calls_for_incident and weighed.assessment.containment_required):
            return False
        held = [one for one in self._openings.values() if one.opening is not None]
        same = [one.opening.severity for one in held if one.opening and one.system == case.system]
        if any(severity >= weighed.assessment.severity for severity in same):
            return False
        if not arrived.source.startswith(PROGRAM):
            return True
        since = arrived.received_at - WINDOW
        mine = [one for one in held if one.arrived.source == arrived.source]
        stopped = {one.system for one in mine if one.arrived.received_at >= since}
        own = arrived.limits.stops_per_hour
        return case.system in stopped or len(stopped) < (self._stops_an_hour if own is None else own)

    def _system(self, name: str) -> AISystem:
        """Return an AI system without asking the register; one first heard of is registered later."""
        if name == UNKNOWN_SYSTEM or self._policy.system(name) is not None:
            return self._policy.named(name)
        return unregistered(name, self._policy.in_force.lead())

    def _note(self, kept: Kept) -> None:
        if kept.opening is not None:
            self._openings[kept.opening.incident] = kept
            if kept.dedupe:
                self._by_key.setdefault(kept.dedupe, kept.opening.incident)

    def _forget(self, kept: Kept) -> None:
        if kept.opening is not None:
            self._openings.pop(kept.opening.incident, None)
            if kept.dedupe and self._by_key.get(kept.dedupe) == kept.opening.incident:
                del self._by_key[kept.dedupe]
