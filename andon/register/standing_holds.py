"""Which orders should be in force, page by page, with everything an adapter needs to look at them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, func, select

from andon.domain.containment import Hold, Order
from andon.domain.incident import OpenIncident
from andon.ports import HoldPage, StandingOrder
from andon.register.engine import reading
from andon.register.switches import shown_hold
from andon.register.tables import effects, holds, incidents

KEPT: Final = 50_000
"""Orders kept in memory, a kilobyte or two each; beyond them all are read anew."""


class StandingHolds:
    """Orders that were put in force and not let go of, whatever the holds themselves say.

    What was done is read from the effects, which are only ever added to: a hold that somebody took off its
    row without a release is still in force, and is seen to deviate.
    """

    def __init__(self, switches: Engine, register: Engine) -> None:
        self._switches = switches
        self._register = register
        self._known: dict[str, Order] = {}

    def page(self, adapter: str, after: str | None, limit: int) -> HoldPage:
        """Return orders on one kind of lever, in the order of their ids; the first page has no `after`.

        Orders are read from their incident once and kept in memory while they are in force.
        """
        with reading(self._switches) as connection:
            wanted = _in_force().limit(limit)
            if after is not None:
                wanted = wanted.where(effects.c.order_id > after)
            found = {row.order_id: row.recorded for row in connection.execute(wanted)}
            names = list(found)
            fresh = [name for name in names if name not in self._known]
            rows = _holds(connection, fresh)
        if fresh:
            self._learn(fresh, rows)
        orders = [self._known[name] for name in names if name in self._known]
        return HoldPage(
            standing=tuple(
                StandingOrder(order=order, recorded=found[order.id])
                for order in orders
                if order.lever.adapter == adapter
            ),
            after=names[-1] if len(names) == limit else None,
        )

    def stands(self, order: str) -> bool:
        """Whether an order is still to be in force."""
        with reading(self._switches) as connection:
            return connection.execute(_in_force().where(effects.c.order_id == order)).first() is not None

    def reapply_key(self, order: str) -> str:
        """Return the key under which an order is applied anew."""
        wanted = select(func.count()).where(
            effects.c.order_id == order, effects.c.key.startswith(f"{order}/reapply/", autoescape=True)
        )
        with reading(self._switches) as connection:
            return f"{order}/reapply/{int(connection.execute(wanted).scalar_one()) + 1}"

    def of(self, incident: str) -> tuple[Order, ...]:
        """Return the orders of one incident that should be in force."""
        with reading(self._switches) as connection:
            wanted = _in_force().where(effects.c.order_id.startswith(f"{incident}/", autoescape=True))
            names = list(connection.execute(wanted).scalars())
            rows = _holds(connection, names)
        self._learn([name for name in names if name not in self._known], rows)
        return tuple(self._known[name] for name in names if name in self._known)

    def released(self, orders: Sequence[str]) -> dict[str, datetime]:
        """Return which of these orders were let go of, and when."""
        wanted = select(effects.c.order_id, effects.c.at).where(
            effects.c.order_id.in_(orders), effects.c.verb == "release"
        )
        with reading(self._switches) as connection:
            return {row.order_id: row.at for row in connection.execute(wanted)}

    def _learn(self, names: Sequence[str], rows: Mapping[str, Hold]) -> None:
        if len(self._known) > KEPT:
            self._known.clear()
        wanted = sorted({name.split("/", 1)[0] for name in names})
        with reading(self._register) as connection:
            for incident in wanted:
                mine = [name for name in names if name.startswith(f"{incident}/")]
                self._known.update(_orders(connection, incident, mine, rows))


def order_of(hold: Hold, opening: OpenIncident) -> Order | None:
    """Return the order behind a hold that its incident has not shown yet; None: the plan knows no such lever.

    What a hold does not say of its order is taken from the plan.
    """
    plan = opening.plan
    lever = next((one for one in plan.levers if one.id == hold.lever), None)
    if lever is None:
        return None
    steps = [one for one in plan.steps if one.verb is lever.verb and one.target in ("", lever.target)]
    if not steps:
        return None
    return Order(
        id=hold.order,
        incident=opening.incident,
        lever=lever,
        limit=hold.limit,
        authority=f"playbook:{plan.playbook}",
        assignee=steps[0].assignee,
        reason=hold.reason,
        contact=hold.contact,
        ordered_at=hold.since,
        expires_at=hold.expires_at,
    )


def _in_force() -> Select[Any]:
    released = effects.alias("released")
    intended = effects.alias("intended")
    on_record = holds.c.order_id.is_not(None) & holds.c.released_at.is_(None)
    return (
        select(effects.c.order_id, on_record.label("recorded"))
        .outerjoin(holds, holds.c.order_id == effects.c.order_id)
        .where(
            effects.c.verb == "apply",
            effects.c.key == effects.c.order_id + "/apply",
            ~select(released.c.id)
            .where(released.c.order_id == effects.c.order_id, released.c.verb == "release")
            .exists(),
            # A lever outside Andon is let go of on record first, and noted when the vendor has followed.
            on_record
            | ~select(intended.c.id)
            .where(intended.c.order_id == effects.c.order_id, intended.c.verb == "intend")
            .exists(),
        )
        .order_by(effects.c.order_id)
    )


def _holds(connection: Connection, names: Sequence[str]) -> dict[str, Hold]:
    wanted = select(holds).where(holds.c.order_id.in_(names))
    return {row.order_id: shown_hold(row) for row in connection.execute(wanted)}


def _orders(
    connection: Connection, incident: str, names: Sequence[str], rows: Mapping[str, Hold]
) -> dict[str, Order]:
    wanted = select(incidents.c.view, incidents.c.opening).where(incidents.c.incident == incident)
    row = connection.execute(wanted).first()
    if row is None:
        return {}
    # Only the orders are read of what can be a large record: a worker that starts reads thousands.
    shown = json.loads(row.view)["orders"] if row.view else []
    found = {one["order"]["id"]: Order.model_validate(one["order"]) for one in shown}
    missing = [name for name in names if name not in found and name in rows]
    if missing and row.opening:
        opening = OpenIncident.model_validate_json(row.opening)
        made = [order_of(rows[name], opening) for name in missing]
        found.update({order.id: order for order in made if order is not None})
    return {name: found[name] for name in names if name in found}
