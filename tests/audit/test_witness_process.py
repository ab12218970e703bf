"""`andon witness` as a process of its own: killed and started again, it still signs no fork."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from andon.adapters.outgoing import Outgoing
from andon.adapters.witness import HttpWitness
from andon.config import LeverSettings
from andon.domain.errors import SignatureError
from andon.domain.merkle import leaf_hash
from andon.domain.note import cosigned_by, key_from
from tests.api.server import free_socket
from tests.audit.test_witness import LOG, note, proofs
from tests.tree import Tree

STARTS_WITHIN = 60.0


@contextmanager
def witness(folder: Path, place: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run a witness; it is killed at the end, as by kill -9."""
    command = ("witness", str(folder), "--log", LOG.text(), "--listen", place, *more)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "andon.cli.main", *command], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


async def key_at(place: str) -> str:
    """Wait a bounded time for the witness to serve, and return its key."""
    async with asyncio.timeout(STARTS_WITHIN), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                return str((await http.get(f"http://{place}/healthz")).json()["key"])
            except httpx.TransportError:
                await asyncio.sleep(0.05)


def free_place() -> str:
    with free_socket() as held:
        return f"127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.long
async def test_a_witness_that_was_killed_knows_what_it_signed(tmp_path: Path) -> None:
    place = free_place()
    outgoing = Outgoing(LeverSettings(private_hosts=(place,)))
    with witness(tmp_path / "w", place):
        key = await key_at(place)
        there = HttpWitness(outgoing, f"http://{place}", key_from(key))
        assert cosigned_by(await there.cosign(note(8), proofs(8)), key_from(key))
    with witness(tmp_path / "w", place):
        assert await key_at(place) == key
        there = HttpWitness(outgoing, f"http://{place}", key_from(key))
        forked = Tree(leaf_hash(bytes([number + 100])) for number in range(20))
        with pytest.raises(SignatureError):
            await there.cosign(note(12, forked), proofs(12, forked))
        assert cosigned_by(await there.cosign(note(12), proofs(12)), key_from(key))


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments",
    [("--log", "no key", "--listen", "127.0.0.1:1"), ("--log", LOG.text(), "--listen", "nowhere")],
    ids=["key", "place"],
)
def test_a_witness_that_can_not_serve_says_why(tmp_path: Path, arguments: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "andon.cli.main", "witness", str(tmp_path), *arguments],
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr
