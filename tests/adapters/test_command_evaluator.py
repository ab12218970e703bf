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

from andon.adapters.evaluators.kinds import TrialMeans
from andon.adapters.evaluators.logs import EvaluationPlaces
from andon.adapters.evaluators.suites import SuiteEvaluator
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.adapters.store.vault import AesVault
from andon.config import TrialSettings
from andon.domain.errands import EvaluationRequest
from andon.domain.errors import EvaluationError
from andon.domain.evidence import EvidenceItem
from andon.domain.system import AISystem, Evaluation, Tier
from andon.domain.values import digest_of, sha256
from andon.register.engine import Databases
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents
from andon.register.keys import WrappedKeys
from andon.register.policies import Systems
from tests.register.cases import INCIDENT, NOW, TITLE, opening

TRACE = "1" * 32
VERSIONS = {"prompt": {"version": "1.2"}}
WITHIN = timedelta(seconds=30)

RUNNER = """
import json, os, sys
out, logs, cases = sys.argv[1:4]
added = [json.loads(line) for line in open(cases)]
print("secret words of a customer")
open(logs + "/inspect.json", "w").write("{}")
result = {
    "suite": "desk", "status": "success", "versions": {"prompt": {"version": "1.2"}},
    "cases": [{"id": "base", "incident": None, "passed": True}]
    + [{"id": c["id"], "incident": c["incident"], "passed": c["input"] == ["hi"]} for c in added],
    "total": 1 + len(added), "seen": sorted(os.environ),
}
"""
WRITE = "\njson.dump(result, open(out, 'w'))\n"


class Bench:
    """An evaluator for one AI system whose runner is a script of the test."""

    def __init__(self, folder: Path, databases: Databases) -> None:
        master = folder / "master.key"
        master.write_bytes(bytes(32))
        self.folder = folder
        self.store = MemoryEvidenceStore()
        self.places = EvaluationPlaces(
            systems=Systems(databases.register),
            incidents=Incidents(databases.register),
            evidence=Evidence(databases.register),
            store=self.store,
            vault=AesVault(master, WrappedKeys(databases.register)),
        )
        self.evaluator = SuiteEvaluator(self.places, folder, TrialMeans(TrialSettings()))
        self.progress: list[str] = []
        self.runs(RUNNER + WRITE)

    def runs(self, script: str) -> None:
        (self.folder / "runner.py").write_text(script)
        command = ("{python}", "runner.py", "{out}", "{logs}", "{cases}")
        self.registered(Evaluation(command=command, suite="desk", timeout_seconds=60))

    def registered(self, evaluation: Evaluation | None) -> None:
        self.places.systems.put_system(
            AISystem(id="refund_desk", name="Desk", tier=Tier.LOW, owner="bela", evaluation=evaluation)
        )

    def request(self, timeout: timedelta = WITHIN) -> EvaluationRequest:
        return EvaluationRequest(incident=INCIDENT, system="refund_desk", number=1, timeout=timeout)

    async def kept_trace(self, messages: object) -> None:
        """Put an incident with one trace into the register and the store, as evidence is kept."""
        self.places.incidents.allot(opening(trace_ids=(TRACE,)), dedupe=None, title=TITLE)
        span = {"span_id": "1", "parent": None, "attributes": {"gen_ai.input.messages": messages}}
        content = json.dumps({"trace_id": TRACE, "service": "refund_desk", "spans": [span]}).encode()
        name = f"application_log/recorder/{TRACE}"
        stored = await self.places.vault.encrypt(INCIDENT, content, bound_to=name)
        receipt = await self.store.put(f"evidence/{INCIDENT}/{sha256(stored)}", stored, content_type="x")
        item = EvidenceItem(
            id=name,
            kind="application_log",
            source="recorder",
            query="c" * 64,
            captured_at=NOW,
            sha256=sha256(stored),
            size_bytes=len(stored),
            content_type="application/json",
            key=receipt.key,
            version_id=receipt.version_id,
            locked_until=receipt.locked_until,
            collector="recorder/1",
        )
        self.places.evidence.save_items(INCIDENT, 1, [item], [])

    async def opened(self, ending: str) -> bytes:
        """Return in clear the kept log whose name ends so."""
        (item,) = [item for item in self.places.evidence.items(INCIDENT) if item.id.endswith(ending)]
        stored = await self.store.get(item.key)
        return await self.places.vault.decrypt(INCIDENT, stored, bound_to=item.id)


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
    ours = {"OUT", "LOGS", "CASES", "FACTS", "PROGRESS", "RUN_MARK"}
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
