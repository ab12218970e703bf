"""Take one snapshot of the evidence: all sources side by side, gaps, manifest, seal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.evidence import CollectCall, Collected, EvidenceActivities, SealCall
from andon.domain.errands import Report, SnapshotOrder
from andon.domain.evidence import Seal
from andon.domain.values import Slug
from workflows import queues
from workflows.steadfast import Steadfast

COLLECT_TIMEOUT = timedelta(minutes=15)
COLLECT_HEARTBEAT = timedelta(seconds=20)
COLLECT_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
SEAL_TIMEOUT = timedelta(seconds=60)


@workflow.defn(name="EvidenceSnapshot")
class EvidenceSnapshotWorkflow:
    """Preserve what there is, name what there is not, and tell the incident."""

    @workflow.run
    async def run(self, order: SnapshotOrder) -> Seal:
        """Return the seal; the incident hears of it by signal, since it may have been carried over."""
        steadfast = Steadfast(order.parent, f"evidence/{order.number}")
        seal = await steadfast.through(self._sealed(order))
        await steadfast.tell("evidence_sealed", Report(number=order.number))
        return seal

    async def _sealed(self, order: SnapshotOrder) -> Seal:
        collected = await asyncio.gather(*(self._collect(order, source) for source in order.sources))
        return await workflow.execute_activity_method(
            EvidenceActivities.seal,
            SealCall(
                incident=order.incident,
                snapshot=order.number,
                previous=order.previous,
                rows=order.rows,
                at=workflow.now(),
                supplied=_supplied(collected),
                system=order.query.system,
                unread=tuple(
                    source for source, one in zip(order.sources, collected, strict=True) if one is None
                ),
            ),
            task_queue=queues.EVIDENCE,
            start_to_close_timeout=SEAL_TIMEOUT,
            retry_policy=COLLECT_RETRIES,
            priority=Priority(priority_key=3),
        )

    async def _collect(self, order: SnapshotOrder, source: Slug) -> Collected | None:
        try:
            return await workflow.execute_activity_method(
                EvidenceActivities.collect,
                CollectCall(
                    source=source, snapshot=order.number, query=order.query, rows=order.rows, at=order.at
                ),
                task_queue=queues.EVIDENCE,
                start_to_close_timeout=COLLECT_TIMEOUT,
                heartbeat_timeout=COLLECT_HEARTBEAT,
                schedule_to_close_timeout=COLLECT_TIMEOUT * 2,
                retry_policy=COLLECT_RETRIES,
                priority=Priority(priority_key=3),
            )
        except ActivityError:
            # The seal names every row this source left open as a gap.
            workflow.logger.exception("source %s gave nothing", source)
            return None


def _supplied(collected: Sequence[Collected | None]) -> tuple[Slug, ...] | None:
    """Return the kinds that the sources supply; None where one of them did not say."""
    kinds: set[Slug] = set()
    for one in collected:
        if one is None:
            return None
        kinds.update(one.supplies)
    return tuple(sorted(kinds)) if kinds else None
