"""Eval suites in processes of their own: bounded, stopped whole, judged by what they wrote."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.domain.errors import EvaluationError
from andon.domain.system import Evaluation
from andon.domain.values import digest_of
from andon.register.engine import Databases
from tests.adapters.suites import RUNNER, VERSIONS, WRITE, Bench
from tests.register.cases import INCIDENT


@pytest.fixture
def bench(tmp_path: Path, databases: Databases) -> Bench:
    return Bench(tmp_path, databases)


async def test_a_secret_in_a_log_is_masked_before_it_is_stored(bench: Bench) -> None:
    key = "AKIA" + "Q3EGRL5WQZ7YT2PN"
    bench.runs(f"print('key {key}')\n" + RUNNER + WRITE)
    await bench.evaluator.run(bench.request(), bench.progress.append)
    kept = [await bench.opened(item.id) for item in bench.places.evidence.items(INCIDENT)]
    assert all(key.encode() not in content for content in kept)
    assert any(b"key [secret:aws_key:" in content for content in kept)


async def test_a_run_gives_its_result_with_the_incidents_own_case(bench: Bench) -> None:
    await bench.kept_trace('["hi"]')
    result = await bench.evaluator.run(bench.request(), bench.progress.append)
    assert (result.completed, result.total, result.finished, result.failed) == (True, 2, 2, ())
    assert result.incident_case is True
    assert result.versions == digest_of(VERSIONS)
    assert result.started_at <= result.finished_at
    assert bench.progress


async def test_an_incident_case_that_fails_is_told(bench: Bench) -> None:
    await bench.kept_trace('["attack"]')
    result = await bench.evaluator.run(bench.request(), bench.progress.append)
    assert (result.completed, result.incident_case, result.failed) == (True, False, (INCIDENT,))


async def test_without_evidence_of_the_input_the_incidents_case_is_missing(bench: Bench) -> None:
    result = await bench.evaluator.run(bench.request(), bench.progress.append)
    assert (result.completed, result.total, result.incident_case) == (True, 1, None)


async def test_evidence_that_was_altered_is_not_made_into_a_case(bench: Bench) -> None:
    await bench.kept_trace('["hi"]')
    for key in bench.store.contents:
        bench.store.contents[key] = b"altered"
    with pytest.raises(Exception, match="SHA-256"):
        await bench.evaluator.run(bench.request(), bench.progress.append)


async def test_output_result_and_logs_are_kept_encrypted(bench: Bench) -> None:
    result = await bench.evaluator.run(bench.request(), bench.progress.append)
    assert await bench.opened("/output.log") == b"secret words of a customer\n"
    assert await bench.opened("/logs/inspect.json") == b"{}"
    assert json.loads(await bench.opened("/result.json"))["suite"] == "desk"
    assert result.log in {item.sha256 for item in bench.places.evidence.items(INCIDENT)}
    assert not any(b"secret" in content for content in bench.store.contents.values())


async def test_the_suite_knows_little_of_our_environment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_SETTINGS", "/secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    await bench.evaluator.run(bench.request(), bench.progress.append)
    seen = set(json.loads(await bench.opened("/result.json"))["seen"])
    ours = {"OUT", "LOGS", "CASES", "FACTS", "PROGRESS", "VERSIONS", "RUN_MARK"}
    assert seen <= {"PATH", "LANG", "HOME", "TMPDIR", "PYTHONUNBUFFERED", "LC_CTYPE"} | {
        f"ANDON_{name}" for name in ours
    }


@pytest.mark.parametrize(
    ("change", "completed"),
    [
        ("result['total'] = 5", False),
        ("result['status'] = 'error'", False),
        ("import atexit; atexit.register(lambda: os._exit(3))", False),
        ("result['cases'] *= 2", True),
    ],
)
async def test_a_run_that_did_not_finish_every_case_is_not_complete(
    bench: Bench, change: str, completed: bool
) -> None:
    bench.runs(f"{RUNNER}\n{change}\n{WRITE}")
    result = await bench.evaluator.run(bench.request(), bench.progress.append)
    assert result.completed is completed


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("raise SystemExit(3)", "no_result"),
        (f"{RUNNER}\nopen(out, 'w').write('customer said')", "garbled"),
        (f"{RUNNER}\nresult['cases'][0]['passed'] = 'yes'{WRITE}", "garbled"),
        (f"{RUNNER}\ndel result['total']{WRITE}", "garbled"),
        (f"{RUNNER}\nresult['versions'] = {{'n': 10**30}}{WRITE}", "garbled"),
        (f"{RUNNER}\nopen(out, 'w').write('x' * 9_000_000)", "garbled"),
        (f"{RUNNER}\nresult['suite'] = '\\x1b[2J'{WRITE}", "garbled"),
        (f"{RUNNER}\nos.mkfifo(out)", "garbled"),
        (f"{RUNNER}\nos.symlink('/dev/zero', out)", "garbled"),
    ],
)
async def test_a_missing_or_garbled_result_opens_nothing_and_says_which(
    bench: Bench, script: str, problem: str
) -> None:
    bench.runs(script)
    result = await bench.evaluator.run(bench.request(), bench.progress.append)
    assert (result.problem, result.completed, result.total) == (problem, False, 0)
    assert await bench.opened("/output.log") is not None


FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({path!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pids: list[int]) -> bool:
    end = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    return not any(alive(pid) for pid in pids)


def written(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


async def family(path: Path) -> list[int]:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if len(pids := written(path)) == 2:
            return pids
        await asyncio.sleep(0.02)
    raise TimeoutError("the suite did not start")


async def test_a_suite_that_takes_too_long_is_stopped_with_its_children(bench: Bench) -> None:
    pids = bench.folder / "pids"
    bench.runs(FAMILY.format(path=str(pids)))
    result = await bench.evaluator.run(bench.request(timedelta(seconds=2)), bench.progress.append)
    assert (result.problem, result.completed) == ("timeout", False)
    assert await gone(await family(pids))


async def test_cancelling_stops_the_suite_with_its_children(bench: Bench) -> None:
    pids = bench.folder / "pids"
    bench.runs(FAMILY.format(path=str(pids)))
    running = asyncio.create_task(bench.evaluator.run(bench.request(), bench.progress.append))
    started = await family(pids)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await gone(started)


async def test_a_suite_that_ignores_the_polite_signal_is_killed(bench: Bench) -> None:
    pids = bench.folder / "pids"
    ignoring = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    bench.runs(ignoring + FAMILY.format(path=str(pids)))
    result = await bench.evaluator.run(bench.request(timedelta(seconds=1)), bench.progress.append)
    assert result.problem == "timeout"
    assert await gone(await family(pids))


async def test_what_a_finished_suite_leaves_running_is_stopped(bench: Bench) -> None:
    pids = bench.folder / "pids"
    left = (
        "import subprocess; left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    )
    note = f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{left.pid}}')"
    bench.runs(f"{RUNNER}\n{left}\n{note}\n{WRITE}os._exit(0)")
    await bench.evaluator.run(bench.request(), bench.progress.append)
    assert await gone(await family(pids))


@pytest.mark.parametrize(
    "unfit",
    [
        {"command": ("/no/such/program",)},
        {"command": ("{python}",), "directory": "nowhere"},
        {"kind": "unheard_of"},
        {"kind": "pytest", "command": ("{python}", "-m", "pytest")},
        {"kind": "http", "options": {"url": "http://169.254.169.254/run"}},
        {"command": ("{python}",), "options": {"speed": "11"}},
    ],
)
async def test_a_suite_that_can_not_be_started_says_so(bench: Bench, unfit: dict[str, Any]) -> None:
    bench.registered(Evaluation.model_validate({"suite": "desk", **unfit}))
    result = await bench.evaluator.run(bench.request(), bench.progress.append)
    assert (result.problem, result.completed) == ("not_started", False)


async def test_a_system_without_a_suite_can_not_be_evaluated(bench: Bench) -> None:
    bench.registered(None)
    with pytest.raises(EvaluationError, match="names no evaluation"):
        await bench.evaluator.run(bench.request(), bench.progress.append)


async def test_the_suite_runs_with_the_python_that_runs_us(bench: Bench) -> None:
    bench.runs(f"{RUNNER}\nresult['suite'] = sys.prefix{WRITE}")
    result = await bench.evaluator.run(bench.request(), bench.progress.append)
    assert result.suite == sys.prefix
