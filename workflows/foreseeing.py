"""What would be held while a playbook only observes or asks first, and when that ends."""

from __future__ import annotations

from collections.abc import Iterable

from temporalio import workflow

from andon.domain.containment import Order
from andon.domain.decision import DecisionRecord
from andon.domain.directory import Role
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.ledger import Kind
from andon.domain.mode import Foreseen, Mode
from workflows.notices import Notices
from workflows.tape import Tape

CONFIRMED = "confirm"
ASKED = (Role.BUSINESS_OWNER, Role.INCIDENT_LEAD)


class Foreseeing:
    """Keeps what one incident would have stopped, had it been allowed to."""

    def __init__(self, opening: OpenIncident, state: IncidentState, tape: Tape, notices: Notices) -> None:
        self._mode = opening.plan.mode
        self._opened_at = opening.opened_at
        self._state = state
        self._tape = tape
        self._notices = notices

    def enforces(self) -> bool:
        """Whether orders are given."""
        return self._mode is Mode.ENFORCE or bool(self._state.enforced_by)

    async def settled(self) -> None:
        """Wait until triage has said whether what is foreseen is ordered."""
        await workflow.wait_condition(lambda: self._state.mode_settled)

    def note(self, orders: Iterable[Order], *, costly: bool) -> None:
        """Put on record what would have been held, once for each lever."""
        known = {one.lever.id for one in self._state.foreseen}
        fresh = [order for order in orders if order.lever.id not in known]
        for order in fresh:
            self._state.foreseen.append(
                Foreseen(
                    lever=order.lever,
                    since=order.ordered_at,
                    severity=self._state.severity,
                    limit=order.limit,
                    costly=costly,
                    cost=order.cost,
                )
            )
            self._tape.add(
                Kind.WOULD_HOLD,
                subject=order.lever.id,
                after=order.lever.verb.value,
                facts={
                    "mode": self._mode.value,
                    "costly": costly,
                    **(order.cost.facts() if order.cost else {}),
                },
            )
        if fresh and self._mode is Mode.WARN:
            self._notices.word("would_stop", self._state.severity.value, ASKED)

    def triaged(self, triage: DecisionRecord) -> bool:
        """Say whether orders are given now that triage has an effect, and were not before.

        A person who confirms an incident always has it contained. Silence does so only where the playbook
        asks first: it must not be safer to leave a question alone than to answer it.
        """
        if self.enforces():
            return False
        silent = triage.outcome is None
        enforced = self._mode is Mode.WARN if silent else triage.outcome == CONFIRMED
        if not enforced and self._state.mode_settled:
            return False
        waited = int((workflow.now() - self._opened_at).total_seconds())
        facts: dict[str, str | int | bool] = {"levers": len(self._state.foreseen), "after_seconds": waited}
        if enforced:
            self._state.enforced_by = triage.request.id
        if self._state.foreseen or enforced:
            kind = Kind.ENFORCED if enforced else Kind.NOT_ENFORCED
            self._tape.add(kind, subject=triage.request.id, before=self._mode.value, facts=facts)
        self._state.mode_settled = True
        return enforced
