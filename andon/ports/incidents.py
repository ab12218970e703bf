"""The ports of incidents: what is shown of one, how grave it is, and whether its workflow runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from andon.domain.facts import Weighed
from andon.domain.incident import IncidentView, OpenIncident
from andon.domain.run_alarm import Alarmed, Fate, OpenRun, RunAlarm, RunAlarmKind
from andon.domain.values import Carried, IncidentId


class Projection(Protocol):
    """The read model that lists and pages are made from."""

    async def show(self, view: IncidentView) -> None:
        """Replace what is shown of an incident, unless something newer is shown already."""

    async def shown(self, incident: IncidentId) -> IncidentView | None:
        """Return what is shown of an incident; None: nothing yet."""


class Weigher(Protocol):
    """Applies the severity policy to an incident's facts."""

    async def weigh(
        self,
        incident: IncidentId,
        at_least: Mapping[str, str],
        *,
        stated: Mapping[str, str],
        fresh: Sequence[str] = (),
        insist: bool = False,
        also: Sequence[IncidentId] = (),
    ) -> Weighed:
        """Weigh all that was reported, overruled by what people stated.

        Args:
            incident: its id.
            at_least: what people have learned since; each fact has at least this value.
            stated: facts as people stated them.
            fresh: which of those are new; the answer tells what they replace.
            insist: whether the severity that senders assert counts as well.
            also: incidents that were merged into it.
        """


class IncidentVoice(Protocol):
    """Speaks to the workflows of incidents."""

    async def tell(self, incident: IncidentId, signal: str, message: Carried) -> None:
        """Send an incident's workflow a signal; one that does not run hears nothing."""


class IncidentRuns(IncidentVoice, Protocol):
    """The workflows of incidents, as Temporal has them."""

    async def running(self) -> dict[IncidentId, str]:
        """Return the run of each incident's workflow that runs, as a list that may lag by a moment."""

    async def fate(self, incident: IncidentId, run: str | None = None) -> Fate:
        """Return what has become of a workflow, or of one run of it, as it stands now."""

    async def start(self, opening: OpenIncident, told: Alarmed) -> str:
        """Start an incident's workflow again, with the alarm as its first signal; return its run."""


class AlarmLog(Protocol):
    """What was found of incidents' workflows."""

    async def open_runs(self) -> Sequence[OpenRun]:
        """Return the incidents whose workflow should run, each with the run that was seen last."""

    async def saw(self, runs: Mapping[IncidentId, str]) -> None:
        """Keep which run of each incident goes on, and forget those of closed ones."""

    async def raise_alarm(
        self, incident: IncidentId, kind: RunAlarmKind, details: Mapping[str, str]
    ) -> RunAlarm:
        """Record a finding, or return the same one if it is open already."""

    async def clear(self, running: Collection[IncidentId]) -> None:
        """Note that incidents run again."""

    async def alarmed(self) -> frozenset[IncidentId]:
        """Return the incidents with an open alarm."""

    async def opening(self, incident: IncidentId) -> OpenIncident | None:
        """Return what an open incident was started with; None: it is closed, or nobody kept it."""
