"""The console's way to Temporal: delivers answers, proposals and declarations, fetches histories."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio.client import (
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from andon.api.temporal import LateClient
from andon.config import TemporalSettings
from andon.domain.declaration import DeclarationTaken
from andon.domain.errands import LEAD_GONE, LeadGone
from andon.domain.errors import AndonError, NotFoundError
from andon.domain.follow_up import SETTLE, SettlingTaken, follow_up_workflow
from andon.domain.incident import Answered, workflow_id
from andon.domain.proposal import Proposed
from andon.domain.signing import Envelope
from andon.domain.staging import REPRODUCTION, Reproduction, ReproductionCall
from andon.domain.values import IncidentId, PersonId

RESPOND: Final = "respond"
PROPOSE: Final = "propose"
DECLARE: Final = "declare"
REPRODUCTION_WORKFLOW: Final = "Reproduction"
QUEUE: Final = "andon"
REPRODUCED_WITHIN: Final = timedelta(seconds=60)
"""An AI system may take half a minute for one answer; what takes longer ends as evidence all the same."""
_Result = TypeVar("_Result", Answered, Proposed, DeclarationTaken, SettlingTaken)
DEADLINE: Final = timedelta(seconds=10)
"""An answer is stored in locked storage before its update returns; a kill -9 of the store takes longer."""


class EngineAwayError(AndonError):
    """Temporal, or the worker, did not answer in time; whether it took the answer is not known."""


class EndedError(AndonError):
    """The incident's workflow has ended, or was never started."""


class Engine:
    """One client for the process, connected when it is first needed."""

    def __init__(self, settings: TemporalSettings, deadline: timedelta = DEADLINE) -> None:
        self._settings = settings
        self._deadline = deadline
        self._client = LateClient(settings)

    @property
    def address(self) -> str:
        """Where Temporal is."""
        return self._settings.address

    async def respond(self, incident: IncidentId, envelope: Envelope, nonce: str) -> Answered:
        """Deliver a signed answer and return what became of it; a repeat returns the same.

        Raises:
            EngineAwayError: no answer within the deadline.
            EndedError: no workflow runs that could take it.
        """
        return await self._update(incident, RESPOND, envelope, nonce, Answered)

    async def propose(self, incident: IncidentId, envelope: Envelope, nonce: str) -> Proposed:
        """Deliver a signed proposal and return what became of it; a repeat returns the same.

        Raises:
            EngineAwayError: no answer within the deadline.
            EndedError: no workflow runs that could take it.
        """
        return await self._update(incident, PROPOSE, envelope, nonce, Proposed)

    async def declare(self, incident: IncidentId, envelope: Envelope, nonce: str) -> DeclarationTaken:
        """Deliver a signed declaration and return what became of it; a repeat returns the same.

        Raises:
            EngineAwayError: no answer within the deadline.
            EndedError: no workflow runs that could take it.
        """
        return await self._update(incident, DECLARE, envelope, nonce, DeclarationTaken)

    async def settle(self, incident: IncidentId, envelope: Envelope, nonce: str) -> SettlingTaken:
        """Deliver a signed proof or drop of a change to what follows up on a closed incident.

        Raises:
            EngineAwayError: no answer within the deadline.
            EndedError: no workflow runs that could take it.
        """
        place = follow_up_workflow(incident)
        return await self._update(incident, SETTLE, envelope, nonce, SettlingTaken, place=place)

    async def reproduce(self, call: ReproductionCall) -> Reproduction | None:
        """Have an incident's input sent to the staging copy once; None: it is not over yet.

        Raises:
            EngineAwayError: Temporal did not take it in time.
        """
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                client = await self._client.connected()
                handle = await client.start_workflow(
                    REPRODUCTION_WORKFLOW,
                    call,
                    id=f"{workflow_id(call.incident)}/{REPRODUCTION}/{call.id}",
                    task_queue=QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    result_type=Reproduction,
                    rpc_timeout=self._deadline,
                )
        except (RuntimeError, TimeoutError) as error:
            raise EngineAwayError("Temporal did not take it in time") from error
        except RPCError as error:
            raise _translated(error, call.incident) from error
        try:
            async with asyncio.timeout(REPRODUCED_WITHIN.total_seconds()):
                result = await handle.result()
        except (TimeoutError, RPCError):
            return None
        assert isinstance(result, Reproduction)  # noqa: S101 - narrows what the client types as Any
        return result

    async def lead_gone(self, incident: IncidentId, person: PersonId) -> None:
        """Tell an incident that whoever leads it can't any more.

        Raises:
            EngineAwayError: Temporal did not take it in time.
            EndedError: no workflow runs that could take it.
        """
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                client = await self._client.connected()
                handle = client.get_workflow_handle(workflow_id(incident))
                await handle.signal(LEAD_GONE, LeadGone(person=person), rpc_timeout=self._deadline)
        except (RuntimeError, TimeoutError) as error:
            raise EngineAwayError(f"{incident} did not take it in time") from error
        except RPCError as error:
            raise _translated(error, incident) from error

    async def _update(
        self,
        incident: IncidentId,
        name: str,
        envelope: Envelope,
        nonce: str,
        form: type[_Result],
        *,
        place: str = "",
    ) -> _Result:
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                client = await self._client.connected()
                result = await client.get_workflow_handle(place or workflow_id(incident)).execute_update(
                    name, envelope, id=nonce, result_type=form, rpc_timeout=self._deadline
                )
        except (RuntimeError, TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            raise EngineAwayError(f"{incident} did not take it in time") from error
        except RPCError as error:
            raise _translated(error, incident) from error
        except WorkflowUpdateFailedError as error:
            # The workflow never refuses an update: it ended while this was under way.
            raise EndedError(f"{incident} ended before it took it") from error
        assert isinstance(result, form)  # noqa: S101 - narrows what the client types as Any
        return result

    async def history(self, incident: IncidentId, run: str | None = None) -> dict[str, Any]:
        """Return the events of a run, as `temporal workflow show --output json` prints them.

        Raises:
            EngineAwayError: Temporal is away.
            NotFoundError: there is no such run.
        """
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                client = await self._client.connected()
                handle = client.get_workflow_handle(workflow_id(incident), run_id=run)
                history = await handle.fetch_history()
        except (RuntimeError, TimeoutError) as error:
            raise EngineAwayError("Temporal did not answer in time") from error
        except RPCError as error:
            if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
                raise NotFoundError("run", run or workflow_id(incident)) from error
            raise _translated(error, incident) from error
        found: dict[str, Any] = json.loads(history.to_json())
        return found


def _translated(error: RPCError, incident: IncidentId) -> AndonError:
    if error.status is RPCStatusCode.NOT_FOUND:
        return EndedError(f"no workflow of {incident} runs")
    return EngineAwayError(f"Temporal did not take the answer: {error.status.name.lower()}")
