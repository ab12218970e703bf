"""Orders that no lever carries out: given to a person, proven by their word, and undone by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

from andon.domain.containment import Applied, Order, OrderState, Proof
from andon.domain.declaration import Declaration
from andon.domain.directory import Role
from andon.domain.incident import IncidentState, OpenIncident, OrderRecord
from andon.domain.ledger import Kind
from andon.domain.stage import Stage
from andon.domain.task import ByHand, Task, TaskState
from workflows.notices import Notices
from workflows.tape import Tape

CODES = {ByHand.HOLD: "contain_by_hand", ByHand.RELEASE: "undo_by_hand"}
"""Names of the tasks where the policy gives them no other."""
VIA, SAW = "person", "stated"
CALLED_ON = (Role.INCIDENT_LEAD, Role.BUSINESS_OWNER, Role.EXECUTIVE)


class Manual:
    """The orders of one incident that people carry out."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        notices: Notices,
        *,
        begun: Callable[[Order, datetime], None],
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        self._begun = begun

    def outstanding(self) -> bool:
        """Whether somebody still has to say what became of such an order."""
        return any(
            record.order.lever.by_hand and record.state is OrderState.REQUESTED
            for record in self._state.orders.values()
        )

    def give(self, order: Order) -> None:
        """Give a person the task of carrying an order out, with the clock of containment."""
        self._give(order, ByHand.HOLD, order.assignee)

    def closed(self, declaration: Declaration) -> None:
        """Take what a person said of a task as what became of its order."""
        task = self._state.tasks[declaration.about["task"]]
        record = self._state.orders.get(task.order)
        if record is None or record.state is OrderState.RELEASED:
            return
        if task.state is TaskState.DONE:
            self._proven(record, declaration)
        else:
            self._failed(record, task, declaration)

    def let_go(self, order: Order, decision: str) -> None:
        """Close what is open of an order that is let go of, and have what was done undone."""
        for task in self._state.tasks.values():
            if task.order == order.id and task.open:
                closed = {"state": TaskState.CANNOT, "closed_at": workflow.now(), "answer": decision}
                self._state.tasks[task.id] = task.model_copy(update=closed)
        if self._state.orders[order.id].state is OrderState.PROVEN:
            self._give(order, ByHand.RELEASE, order.assignee)

    def _proven(self, record: OrderRecord, declaration: Declaration) -> None:
        order, at, actor = record.order, declaration.received_at, f"person:{declaration.person}"
        self._state.orders[order.id] = record.model_copy(
            update={
                "state": OrderState.PROVEN,
                "applied": Applied(order=order.id, at=at, captured=None, gap="by_hand"),
                "proof": Proof(order=order.id, held=True, at=at, via=VIA, saw=SAW),
                "attempts": record.attempts + 1,
            }
        )
        self._tape.add(Kind.ORDER_APPLIED, actor=actor, subject=order.id, at=at, facts={"gap": "by_hand"})
        self._tape.add(
            Kind.ORDER_PROVEN,
            actor=actor,
            subject=order.id,
            at=at,
            reason=declaration.reason,
            facts={"via": VIA, "saw": SAW},
        )
        self._begun(order, at)

    def _failed(self, record: OrderRecord, task: Task, declaration: Declaration) -> None:
        """It stays named as not contained; whoever leads has to find another way."""
        order = record.order
        self._state.orders[order.id] = record.model_copy(
            update={"state": OrderState.FAILED, "attempts": record.attempts + 1}
        )
        self._tape.add(
            Kind.ORDER_FAILED,
            actor=f"person:{declaration.person}",
            subject=order.id,
            reason=declaration.reason,
            facts={"problem": TaskState.CANNOT.value},
        )
        self._notices.word("unproven", f"{order.id}/{record.attempts + 1}", CALLED_ON)
        if task.role is not Role.INCIDENT_LEAD:
            self._give(order, ByHand.HOLD, Role.INCIDENT_LEAD)

    def _give(self, order: Order, what: ByHand, role: Role) -> None:
        plan, now = self._opening.plan, workflow.now()
        code = next((code for code, rule in plan.tasks.items() if rule.by_hand is what), CODES[what])
        number = 1 + sum(1 for task in self._state.tasks.values() if task.code == code)
        stage = Stage.CONTAIN if what is ByHand.HOLD else Stage.VALIDATE_RESTART
        task = Task(
            id=f"{code}-{number}",
            code=code,
            role=role,
            stage=stage,
            given_at=now,
            due=plan.stage_due(stage, self._state.severity, now),
            follow_up=what is ByHand.RELEASE,
            order=order.id,
        )
        self._state.tasks[task.id] = task
        self._tape.add(Kind.TASKS_GIVEN, subject=order.id, after=task.id)
        self._notices.word("by_hand", task.id, (role,))
