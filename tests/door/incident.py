"""A stand-in for the incident's workflow: it remembers what the door told it, and nothing else."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from andon.domain.incident import Arrival, Duplicates, OpenIncident, Received
    from andon.domain.sender import SenderSays
    from andon.domain.stage import Stage


@workflow.defn(name="Incident")
class IncidentWorkflow:
    """Stays open until it is told to end."""

    @workflow.init
    def __init__(self, opening: OpenIncident) -> None:
        self.arrivals: list[str] = []
        self.duplicates: list[Duplicates] = []
        self.senders: list[SenderSays] = []
        self.over = False

    @workflow.run
    async def run(self, opening: OpenIncident) -> str:
        await workflow.wait_condition(lambda: self.over)
        return opening.incident

    @workflow.update
    async def open_or_join(self, arrival: Arrival) -> Received:
        self.arrivals.append(arrival.detection)
        return Received(stage=Stage.CONTAIN, joined=len(self.arrivals) - 1)

    @workflow.signal
    async def duplicates_joined(self, duplicates: Duplicates) -> None:
        self.duplicates.append(duplicates)

    @workflow.signal
    async def sender_says(self, said: SenderSays) -> None:
        self.senders.append(said)

    @workflow.query
    def said(self) -> list[SenderSays]:
        return self.senders

    @workflow.signal
    async def end(self) -> None:
        self.over = True

    @workflow.query
    def told(self) -> list[Duplicates]:
        return self.duplicates

    @workflow.query
    def opened_by(self) -> list[str]:
        return self.arrivals
