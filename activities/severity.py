"""Weighing an incident anew when more is known of it."""

from __future__ import annotations

from pydantic import Field
from temporalio import activity

from andon.domain.severity import Band
from andon.domain.values import Carried, IncidentId
from andon.ports import Weigher


class WeighCall(Carried):
    """What has been learned of an incident: each fact has at least this value."""

    incident: IncidentId
    at_least: dict[str, str]
    insist: bool = Field(False, description="whether the severity that senders assert counts as well")


class SeverityActivities:
    """Applies the severity policy to what is known."""

    def __init__(self, weigher: Weigher) -> None:
        self._weigher = weigher

    @activity.defn(name="severity.weigh")
    async def weigh(self, call: WeighCall) -> Band:
        """Return the severity the policy gives to what was reported and what was learned since."""
        return await self._weigher.weigh(call.incident, call.at_least, insist=call.insist)
