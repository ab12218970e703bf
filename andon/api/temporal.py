"""A process's one client of Temporal, connected when it is first needed."""

from __future__ import annotations

import asyncio

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from andon.config import TemporalSettings


class LateClient:
    """Gives the client to all who ask; a server starts whether or not Temporal is there."""

    def __init__(self, settings: TemporalSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def connected(self) -> Client:
        """Return the client. A call on it, not this one, finds out whether Temporal answers."""
        async with self._connecting:
            if self._client is None:
                self._client = await Client.connect(
                    self._settings.address,
                    namespace=self._settings.namespace,
                    data_converter=pydantic_data_converter,
                    lazy=True,
                )
            return self._client
