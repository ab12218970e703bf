"""Ways to cheat the gate that only a real run can show, each tried through the real evaluator and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from andon.adapters.sources.versions import WHOLE
from andon.domain.gate import EvaluationResult, Gate, Shut
from andon.domain.gate_rules import judge_gate
from andon.domain.suite import PIN_DIGITS, Past, pin_of
from andon.domain.suite_run import Before
from andon.domain.system import Evaluation
from andon.domain.values import canonical, digest_of, sha256
from andon.register.engine import Databases
from tests.adapters.suites import Bench
from tests.kept_items import keep_item
from tests.register.cases import INCIDENT, NOW

WRONG: Final = {"prompt": {"version": "1.1"}}
CASES: Final = "refund-in-window\ndecline-too-late\n"
JUDGE: Final = "def passed(said):\n    return said == ['hi']\n"
RUNNER: Final = """
import hashlib, json, pathlib, sys
out, logs, cases, versions = sys.argv[1:5]
from judge import passed
past = pathlib.Path(versions).exists()
running = json.load(open(versions)) if past else {"prompt": {"version": "1.2"}}
added = [json.loads(line) for line in open(cases)]
own = [{"id": c["id"], "incident": c["incident"], "passed": passed(c["input"]) and not past} for c in added]
twins = [{"id": c["id"] + "-twin", "twin_of": c["id"], "passed": True} for c in added]
base = [{"id": line, "passed": True} for line in open("cases.txt").read().split()]
log = pathlib.Path(logs, "run.json")
log.write_text("[]")
result = {
    "suite": "desk", "status": "success", "versions": running, "thresholds": {"accuracy": 0.9},
    "dataset": hashlib.sha256(open("cases.txt", "rb").read()).hexdigest(),
    "logs_sha256": {"run.json": hashlib.sha256(log.read_bytes()).hexdigest()},
    "cases": [*base, *own, *twins],
}
"""
WRITE: Final = """
result.setdefault("total", len(result["cases"]))
json.dump(result, open(out, "w"))
"""
COMMAND: Final = ("{python}", "runner.py", "{out}", "{logs}", "{cases}", "{versions}")
SUITE: Final = Evaluation(
    command=COMMAND,
    suite="desk",
    timeout_seconds=60,
    thresholds={"accuracy": 0.9},
    dataset=sha256(CASES.encode()),
    files={"cases.txt": sha256(CASES.encode()), "judge.py": sha256(JUDGE.encode())},
    cases_at_least=2,
    required=("refund-in-window",),
    makes_twins=True,
    past=Past(command=COMMAND),
)


class Desk(Bench):
    """A bench whose runner does all that the file asks, unless somebody cheats."""

    def suite(self, cheat: str = "", suite: Evaluation = SUITE) -> None:
        (self.folder / "cases.txt").write_text(CASES)
        (self.folder / "judge.py").write_text(JUDGE)
        (self.folder / "runner.py").write_text(RUNNER + cheat + WRITE)
        self.registered(suite)

    async def verdict(self) -> tuple[EvaluationResult, Gate]:
        """Run as the child of an incident does, and judge as the incident."""
        request = self.request().model_copy(update={"pin": pin_of(SUITE)[:PIN_DIGITS]})
        result = await self.evaluator.run(request, self.progress.append)
        if result.completed and result.incident_case:
            past = request.model_copy(update={"past": True})
            result = result.with_past(await self.evaluator.run(past, self.progress.append))
        result = result.model_copy(update={"running": digest_of({"prompt": {"version": "1.2"}})})
        return result, judge_gate(result, fixed_at=NOW)

    async def opened_with(self, messages: str = '["hi"]') -> None:
        await self.kept_trace(messages)
        item = await keep_item(
            *(INCIDENT, f"{WHOLE}/versions/versions", canonical(WRONG)),
            at=NOW,
            store=self.store,
            vault=self.places.vault,
        )
        self.places.evidence.save_items(INCIDENT, 1, [item], [])


@pytest.fixture
async def desk(tmp_path: Path, databases: Databases) -> Desk:
    desk = Desk(tmp_path, databases)
    desk.suite()
    await desk.opened_with()
    return desk


async def test_an_honest_run_opens_the_gate(desk: Desk) -> None:
    result, gate = await desk.verdict()
    assert (result.before, result.before_versions) == (Before.FAILED, digest_of(WRONG))
    assert gate.reasons == ()


@pytest.mark.parametrize(
    ("cheat", "reason"),
    [
        pytest.param("sys.exit(0)", Shut.INCOMPLETE, id="exits 0 and writes nothing"),
        *(
            pytest.param(cheat, reason, id=name, marks=pytest.mark.long)
            for name, cheat, reason in (
                ("exits 0 and writes half", "open(out, 'w').write('{'); sys.exit(0)", Shut.INCOMPLETE),
                ("edits the log", "log.write_text('[edited]')", Shut.LOG_ALTERED),
                ("removes the log", "log.unlink()", Shut.LOG_ALTERED),
                (
                    "swaps the dataset",
                    "open('cases.txt', 'w').write('easy\\nrefund-in-window\\n')",
                    Shut.FILES_CHANGED,
                ),
                ("names another dataset", "result['dataset'] = 'e' * 64", Shut.DATASET_CHANGED),
                ("edits what judges", "open('judge.py', 'w').write('passed = bool')", Shut.FILES_CHANGED),
                (
                    "evaluates another model",
                    "result['versions'] = {'prompt': {'version': '1.3'}}",
                    Shut.OTHER_VERSIONS,
                ),
                ("leaves the incident out", "result['cases'] = base + twins", Shut.INCIDENT_CASE_MISSING),
                ("runs a part of the suite", "result['cases'] = base[:1] + own + twins", Shut.TOO_FEW_CASES),
                ("lowers the threshold", "result['thresholds'] = {'accuracy': 0.1}", Shut.THRESHOLDS_CHANGED),
                ("copies an old result", "result['started_at'] = '2026-01-01T00:00:00Z'", Shut.OLD_RESULT),
                ("leaves the twin out", "result['cases'] = base + own", Shut.TWIN_MISSING),
                (
                    "passes before as well",
                    "for one in own:\n    one['passed'] = True\n",
                    Shut.PASSED_BEFORE,
                ),
                (
                    "fails on versions that never ran",
                    "if past:\n    result['versions'] = {'prompt': {'version': '0.1'}}\n",
                    Shut.BEFORE_OTHER_VERSIONS,
                ),
                ("does not run the past", "if past:\n    sys.exit(3)\n", Shut.NOT_RUN_BEFORE),
            )
        ),
    ],
)
async def test_a_runner_that_cheats_is_refused_for_what_it_does(desk: Desk, cheat: str, reason: Shut) -> None:
    desk.suite(f"\n{cheat}\n")
    _, gate = await desk.verdict()
    assert reason in gate.reasons


@pytest.mark.long
@pytest.mark.parametrize(
    "change",
    [
        {"thresholds": {"accuracy": 0.1}},
        {"required": ()},
        {"files": {}},
        {"cases_at_least": 0},
        {"command": (*COMMAND, "--easy")},
    ],
)
async def test_rules_that_are_changed_while_an_incident_is_open_are_refused(
    desk: Desk, change: dict[str, object]
) -> None:
    desk.suite(suite=SUITE.model_copy(update=change))
    _, gate = await desk.verdict()
    assert Shut.SUITE_CHANGED in gate.reasons


@pytest.mark.long
async def test_a_suite_that_can_not_run_the_past_keeps_its_reason(desk: Desk) -> None:
    desk.suite(suite=SUITE.model_copy(update={"past": Past(cannot="the old model is gone")}))
    result, gate = await desk.verdict()
    assert (result.before, gate.open) == (Before.CANNOT, True)
    assert result.cannot is not None
    assert "the old model is gone" in desk.places.policies.get(result.cannot)
    desk.suite(suite=SUITE.model_copy(update={"past": None}))
    _, gate = await desk.verdict()
    assert gate.reasons == (Shut.PAST_UNSAID,)
