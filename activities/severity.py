"""Weighing an incident anew when more is known of it."""

from __future__ import annotations

from pydantic import Field
from temporalio import activity

from andon.domain.facts import Weighed
from andon.domain.severity import Band
from andon.domain.values import Carried, IncidentId
from andon.ports import Weigher


class WeighCall(Carried):
    """What has been learned of an incident: each fact has at least this value."""

    incident: IncidentId
    at_least: dict[str, str]
    insist: bool = Field(False, description="whether the severity that senders assert counts as well")
    stated: dict[str, str] = Field(default_factory=dict, description="facts that people have stated")
    also: tuple[IncidentId, ...] = Field((), description="incidents merged into it; what they report counts")
    fresh: tuple[str, ...] = Field((), description="which of them are new, so that what they replace is told")


class SeverityActivities:
    """Applies the severity policy to what is known."""

    def __init__(self, weigher: Weigher) -> None:
        self._weigher = weigher

    @activity.defn(name="severity.weigh")
    async def weigh(self, call: WeighCall) -> Band:
        """Return the severity the policy gives to what was reported and what was learned since."""
        return (await self._weighed(call)).severity

    @activity.defn(name="severity.weigh_stated")
    async def weigh_stated(self, call: WeighCall) -> Weighed:
        """Return what the policy gives once people stated more, and what that replaces."""
        return await self._weighed(call)

    async def _weighed(self, call: WeighCall) -> Weighed:
        return await self._weigher.weigh(
            call.incident,
            call.at_least,
            stated=call.stated,
            fresh=call.fresh,
            insist=call.insist,
            also=call.also,
        )
