"""The switch store: holds on levers, the state captured before each, and every effect once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update

from andon.domain.containment import Applied, FlagAnswer, Hold, answer_flag
from andon.domain.errors import NotFoundError
from andon.domain.share import Share
from andon.domain.values import sha256
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import captured_states, effects, holds


@dataclass(frozen=True, slots=True)
class Effect:
    """One change that was made to a lever; its key makes it happen once."""

    id: int
    key: str
    order: str
    verb: str
    at: datetime


class Switches:
    """Levers as sets of holds. It keeps no list of AI systems: what nothing holds is the caller's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put_hold(
        self, hold: Hold, key: str, captured: bytes | None, *, at: datetime, gap: str | None = None
    ) -> Applied:
        """Put a hold on its lever, once for each key. One that was let go of stays off, whatever the key.

        Args:
            hold: what to put; its lever's name begins with the AI system and a dot.
            key: a repeat with the same key changes nothing and returns what the first one did.
            captured: the lever's state before; kept only if none is kept under the order yet.
            at: when.
            gap: why the state before is not there, if it is not.
        """
        with writing(self._engine) as connection:
            fresh = insert_if_absent(
                connection,
                effects,
                {"key": key, "order_id": hold.order, "verb": "apply", "at": at, "gap": gap},
                on=("key",),
            )
            if fresh and not self._let_go(connection, hold.order):
                self._put(connection, hold)
                if captured is not None:
                    keep_captured(connection, hold.order, captured, at)
            return self._applied(connection, hold.order, key)

    def applied(self, order: str, key: str) -> Applied | None:
        """Return what an earlier `put_hold` with this key did, or None if there was none."""
        with reading(self._engine) as connection:
            found = connection.execute(select(effects.c.id).where(effects.c.key == key)).first()
            return self._applied(connection, order, key) if found else None

    def release(self, order: str, key: str, *, at: datetime) -> bool:
        """Take an order's hold off, once for each key; return whether the lever allows now.

        Raises:
            NotFoundError: the order never held a lever.
        """
        with writing(self._engine) as connection:
            lever = connection.execute(select(holds.c.lever).where(holds.c.order_id == order)).scalar()
            if lever is None:
                raise NotFoundError("hold", order)
            row = {"key": key, "order_id": order, "verb": "release", "at": at}
            if insert_if_absent(connection, effects, row, on=("key",)):
                connection.execute(
                    update(holds)
                    .where(holds.c.order_id == order, holds.c.released_at.is_(None))
                    .values(released_at=at)
                )
            standing = _in_force(connection, lever.split(".", 1)[0])
            return not answer_flag(lever, standing, normal=True).holds

    def holds(self, system: str | None = None) -> list[Hold]:
        """Return the holds in force, oldest first; of one AI system, or all."""
        with reading(self._engine) as connection:
            return _in_force(connection, system)

    def answer(
        self,
        key: str,
        normal: bool | int,  # noqa: FBT001 - a flag's value, not a switch
        context: Mapping[str, object] | None = None,
    ) -> FlagAnswer:
        """Answer for a flag whose value is `normal` when nothing holds it, to a request with this context."""
        return answer_flag(key, self.holds(key.split(".", 1)[0]), normal=normal, context=context)

    def version(self) -> int:
        """Return a number that rises with every change."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(effects.c.id))).scalar() or 0

    def effects(self, order: str | None = None) -> list[Effect]:
        """Return every change that was made, oldest first; of one order, or all."""
        wanted = select(effects).order_by(effects.c.id)
        if order is not None:
            wanted = wanted.where(effects.c.order_id == order)
        with reading(self._engine) as connection:
            return [
                Effect(id=row.id, key=row.key, order=row.order_id, verb=row.verb, at=row.at)
                for row in connection.execute(wanted)
            ]

    def captured(self, order: str) -> bytes | None:
        """Return the state the lever was in before the order."""
        with reading(self._engine) as connection:
            wanted = select(captured_states.c.state).where(captured_states.c.order_id == order)
            return connection.execute(wanted).scalar()

    @staticmethod
    def _put(connection: Connection, hold: Hold) -> None:
        row = hold_row(hold)
        if not insert_if_absent(connection, holds, row, on=("order_id",)):
            # Another key for the same order: the hold was undone by somebody else and is put on anew.
            connection.execute(
                update(holds).where(holds.c.order_id == hold.order).values({**row, "released_at": None})
            )

    @staticmethod
    def _let_go(connection: Connection, order: str) -> bool:
        """Whether an order was released. Whoever looks after holds may have looked just before that."""
        wanted = select(effects.c.id).where(effects.c.order_id == order, effects.c.verb == "release")
        return connection.execute(wanted).first() is not None

    @staticmethod
    def _applied(connection: Connection, order: str, key: str) -> Applied:
        effect = connection.execute(select(effects.c.at, effects.c.gap).where(effects.c.key == key)).one()
        digest = connection.execute(
            select(captured_states.c.digest).where(captured_states.c.order_id == order)
        ).scalar()
        return Applied(order=order, at=effect.at, captured=digest, gap=None if digest else effect.gap)


def _in_force(connection: Connection, system: str | None) -> list[Hold]:
    wanted = select(holds).where(holds.c.released_at.is_(None)).order_by(holds.c.since, holds.c.order_id)
    if system is not None:
        wanted = wanted.where(holds.c.system == system)
    return [shown_hold(row) for row in connection.execute(wanted)]


def keep_captured(connection: Connection, order: str, captured: bytes, at: datetime) -> None:
    """Keep the state a lever was in before an order, unless one is kept under it."""
    row = {"order_id": order, "state": captured, "digest": sha256(captured), "captured_at": at}
    insert_if_absent(connection, captured_states, row, on=("order_id",))


def hold_row(hold: Hold) -> dict[str, Any]:
    """Return a hold as its table keeps it."""
    return {
        "order_id": hold.order,
        "incident": hold.incident,
        "system": hold.lever.split(".", 1)[0],
        "lever": hold.lever,
        "most": hold.limit,
        "share": hold.share.model_dump_json() if hold.share else None,
        "reason": hold.reason,
        "contact": hold.contact,
        "since": hold.since,
        "expires_at": hold.expires_at,
    }


def shown_hold(row: Row[Any]) -> Hold:
    """Return what a row of the table says."""
    return Hold(
        order=row.order_id,
        incident=row.incident,
        lever=row.lever,
        limit=row.most,
        share=Share.model_validate_json(row.share) if row.share else None,
        reason=row.reason,
        contact=row.contact,
        since=row.since,
        expires_at=row.expires_at,
    )
