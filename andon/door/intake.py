"""Taking a detection in: joined to its open incident, or a new one opened and contained."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from andon.bootstrap import Queries
from andon.domain.detection import DetectionReport, Outcome
from andon.domain.incident import Arrival, OpenIncident
from andon.domain.severity import Band, assess
from andon.domain.spills import ADVICE, spills
from andon.domain.stage import Stage
from andon.domain.use import OUT_OF_USE, remark_on
from andon.domain.values import IncidentId
from andon.door.answers import Answer, OrderShown
from andon.door.books import Case, TakenElsewhereError
from andon.door.engine import Engine, EngineAwayError
from andon.door.holding import Holding
from andon.door.joined import Joined
from andon.door.opening import Arrived
from andon.door.outage import Outage, Spooled
from andon.door.placing import Placing, Put
from andon.door.policy import PolicyDesk
from andon.door.rates import Rates
from andon.door.turns import Turns, rank, rank_of
from andon.door.weighing import weigh
from andon.register.detections import Detection
from andon.register.incidents import IncidentRow
from andon.register.untold import Owed

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 0.025
WRITERS: Final = 4
"""Detections that are written down at a time: the register has one writer, and the others wait in order."""
HOLDERS: Final = 4
"""Incidents whose levers are held at a time; that waits for no workflow, and takes moments."""
STARTERS: Final = 8
"""Incidents that are started at a time; above this a small Temporal only gets slower."""
START_WITHIN: Final = 2.0
"""Seconds a sender waits for an incident's turn to start; its levers are held by then."""


class Intake:
    """What happens to a report between the request and its answer."""

    def __init__(
        self,
        *,
        queries: Queries,
        policy: PolicyDesk,
        placing: Placing,
        engine: Engine,
        holding: Holding,
        outage: Outage,
        rates: Rates,
        console_url: str,
    ) -> None:
        self._incidents = queries.incidents
        self._policy = policy
        self._placing = placing
        self._engine = engine
        self._holding = holding
        self._detections = queries.detections
        self._console_url = console_url.rstrip("/")
        self.writers = Turns(WRITERS)
        self.starters = Turns(STARTERS)
        self._holders = Turns(HOLDERS)
        self.outage = outage
        self.rates = rates
        self.joined = Joined(queries.incidents, engine, queries.untold)
        self.starting: set[IncidentId] = set()
        """Incidents whose requests are under way; the drain leaves them alone."""

    async def take(
        self, report: DetectionReport, arrived: Arrived, *, wait: timedelta = timedelta()
    ) -> Answer:
        """Take one detection.

        Args:
            report: the detection, its form checked.
            arrived: receipt, source and time.
            wait: how long to wait for proof of containment.

        Raises:
            InvalidInputError: policy does not know a word in it.
            ProblemError: 429, its source sends more than it may.
        """
        known = self._policy.system(report.system)
        weighed = weigh(report, self._policy.in_force.shelf, arrived.received_at, known)
        system = self._policy.name_of(report.system)
        case = Case(weighed, arrived, report.title, report.description, system)
        if system != report.system:
            case = case.noting(f"AI system as reported: {report.system}")
        if report.sessions:
            case = case.noting(f"Sessions: {' '.join(report.sessions)}")
        self.rates.admit(arrived, system, stops=weighed.assessment.containment_required)
        answer = await self._taken(case, wait)
        found = [ADVICE[one] for one in spills(report.title, report.description)]
        advice = (*found, *await self._out_of_use(system))
        return answer.model_copy(update={"advice": advice})

    async def _out_of_use(self, system: str) -> list[str]:
        """Remark on an AI system that is out of use; a register that is away costs the remark alone."""
        if self.outage.away:
            return []
        try:
            decided = await asyncio.to_thread(self._incidents.use_decided, system)
        except SQLAlchemyError:
            return []
        return [remark_on(decided)] if decided is not None and decided.use in OUT_OF_USE else []

    async def _taken(self, case: Case, wait: timedelta) -> Answer:
        """Put a detection where it belongs; while the register takes nothing, on disk."""
        try:
            put = await self._placed(case)
        except TakenElsewhereError:
            kept = await asyncio.to_thread(self._detections.get, case.arrived.receipt)
            assert kept is not None  # noqa: S101 - a detection is never taken out of the register
            return await self.as_it_stands(kept)
        if put is None:
            return self.kept(await self.outage.keep(case))
        try:
            return await self._answered(put, wait)
        except SQLAlchemyError as error:
            # It stands in the register; what more there is to say will stand there too.
            self.outage.failed(error)
            return self.kept(Spooled(put.case, put.incident))

    async def _placed(self, case: Case) -> Put | None:
        """Return None when the register takes nothing."""
        assessment = case.weighed.assessment
        async with self.writers.turn(rank(assessment.severity, assessment.priority)):
            if self.outage.away:
                return None
            try:
                system = await asyncio.to_thread(self._policy.named, case.system)
                return await self._placing.put(case, system)
            except SQLAlchemyError as error:
                self.outage.failed(error)
                return None

    def kept(self, spooled: Spooled) -> Answer:
        """Answer for a detection that waits in the spool."""
        return Answer(
            receipt=spooled.case.arrived.receipt,
            outcome=Outcome.SPOOLED,
            incident=spooled.incident,
            url=self._url(spooled.incident) if spooled.incident else None,
            stage=Stage.DETECT if spooled.incident else None,
            severity=spooled.case.weighed.assessment.severity,
            contained=False,
            orders=spooled.orders,
        )

    async def as_it_stands(self, kept: Detection) -> Answer:
        """Return the answer to a detection that was taken before, as things stand now."""
        row = await asyncio.to_thread(self._incidents.get, kept.incident) if kept.incident else None
        answer = Answer(
            receipt=kept.id,
            outcome=kept.outcome,
            incident=kept.incident,
            url=self._url(kept.incident) if kept.incident else None,
            stage=None,
            severity=self._weighed_again(kept),
            contained=False,
            orders=(),
        )
        return await self._as_it_stands(answer, row) if row else answer

    def _weighed_again(self, kept: Detection) -> Band:
        policy = self._policy.in_force.shelf.severity
        asserted = policy.read_term(kept.severity)
        return assess(policy, kept.facts, kept.potential_facts, asserted=asserted).severity

    async def _answered(self, put: Put, wait: timedelta) -> Answer:
        if put.opening is not None:
            answer = await self.start(put.opening)
            await self._placing.suggest(put.opening)
            return await self.looked_at(answer, wait)
        if put.incident is not None:
            return await self._joined(put.incident, put.case, wait, put.owed)
        return _logged(put.case, put.issue)

    def check_severity(self, sent: dict[str, Any]) -> None:
        """Refuse a severity that is not one of the words policy maps, a number above all.

        Raises:
            UnknownTermError: with the list of words.
        """
        self._policy.in_force.shelf.severity.read_term(sent.get("severity"))

    async def start(self, opening: OpenIncident, *, held: tuple[OrderShown, ...] = ()) -> Answer:
        """Hold an allotted incident's flags and hand it to its workflow, side by side.

        Containment waits for no workflow task: the workflow finds the holds by its own keys, adopts
        and proves them. While Temporal is away they stand all the same.

        Args:
            opening: the incident, as it was allotted.
            held: orders that were applied here already.
        """
        self.starting.add(opening.incident)
        try:
            async with self.starters.turn(rank_of(opening)):
                orders, stage = await asyncio.gather(self._held(opening, held), self._started(opening))
        finally:
            self.starting.discard(opening.incident)
        if stage is None:
            return self._opened(opening, Outcome.SPOOLED, Stage.DETECT, orders)
        return self._opened(opening, Outcome.OPENED, stage, orders)

    async def join(self, incident: IncidentId, case: Case, wait: timedelta) -> Answer:
        """Note one more detection of an incident, whether or not it has been closed meanwhile."""
        await self._placing.join(case, incident)
        return await self._joined(incident, case, wait)

    async def looked_at(self, answer: Answer, patience: timedelta) -> Answer:
        """Return the answer once containment is proven, or as things stand when time is up."""
        if answer.incident is None or answer.outcome is Outcome.SPOOLED or not answer.orders:
            return answer
        until = asyncio.get_running_loop().time() + patience.total_seconds()
        while not answer.contained and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            row = await asyncio.to_thread(self._incidents.get, answer.incident)
            if row is not None and (row.view_json is not None):
                answer = await self._as_it_stands(answer, row)
        return answer

    async def _joined(
        self,
        incident: IncidentId,
        case: Case,
        wait: timedelta,
        owed: Owed | None = None,
    ) -> Answer:
        self.joined.note(incident, case.arrived.receipt, case.arrived.received_at, owed)
        if owed is not None and (owed.graver or owed.sessions) and not self._engine.away:
            await self.joined.tell_one(incident)
        row = await asyncio.to_thread(self._incidents.get, incident)
        answer = Answer(
            receipt=case.arrived.receipt,
            outcome=Outcome.JOINED,
            incident=incident,
            url=self._url(incident),
            stage=Stage.DETECT,
            severity=case.weighed.assessment.severity,
            contained=False,
            orders=(),
        )
        return await self.looked_at(await self._as_it_stands(answer, row) if row else answer, wait)

    async def _held(self, opening: OpenIncident, held: tuple[OrderShown, ...]) -> tuple[OrderShown, ...]:
        if held:
            return held
        async with self._holders.turn(rank_of(opening)):
            return await self._holding.hold(opening)

    async def _started(self, opening: OpenIncident) -> Stage | None:
        """Return the stage the workflow shows; None: Temporal is away or busy, and the drain starts it."""
        if self._engine.away:
            return None
        try:
            async with self.starters.turn(rank_of(opening), within=START_WITHIN):
                received = await self._engine.open(opening, arrival_of(opening))
        except TimeoutError:
            return None
        except EngineAwayError as error:
            logger.warning("spooled at the door: %s", error, extra={"incident": opening.incident})
            return None
        await asyncio.to_thread(self._incidents.mark_started, opening.incident, datetime.now(UTC))
        return received.stage

    async def _as_it_stands(self, answer: Answer, row: IncidentRow) -> Answer:
        return answer.model_copy(
            update={
                "stage": row.stage,
                "severity": row.severity,
                "contained": row.contained,
                "orders": await self._holding.standing(row),
            }
        )

    def _opened(
        self, opening: OpenIncident, outcome: Outcome, stage: Stage, orders: tuple[OrderShown, ...]
    ) -> Answer:
        return Answer(
            receipt=opening.detection,
            outcome=outcome,
            incident=opening.incident,
            url=self._url(opening.incident),
            stage=stage,
            severity=opening.severity,
            contained=False,
            orders=orders,
        )

    def _url(self, incident: IncidentId) -> str:
        return f"{self._console_url}/incidents/{incident}"


def arrival_of(opening: OpenIncident) -> Arrival:
    """Return the first detection of an incident as its workflow is told of it."""
    return Arrival(
        detection=opening.detection,
        received_at=opening.opened_at,
        source=opening.source,
        channel=opening.channel,
    )


def _logged(case: Case, issue: str | None) -> Answer:
    return Answer(
        receipt=case.arrived.receipt,
        outcome=Outcome.QUALITY_ISSUE,
        incident=None,
        issue=issue,
        url=None,
        stage=None,
        severity=case.weighed.assessment.severity,
        contained=False,
        orders=(),
    )
