"""The door's way to Temporal: hands incidents to their workflows, and knows when nobody is there."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final

from pydantic import BaseModel
from temporalio.client import (
    RPCError,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    Priority,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCStatusCode

from andon.api.temporal import LateClient
from andon.config import TemporalSettings
from andon.domain.errors import AndonError
from andon.domain.incident import Arrival, Duplicates, OpenIncident, Received, workflow_id
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.values import IncidentId

logger = logging.getLogger(__name__)

INCIDENT: Final = "Incident"
QUEUE: Final = "andon"
OPEN_OR_JOIN: Final = "open_or_join"
DUPLICATES_JOINED: Final = "duplicates_joined"
DEADLINE: Final = timedelta(seconds=3)
HEALTH_DEADLINE: Final = timedelta(seconds=1)
TASK_TIMEOUT: Final = timedelta(seconds=2)
PRIORITIES: Final = {Band.CRITICAL: 1, Band.HIGH: 2, Band.MEDIUM: 3, Band.LOW: 4}
"""Of an incident's workflow, and of each activity that names none of its own; 1 goes first."""

SEVERITY: Final = SearchAttributeKey.for_keyword("AndonSeverity")
STAGE: Final = SearchAttributeKey.for_keyword("AndonStage")
SYSTEM: Final = SearchAttributeKey.for_keyword("AndonSystem")
CLASSIFICATION: Final = SearchAttributeKey.for_keyword("AndonClassification")
EXERCISE: Final = SearchAttributeKey.for_bool("AndonExercise")


class EngineAwayError(AndonError):
    """Temporal did not take what it was given in time; nobody knows whether it will."""


class Engine:
    """One client for the process, connected when it is first needed and again after a failure."""

    def __init__(self, settings: TemporalSettings) -> None:
        self._client = LateClient(settings)
        self.away = False
        """Whether the last look or attempt found nobody there; then nothing waits for it."""

    async def healthy(self) -> bool:
        """Ask whether Temporal answers."""
        try:
            async with asyncio.timeout(2 * HEALTH_DEADLINE.total_seconds()):
                client = await self._client.connected()
                return await client.service_client.check_health(timeout=HEALTH_DEADLINE)
        except (RPCError, RuntimeError, TimeoutError):
            return False

    async def open(self, opening: OpenIncident, arrival: Arrival) -> Received:
        """Start the incident's workflow with its first detection; a repeat changes nothing.

        Raises:
            EngineAwayError: Temporal is away, or was not done within the deadline.
        """
        starting = _start(opening)
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                client = await self._client.connected()
                received = await client.execute_update_with_start_workflow(
                    OPEN_OR_JOIN,
                    arrival,
                    start_workflow_operation=starting,
                    id=arrival.detection,
                    result_type=Received,
                    rpc_timeout=DEADLINE,
                )
        except (RPCError, RuntimeError, TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            self.away = True
            await _hear_out(starting)
            raise EngineAwayError(f"Temporal did not take {opening.incident}: {error}") from error
        except WorkflowAlreadyStartedError:
            # Its workflow ran and has ended: there is nothing left to open.
            logger.warning("a workflow of this incident has ended", extra={"incident": opening.incident})
            return Received(stage=Stage.CLOSED, joined=0)
        except WorkflowUpdateFailedError:
            # The workflow was started all the same; only its answer is missing.
            logger.exception("the first detection was refused", extra={"incident": opening.incident})
            return Received(stage=Stage.DETECT, joined=0)
        self.away = False
        assert isinstance(received, Received)  # noqa: S101 - narrows what the client types as Any
        return received

    async def tell(self, incident: IncidentId, duplicates: Duplicates) -> bool:
        """Tell a workflow of detections that joined; False when it has ended.

        Raises:
            EngineAwayError: Temporal is away.
        """
        return await self.pass_on(incident, DUPLICATES_JOINED, duplicates)

    async def pass_on(self, incident: IncidentId, signal: str, said: BaseModel) -> bool:
        """Send a workflow a signal; False when it has ended.

        Raises:
            EngineAwayError: Temporal is away.
        """
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                client = await self._client.connected()
                handle = client.get_workflow_handle(workflow_id(incident))
                await handle.signal(signal, said, rpc_timeout=DEADLINE)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise EngineAwayError(str(error)) from error
        except (RuntimeError, TimeoutError) as error:
            raise EngineAwayError(str(error)) from error
        return True


async def _hear_out(starting: WithStartWorkflowOperation[object, object]) -> None:
    """Take the error that the operation keeps a second time, or asyncio reports it as never retrieved."""
    with suppress(RPCError, RuntimeError, WorkflowAlreadyStartedError, TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(0):
            await starting.workflow_handle()


def _start(opening: OpenIncident) -> WithStartWorkflowOperation[object, object]:
    return WithStartWorkflowOperation(
        INCIDENT,
        opening,
        id=workflow_id(opening.incident),
        task_queue=QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        task_timeout=TASK_TIMEOUT,
        priority=Priority(priority_key=PRIORITIES[opening.severity]),
        static_summary=f"{opening.plan.system}: {opening.classification} {opening.severity}",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(SEVERITY, opening.severity.value),
                SearchAttributePair(STAGE, Stage.DETECT.value),
                SearchAttributePair(SYSTEM, opening.plan.system),
                SearchAttributePair(CLASSIFICATION, opening.classification.value),
                SearchAttributePair(EXERCISE, opening.exercise),
            ]
        ),
    )
