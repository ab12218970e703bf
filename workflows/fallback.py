"""The manual process that begins with a pause and ends when the AI system runs again."""

from __future__ import annotations

from datetime import datetime

from andon.domain.containment import IN_FORCE, Order
from andon.domain.directory import Role
from andon.domain.fallback import STARTS_WITH, FallbackRun
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.ledger import Kind
from workflows.notices import Notices
from workflows.tape import Tape

CALLED_ON = (Role.BUSINESS_OWNER, Role.OPERATIONS)


class Fallback:
    """When people do by hand what one AI system did."""

    def __init__(self, opening: OpenIncident, state: IncidentState, tape: Tape, notices: Notices) -> None:
        self._plan = opening.plan
        self._state = state
        self._tape = tape
        self._notices = notices

    def held(self, order: Order, at: datetime) -> None:
        """Begin with the first order that stops the whole system; a missing one is told at once."""
        if order.lever.verb not in STARTS_WITH or self._plan.fallback is None or self._running():
            return
        owner = self._plan.fallback.owner
        self._state.fallbacks.append(FallbackRun(owner=owner, began_at=at))
        if owner is None:
            self._tape.add(Kind.FALLBACK_MISSING, subject=self._plan.system, at=at)
            self._notices.word("fallback_missing", self._plan.system, CALLED_ON)
        else:
            self._tape.add(Kind.FALLBACK_BEGUN, subject=self._plan.system, after=owner, at=at)

    def let_go(self, at: datetime) -> None:
        """End once nothing stops the whole system any more."""
        stopping = any(
            record.state in IN_FORCE and record.order.lever.verb in STARTS_WITH
            for record in self._state.orders.values()
        )
        if stopping or not self._running():
            return
        last = self._state.fallbacks[-1]
        self._state.fallbacks[-1] = last.model_copy(update={"ended_at": at})
        self._tape.add(Kind.FALLBACK_ENDED, subject=self._plan.system, after=last.owner or "", at=at)

    def _running(self) -> bool:
        return bool(self._state.fallbacks) and self._state.fallbacks[-1].ended_at is None
