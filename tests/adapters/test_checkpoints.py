"""The log over all incidents: what it takes in, that it is signed once a size, and comes through a crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from andon.adapters.store.log import LockedLog
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.domain.checkpoint import (
    MARK_EVERY,
    Leaf,
    batch_key,
    note_key,
    origin_of,
    read_lines,
    stamp_key,
    witnessed_key,
)
from andon.domain.errors import (
    InvalidInputError,
    LedgerBrokenError,
    LeverAwayError,
    SignatureError,
    StoreConflictError,
)
from andon.domain.ledger import Chain, verify_chain
from andon.domain.merkle import is_extended, is_included
from andon.domain.note import (
    WITNESS,
    Note,
    cosign,
    cosigned_by,
    key_of,
    read_checkpoint,
    read_note,
    signed_by,
)
from andon.domain.signing import public_key_of
from andon.register.checkpoint_tables import checkpoints, log_heads, log_leaves, log_nodes
from andon.register.checkpoints import CheckpointLog
from andon.register.engine import Databases, writing
from andon.register.ledger import Ledger
from tests.register.cases import INCIDENT, NOW, chain
from tests.tree import Tree

OTHER = "INC-20260302-def456"
SEED, WITNESS_SEED = bytes(range(32)), bytes(range(32, 64))


class KilledError(Exception):
    """The process ended here."""


@dataclass
class DyingStore(MemoryEvidenceStore):
    """Ends the process before or after the put of a key that begins like this."""

    before: str = ""
    after: str = ""

    async def keep(self, key: str, content: bytes, *, content_type: str) -> None:
        if self.before and key.startswith(self.before):
            raise KilledError
        await super().keep(key, content, content_type=content_type)
        if self.after and key.startswith(self.after):
            raise KilledError


@dataclass
class Vouching:
    """An authority and a witness that are there, away or refuse."""

    away: bool = False
    refuses: bool = False
    asked: list[bytes] = field(default_factory=list)

    def _answer(self, content: bytes) -> None:
        self.asked.append(content)
        if self.away:
            raise LeverAwayError("witness", "unreachable")
        if self.refuses:
            raise SignatureError("no")

    async def stamp(self, content: bytes) -> bytes:
        self._answer(content)
        return b"token over " + content

    async def cosign(self, note: Note, proof: Callable[[int], Sequence[bytes]]) -> Note:
        self._answer(note.text().encode())
        proof(1)
        return note.with_lines([cosign(note, "witness", WITNESS_SEED, 1_800_000_000)])


@dataclass
class Clock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class Bench:
    """One log on a real register."""

    store: DyingStore
    ledger: Ledger
    kept: CheckpointLog
    clock: Clock
    key: Path
    vouching: Vouching

    def log(self, *, vouched: bool = False) -> LockedLog:
        """Return the log as another process would open it."""
        by = self.vouching if vouched else None
        return LockedLog(self.store, self.kept, self.key, stamps=by, witness=by, now=self.clock.now)

    def leaves(self) -> list[Leaf]:
        """Return all leaves as locked storage has them."""
        found = sorted(key for key in self.store.contents if key.startswith("log/"))
        return [leaf for key in found for leaf in read_lines(self.store.contents[key])]

    def note(self, size: int) -> Note:
        return read_note(self.store.contents[note_key(size)])


@pytest.fixture
def bench(databases: Databases, tmp_path: Path) -> Bench:
    key = tmp_path / "log.key"
    key.write_bytes(SEED)
    register = databases.register
    return Bench(DyingStore(), Ledger(register), CheckpointLog(register), Clock(), key, Vouching())


async def test_a_log_begins_with_the_time_and_is_signed(bench: Bench) -> None:
    made = await bench.log().make()
    assert (made.size, made.added) == (1, 1)
    assert bench.leaves() == [Leaf(at=NOW)]
    note = bench.note(1)
    assert signed_by(note, bench.log().key)
    assert read_checkpoint(note).origin == origin_of(public_key_of(SEED))


async def test_each_end_of_each_chain_is_a_leaf_and_nothing_is_twice(bench: Bench) -> None:
    entries = chain(5)
    bench.ledger.append(entries[:2])
    bench.ledger.append(chain(1, incident=OTHER))
    assert (await bench.log().make()).added == 2
    bench.ledger.append(entries[2:])
    assert (await bench.log().make()).added == 1
    assert (await bench.log().make()).added == 0
    found = [(leaf.incident, leaf.chain, leaf.length, leaf.digest) for leaf in bench.leaves()]
    assert found == [
        (INCIDENT, Chain.RESPONSE, 2, entries[1].digest()),
        (OTHER, Chain.RESPONSE, 1, chain(1, incident=OTHER)[0].digest()),
        (INCIDENT, Chain.RESPONSE, 5, verify_chain(entries).digest),
    ]


async def test_the_root_is_that_of_the_leaves_in_locked_storage_and_proofs_hold(bench: Bench) -> None:
    for length in range(1, 6):
        bench.ledger.append(chain(length)[length - 1 :])
        await bench.log().make()
    tree = Tree(leaf.hash() for leaf in bench.leaves())
    newest = read_checkpoint(bench.note(5))
    assert newest.root == tree.root()
    for place in bench.kept.places(INCIDENT, 5):
        assert is_included(place.leaf.hash(), place.position, 5, place.proof, newest.root)
    for old in range(1, 5):
        before = read_checkpoint(bench.note(old))
        assert is_extended(old, before.root, 5, newest.root, bench.kept.consistency(old, 5))


async def test_a_log_with_nothing_new_is_signed_again_once_an_hour(bench: Bench) -> None:
    await bench.log().make()
    bench.clock.at = NOW + MARK_EVERY - timedelta(seconds=1)
    assert (await bench.log().make()).size == 1
    assert bench.kept.newest()[0].checked_at == bench.clock.at
    bench.clock.at = NOW + MARK_EVERY
    assert (await bench.log().make()).size == 2


@pytest.mark.parametrize("place", ["before log/", "after log/", "before checkpoints/", "after checkpoints/"])
async def test_a_process_that_dies_on_the_way_leaves_one_log_and_one_note_a_size(
    bench: Bench, place: str
) -> None:
    bench.ledger.append(chain(2))
    when, prefix = place.split()
    setattr(bench.store, when, prefix)
    with pytest.raises(KilledError):
        await bench.log().make()
    setattr(bench.store, when, "")
    bench.ledger.append(chain(1, incident=OTHER))
    bench.clock.at += timedelta(minutes=1)
    made = await bench.log().make()
    leaves = bench.leaves()
    assert made.size == len(leaves) == bench.kept.size() == 2
    assert len({(leaf.incident, leaf.length) for leaf in leaves}) == 2
    assert read_checkpoint(bench.note(2)).root == Tree(leaf.hash() for leaf in leaves).root()


async def test_a_register_that_was_set_back_takes_over_what_locked_storage_has(
    bench: Bench, databases: Databases
) -> None:
    for length in range(1, 4):
        bench.ledger.append(chain(length)[length - 1 :])
        await bench.log().make()
    before = dict(bench.store.contents)
    with writing(databases.register) as connection:
        for table in (log_leaves, log_nodes, log_heads, checkpoints):
            connection.execute(table.delete())
    bench.clock.at += timedelta(minutes=1)
    assert (await bench.log().make()).size == 3
    assert {key: bench.store.contents[key] for key in before} == before


async def test_a_log_that_was_rewritten_behind_our_back_is_not_signed(
    bench: Bench, databases: Databases
) -> None:
    bench.ledger.append(chain(1))
    await bench.log().make()
    with writing(databases.register) as connection:
        connection.execute(update(log_nodes).values(hash=bytes(32)))
    bench.ledger.append(chain(2)[1:])
    with pytest.raises(LedgerBrokenError, match="signed before"):
        await bench.log().make()


async def test_another_note_of_the_same_size_is_never_made(bench: Bench) -> None:
    bench.ledger.append(chain(1))
    await bench.store.put(note_key(1), b"another", content_type="text/plain")
    with pytest.raises(StoreConflictError):
        await bench.log().make()
    assert bench.kept.newest() == []


async def test_a_batch_in_locked_storage_that_is_no_log_is_not_taken_over(bench: Bench) -> None:
    await bench.store.put(batch_key(0), b'{"at":1}\n', content_type="application/jsonl")
    with pytest.raises(InvalidInputError):
        await bench.log().make()


async def test_a_checkpoint_is_stamped_and_witnessed_once(bench: Bench) -> None:
    made = await bench.log(vouched=True).make()
    assert (made.stamp, made.witness) == (True, True)
    await bench.log(vouched=True).stamp(made.size)
    await bench.log(vouched=True).witness(made.size)
    again = await bench.log(vouched=True).make()
    assert (again.stamp, again.witness) == (False, False)
    assert bench.store.contents[stamp_key(1)] == b"token over " + bench.store.contents[note_key(1)]
    seen = read_note(bench.store.contents[witnessed_key(1)])
    assert cosigned_by(seen, key_of("witness", WITNESS_SEED, WITNESS)) == 1_800_000_000
    assert bench.kept.note_of(1).witnessed == seen.text()


@pytest.mark.parametrize(("how", "problem"), [("away", "away"), ("refuses", "refused")])
async def test_who_does_not_vouch_is_on_record_and_asked_again(bench: Bench, how: str, problem: str) -> None:
    made = await bench.log(vouched=True).make()
    setattr(bench.vouching, how, True)
    await bench.log(vouched=True).stamp(made.size)
    await bench.log(vouched=True).witness(made.size)
    kept = bench.kept.note_of(made.size)
    assert (kept.stamp_problem, kept.witness_problem) == (problem, problem)
    again = await bench.log(vouched=True).make()
    assert (again.stamp, again.witness) == (True, True)
    setattr(bench.vouching, how, False)
    await bench.log(vouched=True).stamp(made.size)
    assert bench.kept.note_of(made.size).stamp_problem is None


@pytest.mark.parametrize("content", [None, b"short"])
async def test_a_log_without_its_key_says_so(bench: Bench, content: bytes | None) -> None:
    if content is None:
        bench.key.unlink()
    else:
        bench.key.write_bytes(content)
    with pytest.raises(InvalidInputError, match="key of the log"):
        await bench.log().make()
