"""What the door answers to a detection or a stop."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from andon.domain.containment import Order, OrderState, Verb
from andon.domain.detection import Outcome
from andon.domain.incident import OpenIncident
from andon.domain.mode import Mode
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.values import Frozen, IncidentId


class OrderShown(Frozen):
    """An order as its sender sees it."""

    lever: str
    verb: Verb
    state: OrderState


class Answer(Frozen):
    """What became of a detection. `contained` is true only when every order is proven."""

    receipt: str
    outcome: Outcome
    incident: IncidentId | None
    url: str | None
    stage: Stage | None
    severity: Band
    contained: bool
    orders: tuple[OrderShown, ...]
    issue: str | None = Field(None, description="the quality issue that holds it, if no incident does")
    advice: tuple[str, ...] = Field((), description="what whoever sent it should do now, in plain words")


def first_orders(opening: OpenIncident) -> tuple[Order, ...]:
    """Return the orders an incident's workflow gives when it opens: same ids, so same keys."""
    if not opening.containment_required or opening.plan.mode is not Mode.ENFORCE:
        return ()
    return opening.plan.orders(
        opening.incident,
        opening.severity,
        reason=opening.type or opening.classification.value,
        at=opening.opened_at,
    )


def shown(orders: Iterable[Order], state: OrderState) -> tuple[OrderShown, ...]:
    """Return orders as shown, all in one state."""
    return tuple(OrderShown(lever=one.lever.id, verb=one.lever.verb, state=state) for one in orders)
