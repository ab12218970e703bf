"""The workflows of incidents as Temporal has them."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from andon.domain.incident import workflow_id
from andon.domain.values import Carried, IncidentId

WITHIN = timedelta(seconds=5)


class TemporalRuns:
    """Speaks to incidents by signals."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tell(self, incident: IncidentId, signal: str, message: Carried) -> None:
        """Send an incident's workflow a signal; one that does not run hears nothing."""
        handle = self._client.get_workflow_handle(workflow_id(incident))
        try:
            await handle.signal(signal, message, rpc_timeout=WITHIN)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
