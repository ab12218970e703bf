"""Ledger entries come to rest in locked storage first, then in the register."""

from __future__ import annotations

import pytest

from andon.adapters.store.ledger import LockedLedger, lines_of
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.domain.errors import NotFoundError, StoreConflictError
from andon.domain.incident import Exhibit
from andon.domain.ledger import Entry, Head, verify_chain
from andon.domain.signing import sign
from andon.domain.values import sha256
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


def key_of(sequence: int) -> str:
    return f"ledger/{INCIDENT}/response/{sequence:08d}.jsonl"


async def put(store: MemoryEvidenceStore, entries: list[Entry]) -> None:
    await store.put(key_of(entries[0].sequence), lines_of(entries, []), content_type="application/jsonl")


async def test_a_batch_is_one_object_and_is_found_in_both_places(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    entries = chain(12)
    ledger = LockedLedger(store, register)
    head = await ledger.append(entries, [EXHIBIT])
    assert await store.keys("") == [key_of(0)]
    assert register.entries(INCIDENT) == entries
    assert head == verify_chain(entries)
    assert await ledger.read(INCIDENT, EXHIBIT.digest) == ENVELOPE
    assert register.statement(EXHIBIT.digest) == ENVELOPE


async def test_each_line_is_the_bytes_that_a_digest_is_of(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    entries = chain(3)
    naming = entries[1].model_copy(update={"digests": {"statement": EXHIBIT.digest}})
    last = entries[2].model_copy(update={"previous": naming.digest()})
    await LockedLedger(store, register).append([entries[0], naming, last], [EXHIBIT])
    lines = (await store.get(key_of(0))).splitlines()
    assert [sha256(line) for line in lines] == [
        entries[0].digest(),
        naming.digest(),
        EXHIBIT.digest,
        last.digest(),
    ]


async def test_a_repeat_changes_nothing(store: MemoryEvidenceStore, register: Ledger) -> None:
    ledger = LockedLedger(store, register)
    first = await ledger.append(chain(3), [EXHIBIT])
    before = dict(store.contents)
    assert await ledger.append(chain(3), [EXHIBIT]) == first
    assert store.contents == before


async def test_other_bytes_in_locked_storage_are_a_fork(store: MemoryEvidenceStore, register: Ledger) -> None:
    await LockedLedger(store, register).append(chain(2), [])
    await store.put(key_of(2), b"other", content_type="application/jsonl")
    with pytest.raises(StoreConflictError, match="00000002"):
        await LockedLedger(store, register).append(chain(4)[2:], [])
    assert register.entries(INCIDENT) == chain(2)


async def test_a_batch_that_was_cut_in_another_place_is_a_fork(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    ledger = LockedLedger(store, register)
    await ledger.append(chain(3), [])
    with pytest.raises(StoreConflictError, match="00000000"):
        await ledger.append(chain(2), [])
    other = chain(3)[2].model_copy(update={"actor": "somebody else"})
    with pytest.raises(StoreConflictError, match="00000002"):
        await ledger.append([other], [])


async def test_the_head_is_that_of_locked_storage_and_the_register_catches_up(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    entries = chain(7)
    for batch in (entries[:1], entries[1:4], entries[4:]):
        await put(store, batch)
    register.append(entries[:2])
    assert await LockedLedger(store, register).head(INCIDENT) == verify_chain(entries)
    assert register.entries(INCIDENT) == entries


async def test_what_stands_behind_a_missing_batch_does_not_count(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    entries = chain(6)
    await put(store, entries[:2])
    await put(store, entries[4:])
    assert await LockedLedger(store, register).head(INCIDENT) == verify_chain(entries[:2])


async def test_a_chain_never_begun_has_an_empty_head(store: MemoryEvidenceStore, register: Ledger) -> None:
    assert await LockedLedger(store, register).head(INCIDENT) == Head()


async def test_a_statement_is_found_by_a_process_that_did_not_store_it(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    entries = chain(4)
    await LockedLedger(store, register).append(entries[:2], [EXHIBIT])
    await LockedLedger(store, register).append(entries[2:], [])
    assert await LockedLedger(store, register).read(INCIDENT, EXHIBIT.digest) == ENVELOPE


async def test_a_statement_never_stored_is_not_found(store: MemoryEvidenceStore, register: Ledger) -> None:
    await LockedLedger(store, register).append(chain(2), [EXHIBIT])
    with pytest.raises(NotFoundError, match="statement"):
        await LockedLedger(store, register).read(INCIDENT, "0" * 64)


async def test_a_statement_whose_batch_was_refused_does_not_count_as_stored(
    store: MemoryEvidenceStore, register: Ledger
) -> None:
    ledger = LockedLedger(store, register)
    await store.put(key_of(0), b"other\n", content_type="application/jsonl")
    with pytest.raises(StoreConflictError):
        await ledger.append(chain(1), [EXHIBIT])
    with pytest.raises(NotFoundError):
        await ledger.read(INCIDENT, EXHIBIT.digest)
