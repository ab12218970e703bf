"""Ledger entries come to rest in locked storage first, then in the register."""

from __future__ import annotations

import pytest

from andon.adapters.store.ledger import LockedLedger, StoredStatements
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.domain.errors import NotFoundError, StoreConflictError
from andon.domain.incident import Exhibit
from andon.domain.ledger import Entry, Head, verify_chain
from andon.domain.signing import sign
from andon.domain.values import canonical
from andon.register.engine import Databases
from andon.register.ledger import Ledger
from tests.register.cases import INCIDENT, chain

ENVELOPE = sign(chain(1)[0], bytes(32))
EXHIBIT = Exhibit(digest=ENVELOPE.digest(), envelope=ENVELOPE)


@pytest.fixture
def store() -> MemoryEvidenceStore:
    return MemoryEvidenceStore()


@pytest.fixture
def register(databases: Databases) -> Ledger:
    return Ledger(databases.register)


async def test_a_batch_is_found_in_both_places(store: MemoryEvidenceStore, register: Ledger) -> None:
    entries = chain(12)
    head = await LockedLedger(store, register).append(entries, [EXHIBIT])
    stored = [Entry.model_validate_json(await store.get(key)) for key in await store.keys("ledger/")]
    assert stored == register.entries(INCIDENT) == entries
    assert head == verify_chain(entries)
    assert await store.keys("statements/") == [f"statements/{INCIDENT}/{EXHIBIT.digest}.json"]
    assert await StoredStatements(store).read(INCIDENT, EXHIBIT.digest) == ENVELOPE
    assert register.statement(EXHIBIT.digest) == ENVELOPE


async def test_a_repeat_changes_nothing(store: MemoryEvidenceStore, register: Ledger) -> None:
    ledger = LockedLedger(store, register)
    first = await ledger.append(chain(3), [EXHIBIT])
    before = dict(store.contents)
    assert await ledger.append(chain(3), [EXHIBIT]) == first
    assert store.contents == before


async def test_an_entry_is_stored_as_the_bytes_its_digest_is_of(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    await LockedLedger(store, register).append(chain(1), [])
    assert await store.get(f"ledger/{INCIDENT}/response/00000000.json") == canonical(chain(1)[0])


async def test_other_bytes_in_locked_storage_are_a_fork(store: MemoryEvidenceStore, register: Ledger) -> None:
    await store.put(f"ledger/{INCIDENT}/response/00000001.json", b"other", content_type="application/json")
    with pytest.raises(StoreConflictError, match="00000001"):
        await LockedLedger(store, register).append(chain(3), [])
    assert register.entries(INCIDENT) == []


async def test_the_head_is_that_of_locked_storage_and_the_register_catches_up(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    entries = chain(4)
    for entry in entries:
        key = f"ledger/{INCIDENT}/response/{entry.sequence:08d}.json"
        await store.put(key, canonical(entry), content_type="application/json")
    register.append(entries[:2])
    assert await LockedLedger(store, register).head(INCIDENT) == verify_chain(entries)
    assert register.entries(INCIDENT) == entries


async def test_what_stands_behind_a_missing_entry_does_not_count(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    entries = chain(3)
    for entry in (entries[0], entries[2]):
        key = f"ledger/{INCIDENT}/response/{entry.sequence:08d}.json"
        await store.put(key, canonical(entry), content_type="application/json")
    assert await LockedLedger(store, register).head(INCIDENT) == verify_chain(entries[:1])


async def test_a_chain_never_begun_has_an_empty_head(store: MemoryEvidenceStore, register: Ledger) -> None:
    assert await LockedLedger(store, register).head(INCIDENT) == Head()


async def test_a_statement_never_stored_is_not_found(store: MemoryEvidenceStore) -> None:
    with pytest.raises(NotFoundError, match="statement"):
        await StoredStatements(store).read(INCIDENT, "0" * 64)
