"""Eval suites that misbehave: each ends in bounded time, leaves nothing running, and its result says why."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from andon.adapters.evaluators.family import MARK
from andon.domain.confinement import ENFORCED, Limits
from andon.register.engine import Databases
from tests.adapters.suites import RUNNER, WRITE, Bench
from tests.register.cases import INCIDENT

MOST_FORKS: Final = 50
"""The bomb stops by itself at this many, whatever we do."""

SLEEP: Final = "time.sleep(600)"
HEAD: Final = "import os, signal, subprocess, sys, time\nout, logs, cases = sys.argv[1:4]\n"


@dataclass(frozen=True)
class Abuse:
    """What a suite does, within which limits, and what its result calls it."""

    script: str
    problem: str
    limits: dict[str, int] = field(default_factory=dict)
    seconds: float = 60
    """Its time."""
    within: float = 20
    """How soon it has to be over."""


ABUSES: Final = {
    "writes nothing and exits 0": Abuse("", "no_result"),
    "hangs": Abuse(SLEEP, "timeout", seconds=1),
    "hangs and ignores SIGTERM": Abuse(
        f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEP}", "timeout", seconds=1
    ),
    "stops itself": Abuse("os.kill(os.getpid(), signal.SIGSTOP)", "timeout", seconds=1),
    "stops what watches it": Abuse(f"os.kill(os.getppid(), signal.SIGSTOP)\n{SLEEP}", "timeout", seconds=1),
    "kills what watches it": Abuse(f"os.kill(os.getppid(), signal.SIGKILL)\n{SLEEP}", "killed"),
    "is killed": Abuse("os.kill(os.getpid(), signal.SIGKILL)", "killed"),
    "is ended by SIGTERM": Abuse("os.kill(os.getpid(), signal.SIGTERM)", "killed"),
    "eats memory": Abuse(
        "eaten = []\nwhile True:\n    eaten.append(bytearray(b'x') * 4_000_000)\n    time.sleep(0.02)",
        "memory",
        {"memory_mib": 128},
    ),
    "eats memory in many processes": Abuse(
        "for _ in range(8):\n    if os.fork() == 0:\n        eaten = bytearray(b'x') * 40_000_000\n"
        f"        {SLEEP}\n{SLEEP}",
        "memory",
        {"memory_mib": 192},
    ),
    "forks a bomb": Abuse(
        f"for _ in range({MOST_FORKS}):\n    if os.fork() == 0:\n        {SLEEP}\n{SLEEP}",
        "processes",
        {"processes": 20},
    ),
    "writes one file of 1 GB": Abuse(
        "with open(logs + '/big', 'wb') as file:\n"
        "    for _ in range(1024):\n        file.write(bytes(1 << 20))",
        "output",
        {"file_mib": 64},
    ),
    "writes 1 GB in many files": Abuse(
        "for n in range(256):\n    open(f'{logs}/{n}', 'wb').write(bytes(4 << 20))\n    time.sleep(0.05)",
        "output",
        {"file_mib": 64},
    ),
    "prints 1 GB": Abuse(
        "while True:\n    sys.stdout.buffer.write(bytes(1 << 20))", "output", {"file_mib": 64}
    ),
    "moves to a session of its own, twice": Abuse(
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        {SLEEP}\n    os._exit(0)\nos.wait()",
        "no_result",
    ),
    "moves to a session of its own with an empty environment": Abuse(
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        os.execve(sys.executable, [sys.executable, '-c', 'import time; {SLEEP}'], {{}})\n"
        "    os._exit(0)\nos.wait()",
        "no_result",
    ),
    "moves away and kills what watches it": Abuse(
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        {SLEEP}\n    os._exit(0)\nos.wait()\n"
        "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(600)",
        "killed",
    ),
    "prints control characters": Abuse(
        "sys.stdout.write('\\x1b[2J\\x1b]0;all is well\\x07')\nopen(out, 'w').write('\\x1b[2J')", "garbled"
    ),
    "leaves a pipe for its result": Abuse("os.mkfifo(out)", "garbled"),
    "leaves logs that lead elsewhere": Abuse(
        "os.symlink('/dev/zero', logs + '/a')\nos.mkfifo(logs + '/b')\n"
        "os.symlink('/etc/passwd', logs + '/c')",
        "no_result",
    ),
    "makes its folder its own": Abuse(
        "os.chmod(logs, 0)\nos.chmod(os.path.dirname(out), 0o500)", "no_result"
    ),
}

SHORT: Final = "writes nothing and exits 0"


@pytest.fixture
def bench(tmp_path: Path, databases: Databases) -> Bench:
    return Bench(tmp_path, databases)


def of_this_test(folder: Path) -> list[int]:
    """Return the processes that still run what the test has written, wherever they have moved."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                stat = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                where = (entry / "cwd").readlink()
            except OSError:
                continue
            if stat != "Z" and where == folder and (MARK.encode() in words or b"sleep(600)" in words):
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one == SHORT else [pytest.mark.long]) for one in ABUSES]
)
async def test_a_suite_that_misbehaves_ends_in_time_leaves_nothing_and_is_called_what_it_is(
    bench: Bench, name: str
) -> None:
    abuse = ABUSES[name]
    bench.runs(HEAD + abuse.script, Limits.model_validate(abuse.limits))
    began = time.monotonic()
    async with asyncio.timeout(abuse.within + 20):
        result = await bench.result(timedelta(seconds=abuse.seconds))
    took = time.monotonic() - began
    assert (result.problem, result.completed, result.incident_case) == (abuse.problem, False, None)
    assert took < abuse.within
    assert of_this_test(bench.folder) == []
    assert result.log in {item.sha256 for item in bench.places.evidence.items(INCIDENT)}


async def test_a_run_says_what_was_enforced(bench: Bench) -> None:
    bench.runs(RUNNER + WRITE)
    result = await bench.result()
    assert result.confinement is not None
    assert result.confinement.memory == result.confinement.files == ENFORCED
    assert result.confinement.network == ENFORCED or result.confinement.network.startswith(
        "open: not_possible"
    )


REACHES = """
import socket
own = socket.create_server(("127.0.0.1", 0))
socket.create_connection(own.getsockname(), timeout=5)
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5)
    result["suite"] = "reached the machine"
except OSError:
    result["suite"] = "cut off"
"""


@pytest.mark.parametrize(("network", "outcome"), [("none", "cut off"), ("open", "reached the machine")])
async def test_a_suite_reaches_only_servers_of_its_own_unless_the_file_says_otherwise(
    bench: Bench, network: str, outcome: str
) -> None:
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        bench.runs(RUNNER + REACHES.format(port=port) + WRITE, Limits.model_validate({"network": network}))
        result = await bench.result()
    assert result.confinement is not None
    if network == "none" and result.confinement.network != ENFORCED:
        pytest.skip(f"this machine can't cut a suite off: {result.confinement.network}")
    assert result.suite == outcome
    assert (result.confinement.network == ENFORCED) is (network == "none")


async def test_a_suite_says_how_far_it_is(bench: Bench) -> None:
    counts = "\nimport time\nopen(os.environ['ANDON_PROGRESS'], 'w').write('3/12\\n')\ntime.sleep(0.7)\n"
    bench.runs(RUNNER + counts + WRITE)
    await bench.result()
    assert any(one.endswith(", 3 of 12 cases") for one in bench.progress)
