"""What a worker reads of its workflows, and how often."""

from __future__ import annotations

import subprocess
import sys

PROBE = """
import asyncio, sys
from temporalio import workflow
from workers.sandbox import sandbox_runner
from workflows.incident import IncidentWorkflow

compiled = []
definition = workflow._Definition.must_from_class(IncidentWorkflow)

def note(event, given):
    if event == "compile" and "/workflows/" in str(given[1]):
        compiled.append(given[1])

async def prepared_twice():
    runner = sandbox_runner()
    runner.prepare_workflow(definition)
    sys.addaudithook(note)
    runner.prepare_workflow(definition)
    assert "workflows.incident" in sys.modules

asyncio.run(prepared_twice())
print(len(compiled))
"""


def test_the_code_of_a_workflow_is_compiled_once_however_many_incidents_run() -> None:
    told = subprocess.run(
        [sys.executable, "-B", "-c", PROBE], capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.strip() == "0"
