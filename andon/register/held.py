"""Holds on levers outside Andon: what is meant is written down before a vendor is called."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, select, update

from andon.domain.containment import Applied, Hold
from andon.domain.errors import OutdatedError
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.switches import hold_row, keep_captured, shown_hold
from andon.register.tables import captured_states, effects, holds, resting_states

INTEND = "intend"


class HeldLevers:
    """Which holds a lever should be under, and which effects at its vendor are finished.

    A hold stands from the moment it is meant, and is gone from the moment it is let go of; the vendor
    is brought in line afterwards. An effect is noted when the vendor has it, so a hold without its
    effect is one that may or may not have reached the vendor.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def version(self, lever: str) -> int:
        """Return a number that rises with each finished effect on a lever."""
        with reading(self._engine) as connection:
            return _version(connection, lever)

    def intend(
        self, hold: Hold, captured: bytes | None, *, at: datetime, gap: str | None = None, since: int
    ) -> None:
        """Put a hold on record before its lever is touched; a repeat changes nothing.

        Args:
            hold: what is meant.
            captured: the lever's state before; None: lost, and `gap` says why.
            at: when.
            gap: why there is no state.
            since: the lever's version when its state was read.

        Raises:
            OutdatedError: the lever was changed since it was read; read it again.
        """
        with writing(self._engine) as connection:
            row = {
                "key": f"{hold.order}/{INTEND}",
                "order_id": hold.order,
                "verb": INTEND,
                "at": at,
                "gap": gap,
            }
            if connection.execute(select(effects.c.id).where(effects.c.key == row["key"])).first():
                return
            if captured is not None and _version(connection, hold.lever) != since:
                raise OutdatedError("lever", hold.lever)
            insert_if_absent(connection, effects, row, on=("key",))
            insert_if_absent(connection, holds, hold_row(hold), on=("order_id",))
            if captured is not None:
                keep_captured(connection, hold.order, captured, at)
                if not _others(connection, hold):
                    resting = {
                        "lever": hold.lever,
                        "order_id": hold.order,
                        "state": captured,
                        "captured_at": at,
                    }
                    insert_if_absent(connection, resting_states, resting, on=("lever",))

    def intended(self, order: str) -> bool:
        """Whether an order's hold was put on record."""
        with reading(self._engine) as connection:
            return (
                connection.execute(select(holds.c.order_id).where(holds.c.order_id == order)).first()
                is not None
            )

    def let_go_of(self, order: str, *, at: datetime) -> bool:
        """Take an order's hold off the record; its lever follows. A repeat changes nothing.

        False: the order was never carried out, so there is nothing to take off.
        """
        with writing(self._engine) as connection:
            if connection.execute(select(holds.c.lever).where(holds.c.order_id == order)).first() is None:
                return False
            connection.execute(
                update(holds)
                .where(holds.c.order_id == order, holds.c.released_at.is_(None))
                .values(released_at=at)
            )
            return True

    def note(self, lever: str, order: str, key: str, verb: str, *, at: datetime) -> None:
        """Note that the vendor has an effect; a lever that nothing holds has no resting state to keep."""
        with writing(self._engine) as connection:
            row = {"key": key, "order_id": order, "verb": verb, "at": at, "gap": None}
            insert_if_absent(connection, effects, row, on=("key",))
            if not _standing(connection, lever) and not _loosening(connection, lever):
                connection.execute(delete(resting_states).where(resting_states.c.lever == lever))

    def applied(self, order: str, key: str) -> Applied | None:
        """Return what a finished effect was; None: it is not finished, or was never begun."""
        with reading(self._engine) as connection:
            effect = connection.execute(select(effects.c.at).where(effects.c.key == key)).first()
            if effect is None:
                return None
            kept = select(captured_states.c.digest).where(captured_states.c.order_id == order)
            gap = select(effects.c.gap).where(effects.c.key == f"{order}/{INTEND}")
            digest = connection.execute(kept).scalar()
            return Applied(
                order=order,
                at=effect.at,
                captured=digest,
                gap=None if digest else connection.execute(gap).scalar(),
            )

    def standing(self, lever: str) -> list[Hold]:
        """Return the holds on a lever, oldest first."""
        with reading(self._engine) as connection:
            return _standing(connection, lever)

    def loosening(self, lever: str) -> list[str]:
        """Return orders that were let go of and whose lever may not have followed yet."""
        with reading(self._engine) as connection:
            return _loosening(connection, lever)

    def changed_at(self, lever: str) -> datetime | None:
        """Return when an effect on a lever was last noted, whoever ordered it; None: never."""
        wanted = (
            select(effects.c.at)
            .join(holds, holds.c.order_id == effects.c.order_id)
            .where(holds.c.lever == lever, effects.c.verb.in_(("apply", "release")))
            .order_by(effects.c.id.desc())
        )
        with reading(self._engine) as connection:
            return connection.execute(wanted.limit(1)).scalar()

    def resting(self, lever: str) -> bytes | None:
        """Return the state a lever was in before anything held it, if it was captured."""
        with reading(self._engine) as connection:
            wanted = select(resting_states.c.state).where(resting_states.c.lever == lever)
            return connection.execute(wanted).scalar()


def _standing(connection: Connection, lever: str) -> list[Hold]:
    wanted = select(holds).where(holds.c.lever == lever, holds.c.released_at.is_(None))
    return [shown_hold(row) for row in connection.execute(wanted.order_by(holds.c.since, holds.c.order_id))]


def _others(connection: Connection, hold: Hold) -> bool:
    """Whether another hold stands, or one was let go of that the vendor may still have."""
    others = [one for one in _standing(connection, hold.lever) if one.order != hold.order]
    return bool(others or _loosening(connection, hold.lever))


def _loosening(connection: Connection, lever: str) -> list[str]:
    done = select(effects.c.order_id).where(
        effects.c.order_id == holds.c.order_id, effects.c.verb == "release"
    )
    wanted = select(holds.c.order_id).where(
        holds.c.lever == lever, holds.c.released_at.is_not(None), ~done.exists()
    )
    return [row.order_id for row in connection.execute(wanted.order_by(holds.c.order_id))]


def _version(connection: Connection, lever: str) -> int:
    wanted = select(func.max(effects.c.id)).join(holds, holds.c.order_id == effects.c.order_id)
    return connection.execute(wanted.where(holds.c.lever == lever)).scalar() or 0
