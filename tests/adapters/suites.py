"""A bench for eval suites: an AI system whose runner is a script of the test, run by the real evaluator."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from andon.adapters.evaluators.kinds import TrialMeans
from andon.adapters.evaluators.logs import EvaluationPlaces
from andon.adapters.evaluators.suites import SuiteEvaluator
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.adapters.store.vault import AesVault
from andon.config import TrialSettings
from andon.domain.confinement import Limits
from andon.domain.errands import EvaluationRequest
from andon.domain.gate import EvaluationResult
from andon.domain.system import AISystem, Evaluation, Tier
from andon.register.engine import Databases
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents
from andon.register.keys import WrappedKeys
from andon.register.policies import Policies, Systems
from tests.kept_items import keep_item
from tests.register.cases import INCIDENT, NOW, TITLE, opening

NO_TRIALS = TrialSettings()
NO_LIMITS = Limits.model_validate({})

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


def suite(kind: str, *command: str, **more: Any) -> Evaluation:
    """Return a suite of this kind as an AI system's file names it."""
    return Evaluation.model_validate({"kind": kind, "command": command, "suite": "desk", **more})


class Bench:
    """An evaluator for one AI system whose runner is a script of the test."""

    def __init__(self, folder: Path, databases: Databases, trials: TrialSettings = NO_TRIALS) -> None:
        master = folder / "master.key"
        master.write_bytes(bytes(32))
        self.folder = folder
        self.store = MemoryEvidenceStore()
        self.places = EvaluationPlaces(
            systems=Systems(databases.register),
            policies=Policies(databases.register),
            incidents=Incidents(databases.register),
            evidence=Evidence(databases.register),
            store=self.store,
            vault=AesVault(master, WrappedKeys(databases.register)),
        )
        self.evaluator = SuiteEvaluator(self.places, folder, TrialMeans(trials))
        self.progress: list[str] = []
        self.runs(RUNNER + WRITE)

    def runs(self, script: str, limits: Limits = NO_LIMITS) -> None:
        (self.folder / "runner.py").write_text(script)
        command = ("{python}", "runner.py", "{out}", "{logs}", "{cases}")
        self.registered(Evaluation(command=command, suite="desk", timeout_seconds=60, limits=limits))

    def registered(self, evaluation: Evaluation | None) -> None:
        self.places.systems.put_system(
            AISystem(id="refund_desk", name="Desk", tier=Tier.LOW, owner="bela", evaluation=evaluation)
        )

    def request(self, timeout: timedelta = WITHIN) -> EvaluationRequest:
        return EvaluationRequest(incident=INCIDENT, system="refund_desk", number=1, timeout=timeout)

    async def result(self, within: timedelta = WITHIN) -> EvaluationResult:
        return await self.evaluator.run(self.request(within), self.progress.append)

    async def kept_trace(self, messages: object, **attributes: object) -> None:
        """Put an incident with one trace into the register and the store, as evidence is kept."""
        self.places.incidents.allot(opening(trace_ids=(TRACE,)), dedupe=None, title=TITLE)
        span = {
            "span_id": "1",
            "parent": None,
            "attributes": {"gen_ai.input.messages": messages, **attributes},
        }
        content = json.dumps({"trace_id": TRACE, "service": "refund_desk", "spans": [span]}).encode()
        item = await keep_item(
            *(INCIDENT, f"application_log/recorder/{TRACE}", content),
            at=NOW,
            store=self.store,
            vault=self.places.vault,
        )
        self.places.evidence.save_items(INCIDENT, 1, [item], [])

    async def opened(self, ending: str) -> bytes:
        """Return in clear the kept log whose name ends so."""
        (item,) = [item for item in self.places.evidence.items(INCIDENT) if item.id.endswith(ending)]
        stored = await self.store.get(item.key)
        return await self.places.vault.decrypt(INCIDENT, stored, bound_to=item.id)
