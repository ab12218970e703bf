"""The workflows that look after everything for ever: begun by the worker that responds, and begun anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Protocol

from temporalio.client import Client

from activities.holding import HoldingActivities
from activities.reconciling import ReconcilingActivities
from andon import ports
from andon.adapters.clock import utc_now
from andon.domain.holding import HoldDuty, hold_workflow
from andon.domain.run_alarm import RECONCILE
from andon.domain.system import AISystem
from workers.compose import Duty
from workers.outbox import TemporalOutbox
from workers.runs import TemporalRuns
from workers.standing import begin_unless_running, keep_running
from workflows import queues
from workflows.hold import HoldWorkflow
from workflows.reconcile import ReconcileWorkflow

WORKFLOWS = (HoldWorkflow, ReconcileWorkflow)


class CareParts(Protocol):
    """The ports that looking after holds and incidents needs."""

    levers: Mapping[str, ports.LeverControl]
    holds: ports.HoldRegister
    alarms: ports.AlarmLog
    ledger: ports.LedgerStore
    projection: ports.Projection


def care_duty(parts: CareParts, client: Client, every: timedelta, queue: str = queues.CARE) -> Duty:
    """Holds and incidents looked after, with slots of their own: a round can be thousands of looks."""
    runs = TemporalRuns(client)
    holding = HoldingActivities(parts.levers, parts.holds, runs, every, utc_now)
    reconciling = ReconcilingActivities(
        parts.alarms,
        runs,
        TemporalOutbox(client),
        ledger=parts.ledger,
        projection=parts.projection,
        holds=parts.holds,
    )
    return Duty(queue=queue, workflows=WORKFLOWS, activities=(holding.look, reconciling.compare))


def adapters_of(systems: Iterable[AISystem]) -> frozenset[str]:
    """Return the kinds of levers in use; people carry out the others."""
    return frozenset(
        lever.adapter for system in systems for lever in system.lever_list() if not lever.by_hand
    )


async def begin(client: Client, adapters: Iterable[str], every: timedelta, queue: str = queues.CARE) -> None:
    """Begin what does not run: one `Reconcile`, and one `Hold` for each kind of lever."""
    await begin_unless_running(
        client,
        ReconcileWorkflow.run,
        every,
        name=RECONCILE,
        queue=queue,
        summary="compares the register with Temporal",
    )
    for adapter in sorted(adapters):
        await begin_unless_running(
            client,
            HoldWorkflow.run,
            HoldDuty(adapter=adapter),
            name=hold_workflow(adapter),
            queue=queue,
            summary=f"looks after every hold on {adapter} levers",
        )


async def keep_begun(
    client: Client, systems: Callable[[], Iterable[AISystem]], every: timedelta, stop: asyncio.Event
) -> None:
    """Begin them now, and again whenever somebody has ended one; return when told to stop."""

    async def once() -> None:
        await begin(client, adapters_of(await asyncio.to_thread(systems)), every)

    await keep_running(once, every, stop, what="what looks after holds")
