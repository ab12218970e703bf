"""The floor: the least that Temporal itself takes to begin a workflow and run its first local activity."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

WITHIN = timedelta(seconds=5)
REACHED = "floor.reached"


@workflow.defn(name="Floor")
class FloorWorkflow:
    """One local activity, then nothing but waiting."""

    def __init__(self) -> None:
        self._over = False

    @workflow.run
    async def run(self, name: str) -> None:
        """Call the activity at once, and end when told to."""
        await workflow.execute_local_activity(REACHED, name, start_to_close_timeout=WITHIN)
        await workflow.wait_condition(lambda: self._over)

    @workflow.update
    async def ping(self, name: str) -> str:
        """Answer."""
        return name

    @workflow.signal
    def end(self) -> None:
        """Let the run end."""
        self._over = True
