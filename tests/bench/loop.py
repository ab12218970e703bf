"""How long the history of one whole incident is: the demo's, from detection to close."""

from __future__ import annotations

from contextlib import ExitStack, redirect_stdout
from pathlib import Path

from temporalio.client import Client

from examples.demo.__main__ import Demo
from examples.demo.scenario import PROMPT
from examples.demo.setting import Setting
from tests.bench.stack import read_settings


async def events_of_the_demo(folder: Path) -> tuple[int, int]:
    """Play the demo up to its close.

    Returns:
        Events of the incident's own history, and of its children's.
    """
    with ExitStack() as stack:
        with (folder.parent / "demo.log").open("w") as told, redirect_stdout(told):
            demo = Demo(folder, PROMPT, stack)
            demo.start()
            incident = demo.misbehave()
            demo.contained(incident)
            demo.breach(incident)
            demo.examine(incident)
            demo.fix(incident)
            demo.restart(incident)
            demo.close(incident)
        temporal = read_settings(Setting(folder.resolve()).data)["temporal"]
        client = await Client.connect(temporal["address"], namespace=temporal["namespace"])
        return await _count(client, f"incident/{incident}")


async def _count(client: Client, workflow: str) -> tuple[int, int]:
    lengths = {
        run.id: run.history_length or 0
        async for run in client.list_workflows(f"WorkflowId STARTS_WITH '{workflow}'")
    }
    own = lengths.pop(workflow)
    return own, sum(lengths.values())
