"""The access chain of each incident: who looked, and what became of the evidence.

Its head is in the register. An entry is given its place under the register's one write lock, and is
remembered as not yet locked until locked storage has taken it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, delete, func, select

from andon.domain.custody import Access, access_entry
from andon.domain.incident import Exhibit
from andon.domain.ledger import Chain, Entry, Head
from andon.domain.signing import Envelope
from andon.register.access_index import mark_accesses
from andon.register.custody_tables import access_unlocked
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import ledger_entries, statements


class AccessChain:
    """Appends to access chains; what stands at a position never changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, accesses: Sequence[Access]) -> list[Entry]:
        """Give each its place at the end of its incident's chain, all or nothing."""
        with writing(self._engine) as connection:
            return [_append(connection, one) for one in accesses]

    def append_with(self, access: Access, statement: Envelope) -> Entry:
        """Give one its place together with the signed statement that it names."""
        with writing(self._engine) as connection:
            row = {"incident": access.incident, "digest": statement.digest()}
            row["envelope"] = statement.model_dump_json()
            insert_if_absent(connection, statements, row, on=("digest",))
            return _append(connection, access)

    def exhibits(self, entry: Entry) -> list[Exhibit]:
        """Return the statement that an entry names, if it names one: it is locked together with it."""
        wanted = select(statements).where(statements.c.digest == entry.digests.get("statement", ""))
        with reading(self._engine) as connection:
            return [
                Exhibit(digest=row.digest, envelope=Envelope.model_validate_json(row.envelope))
                for row in connection.execute(wanted)
            ]

    def unlocked(self, incident: str) -> list[Entry]:
        """Return the entries of a chain that locked storage is not known to hold, oldest first."""
        wanted = (
            select(ledger_entries.c.entry)
            .join(
                access_unlocked,
                (access_unlocked.c.incident == ledger_entries.c.incident)
                & (access_unlocked.c.sequence == ledger_entries.c.sequence),
            )
            .where(ledger_entries.c.chain == Chain.ACCESS, ledger_entries.c.incident == incident)
            .order_by(ledger_entries.c.sequence)
        )
        with reading(self._engine) as connection:
            return [Entry.model_validate_json(text) for text in connection.execute(wanted).scalars()]

    def waiting(self) -> list[str]:
        """Return the incidents with entries that wait to be locked."""
        wanted = select(access_unlocked.c.incident).distinct().order_by(access_unlocked.c.incident)
        with reading(self._engine) as connection:
            return list(connection.execute(wanted).scalars())

    def locked(self, entries: Sequence[Entry]) -> None:
        """Note that locked storage holds these entries; a repeat changes nothing."""
        with writing(self._engine) as connection:
            for entry in entries:
                connection.execute(
                    delete(access_unlocked).where(
                        access_unlocked.c.incident == entry.incident,
                        access_unlocked.c.sequence == entry.sequence,
                    )
                )

    def waits(self, incident: str) -> int:
        """Count an incident's entries that wait to be locked."""
        wanted = select(func.count()).where(access_unlocked.c.incident == incident)
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar_one()


def _append(connection: Connection, access: Access) -> Entry:
    entry = access_entry(access, _head(connection, access.incident))
    connection.execute(
        ledger_entries.insert().values(
            incident=entry.incident,
            chain=entry.chain,
            sequence=entry.sequence,
            digest=entry.digest(),
            entry=entry.model_dump_json(),
        )
    )
    mark_accesses(connection, [entry])
    connection.execute(access_unlocked.insert().values(incident=entry.incident, sequence=entry.sequence))
    return entry


def _head(connection: Connection, incident: str) -> Head:
    wanted = (
        select(ledger_entries.c.sequence, ledger_entries.c.digest)
        .where(ledger_entries.c.incident == incident, ledger_entries.c.chain == Chain.ACCESS)
        .order_by(ledger_entries.c.sequence.desc())
        .limit(1)
    )
    last = connection.execute(wanted).first()
    return Head(length=last.sequence + 1, digest=last.digest) if last else Head()
