"""Record the replay corpus of this release: `python -m tests.replay.record [afterwards]`.

Runs the real workflows and activities on fake ports against a real server (no skipped time, which
would leave events that production never has), and saves the history at every wait state. Never
record again for a released version: add a folder for the next one.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.stage import Stage
from tests.replay.afterwards import record_afterwards
from tests.replay.keepers import record_keepers
from tests.replay.telling import record_telling
from tests.workflows.case import Case, Parts, opened
from tests.workflows.conftest import ATTRIBUTES, FAST, TEMPORAL

HERE = Path(__file__).parent / "histories"

Save = Callable[[str], Awaitable[None]]


async def whole_loop(case: Case, save: Save) -> None:
    await case.until(lambda state: state.contained and state.seals)
    await save("awaiting-triage")
    await case.answer("triage", "confirm", Role.RESPONDER)
    await case.question("diagnosis")
    await save("awaiting-legal-impact-and-diagnosis")
    await case.answer("legal_review", "disclosure_needed", Role.LEGAL)
    await case.answer("customer_notification", "do_not_notify", Role.LEGAL)
    await case.answer("impact", "isolated", Role.OPERATIONS)
    await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
    await case.question("remediation")
    await save("awaiting-the-fix")
    await case.answer("remediation", "fix_deployed", Role.ENGINEER)
    await case.question("restart")
    await save("awaiting-restart")
    await case.answer("restart", "restart", Role.ENGINEER)
    await case.restart()
    await case.until(lambda state: state.stage is Stage.MONITOR)
    await save("watching")
    await case.question("lessons")
    await save("awaiting-lessons")
    await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
    await case.ended()
    await save("closed")


async def stood_down(case: Case, save: Save) -> None:
    await case.signal("respond_signal", "rubbish")
    await case.signal("noise", 1, 2, 3)
    await case.answer("triage", "false_positive", Role.RESPONDER)
    await case.answer("triage", "false_positive", Role.INCIDENT_LEAD)
    await case.ended()
    await save("stood-down")


async def relapsed(case: Case, save: Save) -> None:
    await case.to_the_gate()
    await case.restart()
    await case.until(lambda state: state.stage is Stage.MONITOR)
    case.parts.versions.running = "other"
    await case.until(lambda state: state.relapses == 1 and state.contained)
    await case.question("diagnosis")
    await save("relapsed")


async def gate_shut(case: Case, save: Save) -> None:
    case.parts.judged = lambda _: {"incident_case": False}
    await case.to_the_gate()
    await case.until(lambda state: "remediation-2" in state.decisions)
    await save("gate-shut")


SCENARIOS = (whole_loop, stood_down, relapsed, gate_shut)


async def record(folder: Path, *, afterwards: bool) -> None:
    """Record all, or only what comes beside and after an incident."""
    flags = [
        part
        for name, value in FAST.items()
        if "TimeSkipping" not in name and "suggest" not in name
        for part in ("--dynamic-config-value", f"{name}={value}")
    ]
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=flags,
        search_attributes=ATTRIBUTES,
    ) as environment:

        async def kept(name: str, handle: WorkflowHandle[Any, Any]) -> None:
            history = await handle.fetch_history()
            (folder / f"{name}.json").write_text(history.to_json())
            print(f"{name}: {len(history.events)} events")

        with TemporaryDirectory() as place:
            await record_afterwards(environment, Path(place), kept)
        await record_telling(environment.client, kept)
        if afterwards:
            return
        closed: list[str] = []
        for scenario in SCENARIOS:
            async with opened(environment, Parts()) as case:

                async def save(name: str, case: Case = case) -> None:
                    await kept(name, case.handle)

                await scenario(case, save)
                closed.append(case.opening.incident)
        with TemporaryDirectory() as place:
            await record_keepers(environment.client, closed[0], Path(place), kept)


if __name__ == "__main__":
    target = HERE / version("andon")
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(record(target, afterwards=sys.argv[1:] == ["afterwards"]))
    sys.stdout.flush()
