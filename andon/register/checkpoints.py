"""The log over all incidents and its checkpoints, as the register keeps them beside locked storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, select, update

from andon.domain.checkpoint import Leaf
from andon.domain.errors import NotFoundError, StoreConflictError
from andon.domain.ledger import Chain
from andon.domain.merkle import Nodes, completed, consistency, inclusion, root_of
from andon.domain.values import canonical, sha256
from andon.register.checkpoint_tables import checkpoints, log_heads, log_leaves, log_nodes
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import ledger_entries


@dataclass(frozen=True, slots=True)
class End:
    """A chain's end that the log has not taken in."""

    incident: str
    chain: Chain
    length: int
    digest: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as the register has it."""

    size: int
    note: str
    key: str
    """The log's public key, as trust files write it; whoever verifies brings their own copy."""
    made_at: datetime
    checked_at: datetime
    stamp: bytes | None
    stamped_at: datetime | None
    stamp_problem: str | None
    witnessed: str | None
    witnessed_at: datetime | None
    witness_problem: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a leaf is in the log, and the proof that it is there."""

    position: int
    leaf: Leaf
    proof: list[bytes]


class CheckpointLog:
    """Leaves are only ever added; what stands at a position never changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def size(self) -> int:
        """Return how many leaves there are."""
        with reading(self._engine) as connection:
            return _size(connection)

    def newest_leaf(self) -> Leaf | None:
        """Return the leaf that was added last."""
        wanted = select(log_leaves.c.leaf).order_by(log_leaves.c.position.desc()).limit(1)
        with reading(self._engine) as connection:
            found = connection.execute(wanted).scalar()
        return Leaf.model_validate_json(found) if found else None

    def fresh(self, limit: int) -> list[End]:
        """Return the ends of chains that grew since the log took them in, by incident."""
        tops = (
            select(
                ledger_entries.c.incident,
                ledger_entries.c.chain,
                func.max(ledger_entries.c.sequence).label("last"),
            )
            .group_by(ledger_entries.c.incident, ledger_entries.c.chain)
            .subquery()
        )
        known = and_(log_heads.c.incident == tops.c.incident, log_heads.c.chain == tops.c.chain)
        end = and_(
            ledger_entries.c.incident == tops.c.incident,
            ledger_entries.c.chain == tops.c.chain,
            ledger_entries.c.sequence == tops.c.last,
        )
        wanted = (
            select(tops.c.incident, tops.c.chain, tops.c.last, ledger_entries.c.digest)
            .outerjoin(log_heads, known)
            .join(ledger_entries, end)
            .where(tops.c.last >= func.coalesce(log_heads.c.length, 0))
            .order_by(tops.c.incident, tops.c.chain)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [
                End(row.incident, Chain(row.chain), row.last + 1, row.digest)
                for row in connection.execute(wanted)
            ]

    def append(self, first: int, leaves: Sequence[Leaf]) -> int:
        """Add leaves from position `first` on, and return the size; a repeat changes nothing.

        Raises:
            StoreConflictError: another leaf stands at one of these positions, or none before the first.
        """
        with writing(self._engine) as connection:
            size = _size(connection)
            if first > size:
                raise StoreConflictError(f"log/{first}", f"{size} leaves")
            for position, leaf in enumerate(leaves, start=first):
                if position < size:
                    _same(connection, position, leaf)
                else:
                    _add(connection, position, leaf)
            return max(size, first + len(leaves))

    def root(self, size: int) -> bytes:
        """Return the root over the first `size` leaves."""
        with reading(self._engine) as connection:
            return root_of(size, _nodes(connection))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """Return the proof that the log at `size` begins with the log at `old`."""
        with reading(self._engine) as connection:
            return consistency(old, size, _nodes(connection))

    def places(self, incident: str, size: int) -> list[Place]:
        """Return every leaf of an incident among the first `size`, with its proof."""
        wanted = (
            select(log_leaves.c.position, log_leaves.c.leaf)
            .where(log_leaves.c.incident == incident, log_leaves.c.position < size)
            .order_by(log_leaves.c.position)
        )
        with reading(self._engine) as connection:
            nodes = _nodes(connection)
            return [
                Place(row.position, Leaf.model_validate_json(row.leaf), inclusion(row.position, size, nodes))
                for row in connection.execute(wanted).all()
            ]

    def keep(self, size: int, note: str, key: str, at: datetime) -> None:
        """Keep the checkpoint of a size, or note that it was found to be the newest still.

        Raises:
            StoreConflictError: another note of this size is kept.
        """
        row = {"size": size, "note": note, "key": key, "made_at": at, "checked_at": at}
        with writing(self._engine) as connection:
            if insert_if_absent(connection, checkpoints, row, on=("size",)):
                return
            standing = connection.execute(select(checkpoints.c.note).where(checkpoints.c.size == size))
            if (found := standing.scalar_one()) != note:
                raise StoreConflictError(f"checkpoint {size}", sha256(found.encode()))
            connection.execute(update(checkpoints).where(checkpoints.c.size == size).values(checked_at=at))

    def note_of(self, size: int) -> Kept:
        """Return the checkpoint of a size.

        Raises:
            NotFoundError: there is none.
        """
        with reading(self._engine) as connection:
            row = connection.execute(select(checkpoints).where(checkpoints.c.size == size)).first()
        if row is None:
            raise NotFoundError("checkpoint", str(size))
        return _kept(row)

    def newest(self, limit: int = 1) -> list[Kept]:
        """Return checkpoints, newest first."""
        wanted = select(checkpoints).order_by(checkpoints.c.size.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_kept(row) for row in connection.execute(wanted)]

    def stamped(self, size: int, stamp: bytes | None, problem: str | None, at: datetime) -> None:
        """Keep a time stamp, or why there is none."""
        self._set(size, stamp=stamp, stamp_problem=problem, stamped_at=at)

    def witnessed(self, size: int, note: str | None, problem: str | None, at: datetime) -> None:
        """Keep a note with witnesses' signatures, or why there is none."""
        self._set(size, witnessed=note, witness_problem=problem, witnessed_at=at)

    def _set(self, size: int, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(checkpoints).where(checkpoints.c.size == size).values(**values))


def _size(connection: Connection) -> int:
    last = connection.execute(select(func.max(log_leaves.c.position))).scalar()
    return 0 if last is None else last + 1


def _nodes(connection: Connection) -> Nodes:
    def node(level: int, position: int) -> bytes:
        wanted = select(log_nodes.c.hash).where(log_nodes.c.level == level, log_nodes.c.position == position)
        return bytes(connection.execute(wanted).scalar_one())

    return node


def _same(connection: Connection, position: int, leaf: Leaf) -> None:
    if (found := _nodes(connection)(0, position)) != leaf.hash():
        raise StoreConflictError(f"log/{position}", found.hex())


def _add(connection: Connection, position: int, leaf: Leaf) -> None:
    row = {"position": position, "length": leaf.length, "leaf": canonical(leaf).decode()}
    connection.execute(log_leaves.insert().values(**row, incident=leaf.incident, chain=leaf.chain))
    for level, place, found in completed(leaf.hash(), position, _nodes(connection)):
        connection.execute(log_nodes.insert().values(level=level, position=place, hash=found))
    if leaf.incident is None or leaf.chain is None:
        return
    head = {"incident": leaf.incident, "chain": leaf.chain, "length": leaf.length}
    if not insert_if_absent(connection, log_heads, head, on=("incident", "chain")):
        here = and_(log_heads.c.incident == leaf.incident, log_heads.c.chain == leaf.chain)
        # A chain that was set back stays as long as it was once: what was signed can't be taken back.
        connection.execute(
            update(log_heads).where(here, log_heads.c.length < leaf.length).values(length=leaf.length)
        )


def _kept(row: Row[Any]) -> Kept:
    return Kept(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own name for a row by columns
