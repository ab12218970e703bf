"""The witness signs a log that only grows, and no fork, no rollback and nothing of a stranger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from andon.adapters.outgoing import Outgoing
from andon.adapters.witness import HttpWitness
from andon.audit.witness import WitnessDesk, WitnessFolder, create_app
from andon.config import LeverSettings
from andon.domain.errors import InvalidInputError, LeverAwayError, SignatureError
from andon.domain.merkle import leaf_hash
from andon.domain.note import Checkpoint, Note, cosigned_by, key_of, sign_note
from andon.domain.witness import Offer, Verdict, read_offer
from tests.adapters.web import web
from tests.api.server import running
from tests.tree import Tree

ORIGIN = "log.example"
SEED = bytes(range(32))
LOG = key_of(ORIGIN, SEED)
TREE = Tree(leaf_hash(bytes([number])) for number in range(20))
NOW = 1_800_000_000.0


def note(size: int, tree: Tree = TREE, origin: str = ORIGIN, seed: bytes = SEED) -> Note:
    return sign_note(Checkpoint(origin=origin, size=size, root=tree.root(size)).body(), origin, seed)


def offer(old: int, size: int, tree: Tree = TREE) -> Offer:
    proof = tree.consistency(old, size) if 0 < old < size else []
    return Offer(old=old, proof=tuple(proof), note=note(size, tree))


def proofs(size: int, tree: Tree = TREE) -> Callable[[int], Sequence[bytes]]:
    return lambda old: tree.consistency(old, size)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[WitnessFolder]:
    opened = WitnessFolder(tmp_path / "witness")
    yield opened
    opened.close()


def desk(folder: WitnessFolder) -> WitnessDesk:
    return WitnessDesk(folder, "witness.example", [LOG], now=lambda: NOW)


def status(folder: WitnessFolder, asked: Offer) -> int:
    return desk(folder).take(asked.text().encode()).status_code


def test_a_log_that_grows_is_signed_step_by_step(folder: WitnessFolder) -> None:
    for old, size in ((0, 3), (3, 3), (3, 8), (8, 20)):
        answer = desk(folder).take(offer(old, size).text().encode())
        assert answer.status_code == Verdict.TAKEN
        seen = folder.known(ORIGIN)
        assert seen is not None
        assert seen.size == size


def test_what_the_witness_signed_is_known_after_a_restart(tmp_path: Path) -> None:
    first = WitnessFolder(tmp_path)
    key = desk(first).key
    assert status(first, offer(0, 8)) == Verdict.TAKEN
    first.close()
    again = WitnessFolder(tmp_path)
    assert desk(again).key == key
    assert status(again, offer(0, 3)) == Verdict.OUTDATED
    again.close()


def test_a_rollback_gets_no_signature(folder: WitnessFolder) -> None:
    status(folder, offer(0, 8))
    answer = desk(folder).take(offer(0, 3).text().encode())
    assert (answer.status_code, answer.body) == (Verdict.OUTDATED, b"8\n")
    assert status(folder, offer(8, 8).model_copy(update={"note": note(5)})) == Verdict.MALFORMED


def test_a_fork_gets_no_signature(folder: WitnessFolder) -> None:
    status(folder, offer(0, 8))
    other = Tree(leaf_hash(bytes([number + 100])) for number in range(20))
    assert status(folder, offer(8, 12, other)) == Verdict.FORKED
    assert status(folder, offer(8, 8, other)) == Verdict.FORKED
    assert status(folder, offer(8, 12).model_copy(update={"proof": ()})) == Verdict.FORKED


def test_what_the_log_did_not_sign_gets_no_signature(folder: WitnessFolder) -> None:
    forged = Offer(old=0, proof=(), note=note(3, seed=bytes(32)))
    assert status(folder, forged) == Verdict.UNSIGNED
    altered = note(3)
    altered = Note(body=altered.body.replace("\n3\n", "\n4\n"), signatures=altered.signatures)
    assert status(folder, Offer(old=0, proof=(), note=altered)) == Verdict.UNSIGNED


def test_a_log_the_witness_was_not_told_of_gets_no_signature(folder: WitnessFolder) -> None:
    assert status(folder, Offer(old=0, proof=(), note=note(3, origin="other.example"))) == Verdict.UNKNOWN


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"old 0\n",
        b"old -1\n\n" + note(3).text().encode(),
        b"old 01\n\n" + note(3).text().encode(),
        b"old 0\nAAAA\n\n" + note(3).text().encode(),
        b"old 0\n" + b"A" * 43 + b"=\n" * 1 + (b"A" * 43 + b"=\n") * 63 + b"\n" + note(3).text().encode(),
        b"\xff" + offer(0, 3).text().encode(),
        offer(0, 3).text().encode()[:-1],
    ],
)
def test_what_is_no_offer_is_refused(folder: WitnessFolder, raw: bytes) -> None:
    assert desk(folder).take(raw).status_code == Verdict.MALFORMED


def test_an_offer_is_read_back_as_it_was_written() -> None:
    asked = offer(5, 13)
    assert read_offer(asked.text().encode()) == asked


def test_two_witnesses_do_not_share_a_folder(folder: WitnessFolder, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="another witness"):
        WitnessFolder(tmp_path / "witness")


def away(url: str, key: str = "witness.example") -> HttpWitness:
    outgoing = Outgoing(LeverSettings(private_hosts=(url,)))
    return HttpWitness(outgoing, f"http://{url}", key_of(key, bytes(32), 4))


async def test_a_checkpoint_comes_back_with_the_signature_of_a_real_witness(folder: WitnessFolder) -> None:
    there = desk(folder)
    async with running(create_app(there)) as url:
        outgoing = Outgoing(LeverSettings(private_hosts=(url.removeprefix("http://"),)))
        for size in (3, 8, 8, 20):
            # Each time as a process that was just started and knows nothing of the witness.
            witness = HttpWitness(outgoing, url, there.key)
            seen = await witness.cosign(note(size), proofs(size))
            assert cosigned_by(seen, there.key) == int(NOW)
        with pytest.raises(SignatureError):
            await HttpWitness(outgoing, url, there.key).cosign(note(8), proofs(8))
        stranger = key_of("witness.example", bytes(32), 4)
        with pytest.raises(SignatureError, match="without its signature"):
            await HttpWitness(outgoing, url, stranger).cosign(note(20), proofs(20))
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            answer = await http.post("/add-checkpoint", content=b"x" * 100_000)
            assert answer.status_code == Verdict.MALFORMED


@pytest.mark.parametrize(
    ("code", "body", "error"),
    [
        (500, b"", LeverAwayError),
        (404, b"", LeverAwayError),
        (200, b"no signature\n", LeverAwayError),
        (409, b"many\n", LeverAwayError),
        (409, b"9999\n", SignatureError),
        (422, b"", SignatureError),
    ],
)
async def test_a_witness_that_answers_otherwise_than_agreed_is_not_believed(
    code: int, body: bytes, error: type[Exception]
) -> None:
    with web() as there:
        there.status, there.body = code, body
        with pytest.raises(error):
            await away(there.url).cosign(note(3), proofs(3))


async def test_a_witness_that_is_gone_is_away() -> None:
    with pytest.raises(LeverAwayError):
        await away("127.0.0.1:9").cosign(note(3), proofs(3))
