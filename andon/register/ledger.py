"""Ledger entries and statements, as the register keeps them beside locked storage."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Engine, or_, select

from andon.domain.errors import InvalidInputError, LedgerBrokenError, NotFoundError, StoreConflictError
from andon.domain.incident import Exhibit
from andon.domain.ledger import Chain, Entry, Head, Kind
from andon.domain.signing import Envelope
from andon.domain.values import NOTHING_YET
from andon.register.access_index import mark_accesses
from andon.register.engine import insert_all_absent, insert_if_absent, reading, writing
from andon.register.tables import ledger_entries, statements


class Ledger:
    """Chains of entries; what stands at a position never changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, entries: Sequence[Entry], exhibits: Sequence[Exhibit] = ()) -> Head:
        """Keep entries and the statements they refer to, all or nothing; a repeat changes nothing.

        Raises:
            InvalidInputError: there are no entries.
            StoreConflictError: another entry stands at one of these positions, or before the first.
            LedgerBrokenError: the entry before the first is missing.
        """
        if not entries:
            raise InvalidInputError("a batch holds at least one ledger entry")
        last = entries[-1]
        with writing(self._engine) as connection:
            _append(connection, entries)
            for exhibit in exhibits:
                row = {"incident": last.incident, "digest": exhibit.digest}
                row["envelope"] = exhibit.envelope.model_dump_json()
                insert_if_absent(connection, statements, row, on=("digest",))
        return Head(length=last.sequence + 1, digest=last.digest())

    def entries(
        self, incident: str, chain: Chain = Chain.RESPONSE, *, after: int | None = None, limit: int = 1000
    ) -> list[Entry]:
        """Return a chain from the entry after the sequence `after`, oldest first."""
        wanted = (
            select(ledger_entries.c.entry)
            .where(ledger_entries.c.incident == incident, ledger_entries.c.chain == chain)
            .order_by(ledger_entries.c.sequence)
            .limit(limit)
        )
        if after is not None:
            wanted = wanted.where(ledger_entries.c.sequence > after)
        with reading(self._engine) as connection:
            return [Entry.model_validate_json(text) for text in connection.execute(wanted).scalars()]

    def latest(self, incident: str, *, before: int | None = None, limit: int = 1000) -> list[Entry]:
        """Return the response chain from its end, or from before a sequence, newest first."""
        wanted = (
            select(ledger_entries.c.entry)
            .where(ledger_entries.c.incident == incident, ledger_entries.c.chain == Chain.RESPONSE)
            .order_by(ledger_entries.c.sequence.desc())
            .limit(limit)
        )
        if before is not None:
            wanted = wanted.where(ledger_entries.c.sequence < before)
        with reading(self._engine) as connection:
            return [Entry.model_validate_json(text) for text in connection.execute(wanted).scalars()]

    def of_kinds(self, incident: str, kinds: Collection[Kind], *, limit: int) -> list[Entry]:
        """Return the first entries of the response chain that are of some kinds, oldest first."""
        entry = ledger_entries.c.entry
        wanted = (
            select(entry)
            .where(
                ledger_entries.c.incident == incident,
                ledger_entries.c.chain == Chain.RESPONSE,
                or_(*(entry.contains(f'"kind":"{kind.value}"', autoescape=True) for kind in kinds)),
            )
            .order_by(ledger_entries.c.sequence)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            found = map(Entry.model_validate_json, connection.execute(wanted).scalars())
            # A code among its facts may look the same.
            return [one for one in found if one.kind in kinds]

    def head(self, incident: str, chain: Chain = Chain.RESPONSE) -> Head:
        """Return the end of a chain as it is kept here."""
        wanted = (
            select(ledger_entries.c.sequence, ledger_entries.c.digest)
            .where(ledger_entries.c.incident == incident, ledger_entries.c.chain == chain)
            .order_by(ledger_entries.c.sequence.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            last = connection.execute(wanted).first()
            return Head(length=last.sequence + 1, digest=last.digest) if last else Head()

    def statement(self, digest: str) -> Envelope:
        """Return a signed statement.

        Raises:
            NotFoundError: there is none with this digest.
        """
        wanted = select(statements.c.envelope).where(statements.c.digest == digest)
        with reading(self._engine) as connection:
            found = connection.execute(wanted).scalar()
        if found is None:
            raise NotFoundError("statement", digest)
        return Envelope.model_validate_json(found)

    def statements(self, incident: str) -> dict[str, Envelope]:
        """Return an incident's statements by digest."""
        wanted = select(statements).where(statements.c.incident == incident).order_by(statements.c.digest)
        with reading(self._engine) as connection:
            return {
                row.digest: Envelope.model_validate_json(row.envelope) for row in connection.execute(wanted)
            }


def _append(connection: Connection, entries: Sequence[Entry]) -> None:
    first = entries[0]
    before = _before(connection, first)
    rows: list[dict[str, object]] = []
    for position, entry in enumerate(entries):
        if _chain_of(entry) != _chain_of(first) or entry.sequence != first.sequence + position:
            raise LedgerBrokenError(entry.sequence, "the entry before it is not there")
        if entry.previous != before:
            raise StoreConflictError(_place(entry, entry.sequence - 1), before)
        before = entry.digest()
        rows.append(
            {
                "incident": entry.incident,
                "chain": entry.chain,
                "sequence": entry.sequence,
                "digest": before,
                "entry": entry.model_dump_json(),
            }
        )
    insert_all_absent(connection, ledger_entries, rows, on=("incident", "chain", "sequence"))
    mark_accesses(connection, entries)
    standing = _digests(connection, first, entries[-1].sequence)
    for entry, row in zip(entries, rows, strict=True):
        if (found := standing.get(entry.sequence)) != row["digest"]:
            raise StoreConflictError(_place(entry, entry.sequence), str(found))


def _chain_of(entry: Entry) -> tuple[str, Chain]:
    return entry.incident, entry.chain


def _before(connection: Connection, first: Entry) -> str:
    """Return the digest of the entry before a batch."""
    if not first.sequence:
        return NOTHING_YET
    last = first.sequence - 1
    found = _digests(connection, first, last, since=last).get(last)
    if found is None:
        raise LedgerBrokenError(first.sequence, "the entry before it is not there")
    return found


def _digests(connection: Connection, first: Entry, until: int, *, since: int | None = None) -> dict[int, str]:
    """Return the digests in the chain of `first`, by sequence, from it or `since` on."""
    found = connection.execute(
        select(ledger_entries.c.sequence, ledger_entries.c.digest).where(
            ledger_entries.c.incident == first.incident,
            ledger_entries.c.chain == first.chain,
            ledger_entries.c.sequence.between(first.sequence if since is None else since, until),
        )
    )
    return {row.sequence: row.digest for row in found}


def _place(entry: Entry, sequence: int) -> str:
    return f"ledger/{entry.incident}/{entry.chain}/{sequence:08d}"
