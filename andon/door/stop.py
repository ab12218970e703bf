"""Pulling the cord: a person stops an AI system at once, and an incident is opened for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError

from andon.api.problems import ProblemError
from andon.domain.containment import Lever, OrderState, Verb
from andon.domain.cord import REASON_AT_MOST, pulled_by_hand
from andon.domain.detection import Channel, DetectionReport
from andon.domain.errors import InvalidInputError
from andon.domain.incident import OpenIncident
from andon.domain.playbook import ContainmentStep, Plan
from andon.domain.severity import Band
from andon.domain.system import AISystem
from andon.domain.values import Frozen, IncidentId
from andon.door.answers import Answer, OrderShown
from andon.door.books import Books, Case
from andon.door.holding import Holding
from andon.door.intake import Intake
from andon.door.opening import Arrived, Secrets, led_by, plan_for
from andon.door.policy import PolicyDesk
from andon.door.weighing import weigh
from andon.register.switches import Switches

FLOOR: Final = "high"
"""Severity that a stop asserts: whoever pulls the cord need not know why yet."""
NOT_HELD: Final = frozenset({OrderState.REQUESTED, OrderState.FAILED})


class StopRequest(Frozen):
    """What to stop, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    system: str = Field(min_length=1, max_length=64, examples=["refund_desk"])
    reason: str = Field(min_length=1, max_length=REASON_AT_MOST)
    verb: Verb = Verb.PAUSE_SYSTEM
    target: str = Field("", pattern=r"^[a-z0-9_]{0,64}$", description="tool, route or source")


class Cord:
    """Stops AI systems. Nothing on the way to the hold needs Temporal."""

    def __init__(
        self,
        intake: Intake,
        books: Books,
        policy: PolicyDesk,
        keys: Secrets,
        holding: Holding,
        switches: Switches,
    ) -> None:
        self._intake = intake
        self._books = books
        self._policy = policy
        self._keys = keys
        self._holding = holding
        self._switches = switches

    async def pull(self, request: StopRequest, arrived: Arrived, wait: timedelta) -> Answer:
        """Put the hold on, then open the incident whose first order it is.

        A stop that is pulled twice joins the incident of the first, while its hold stands.

        Raises:
            InvalidInputError: the system can't be stopped in this way; the message says how it can.
            ProblemError: 404, no such AI system; 503, the hold could not be put on.
        """
        system = self._registered(request.system)
        lever = lever_for(system, request)
        report = DetectionReport(
            system=system.id,
            channel=Channel.HUMAN_REVIEW,
            title=f"Stopped by hand: {lever.id}",
            description=request.reason,
            severity=FLOOR,
        )
        weighed = weigh(report, self._policy.in_force.shelf, arrived.received_at, system)
        case = Case(weighed, arrived, report.title, report.description, system.id)
        step = ContainmentStep(verb=lever.verb, target=lever.target, at=tuple(Band))
        plan = led_by(
            plan_for(system, None, self._policy.in_force, self._keys.trusted, arrived.received_at),
            lever,
            step,
        )
        dedupe = self._keys.dedupe(system.id, lever.id, purpose="stop")
        outage = self._intake.outage
        if not outage.away:
            try:
                return await self._pulled(case, plan, dedupe, wait)
            except SQLAlchemyError as error:
                outage.failed(error)
        spooled = await outage.keep(case, plan=plan, dedupe=dedupe)
        _refuse_unless_held(spooled.orders, system.id, spooled.incident)
        return self._intake.kept(spooled)

    async def _pulled(self, case: Case, plan: Plan, dedupe: str | None, wait: timedelta) -> Answer:
        allotment, opening = await self._books.allot(case, plan, dedupe)
        if not allotment.opened:
            if await self._held_by(allotment.incident, plan.system):
                return await self._intake.join(allotment.incident, case, wait)
            # Its own hold is off, as after a restart: this stop needs one of its own.
            _, opening = await self._books.allot(case, plan, None)
        return await self._stopped(opening, wait)

    async def _stopped(self, opening: OpenIncident, wait: timedelta) -> Answer:
        held = await self._holding.hold(opening)
        _refuse_unless_held(held, opening.plan.system, opening.incident)
        return await self._intake.looked_at(await self._intake.start(opening, held=held), wait)

    async def _held_by(self, incident: IncidentId, system: str) -> bool:
        standing = await asyncio.to_thread(self._switches.holds, system)
        return any(hold.order == f"{incident}/order/1" for hold in standing)

    def check(self, answer: Answer, system: str) -> Answer:
        """Return the answer to a stop that was pulled before, unless its hold is not there.

        Raises:
            ProblemError: 503, nothing was held then and nothing is held now.
        """
        if answer.orders and answer.orders[0].state in NOT_HELD:
            _refuse_unless_held(answer.orders, system, answer.incident)
        return answer

    def _registered(self, name: str) -> AISystem:
        found = self._policy.system(name)
        if found is None:
            raise ProblemError(
                404,
                "no-such-system",
                f"Nothing was stopped: no AI system {name!r} is registered. "
                f"Registered are: {', '.join(self._policy.names()) or 'none'}.",
            )
        return found


def _refuse_unless_held(held: Sequence[OrderShown], system: str, incident: str | None) -> None:
    if held and held[0].state is OrderState.APPLIED:
        return
    raise ProblemError(
        503,
        "not-stopped",
        f"{system} is NOT stopped: the switch store did not take the hold. "
        f"It is tried again for {incident}; stop it by other means meanwhile.",
    )


def lever_for(system: AISystem, request: StopRequest) -> Lever:
    """Return the flag lever that a stop asks for; every system can be paused.

    Raises:
        InvalidInputError: the system has no such lever that the door may use.
    """
    levers = pulled_by_hand(system)
    for lever in levers:
        if lever.verb is request.verb and lever.target == request.target:
            return lever
    able = sorted(f"{one.verb} {one.target}".strip() for one in levers)
    raise InvalidInputError(
        f"Nothing was stopped: {system.id} has no lever {request.verb} {request.target}".rstrip()
        + f"; it has: {', '.join(able)}"
    )
