"""Everything one incident responds with, put together in the order in which its parts need each other."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from andon.domain.decision import DecisionKind
from andon.domain.declaration import Declaration, Declared
from andon.domain.incident import IncidentState, OpenIncident
from workflows.acknowledging import Acknowledging
from workflows.approvals import Approvals
from workflows.assessment import Assessment
from workflows.changing import Changing
from workflows.clock import Clock
from workflows.correcting import Correcting
from workflows.decisions import Decisions
from workflows.declarations import Declarations, Effect
from workflows.evidence_hold import EvidenceHolding
from workflows.explaining import Explaining
from workflows.journal import Journal
from workflows.leading import Leading
from workflows.levers import Levers
from workflows.merging import Merging
from workflows.notices import Notices
from workflows.post import Post
from workflows.preservation import Preservation
from workflows.reach import Reach
from workflows.releasing import Releasing
from workflows.restart import Restart
from workflows.tape import Tape
from workflows.tasks import Tasks
from workflows.upkeep import Upkeep
from workflows.watching import Watching
from workflows.weighing import Weighing


class Kit:
    """The parts of one incident's workflow."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        begin: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self.tape = Tape(opening, state)
        self.notices = Notices(opening, state)
        self.clock = Clock()
        self.decisions = Decisions(opening, state, self.tape, self.notices, self.clock)
        self.holding = EvidenceHolding(state, self.tape, self.notices)
        self.decisions.refuse_while(self.holding.refuses)
        self.levers = Levers(opening, state, self.tape, self.notices)
        self.preservation = Preservation(opening, state, self.tape, self.decisions, self.notices, self.clock)
        self._way_back(opening, state)
        self.tasks = Tasks(opening, state, self.tape, self.notices, self.clock)
        self.journal = Journal(opening, state, self.tape, self.notices, self.clock, begun=self.tasks.begin)
        self._asked_for(opening, state, begin)
        self.weighing = Weighing(opening, state, self.tape, self.notices, self.levers, self.tasks)
        self.assessment = Assessment(
            state,
            self.decisions,
            self.journal,
            self.weighing,
            self.levers,
            self.approvals,
            tasks=self.tasks,
            begin=begin,
        )
        self.leading = Leading(opening, state, self.tape, self.notices, self.clock)
        self.acknowledging = Acknowledging(opening, state, self.tape, self.notices, self.clock)
        self.declarations = self._declarations(opening, state)
        self.post = Post(
            state,
            self.tape,
            self.decisions,
            self.merging,
            lead_gone=self.leading.gone,
            upkeep=self.upkeep,
        )

    def _way_back(self, opening: OpenIncident, state: IncidentState) -> None:
        """Put together what leads from a fix to running again."""
        self.changing = Changing(opening, state, self.decisions)
        watching = Watching(opening, state, self.tape, self.notices, self.clock)
        self.merging = Merging(opening, state, self.tape, self.decisions)
        self.releasing = Releasing(
            opening,
            state,
            self.tape,
            self.levers,
            self.notices,
            self.clock,
            watching=watching,
            merging=self.merging,
            decisions=self.decisions,
        )
        self.restart = Restart(
            opening,
            state,
            self.tape,
            self.decisions,
            self.levers,
            self.clock,
            watching=watching,
            releasing=self.releasing,
            holding=self.holding,
        )

    def _asked_for(
        self,
        opening: OpenIncident,
        state: IncidentState,
        begin: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """Put together what carries out decisions that people, or the time, ask for."""
        self.approvals = Approvals(
            opening,
            state,
            self.tape,
            self.notices,
            self.decisions,
            self.levers,
            holding=self.holding,
            begin=begin,
        )
        self.upkeep = Upkeep(
            opening,
            state,
            self.tape,
            self.notices,
            self.decisions,
            self.levers,
            clock=self.clock,
            begin=begin,
        )
        self.approvals.serve(DecisionKind.EXPIRY, self.upkeep.decided)

    def _declarations(self, opening: OpenIncident, state: IncidentState) -> Declarations:
        """Give each kind of declaration its effect."""
        correcting, reach = Correcting(opening, state, self.tape), Reach(state)
        explaining = Explaining(state)
        return Declarations(
            opening,
            state,
            self.tape,
            self.decisions,
            heard=self.acknowledging.heard,
            effects={
                Declared.ACKNOWLEDGED: Effect(self.acknowledging.take),
                Declared.TASK: Effect(self._close_task, self.tasks.refuse),
                Declared.FACTS: Effect(self.weighing.learn),
                Declared.STEP_ON: Effect(self.releasing.ask, self.releasing.refuse_on),
                Declared.STEP_BACK: Effect(self.releasing.ask, self.releasing.refuse_back),
                Declared.EXPLAINED: Effect(explaining.take, explaining.refuse),
                Declared.MERGED: Effect(self.merging.merge, self.merging.refuse_merge),
                Declared.UNMERGED: Effect(self.merging.unmerge, self.merging.refuse_unmerge),
                Declared.SPLIT: Effect(self.merging.split, self.merging.refuse_split),
                Declared.TIMES: Effect(correcting.take, correcting.refuse),
                Declared.EVIDENCE_HOLD: Effect(self.holding.take, self.holding.refuse_take),
                Declared.EVIDENCE_HOLD_LIFTED: Effect(self.holding.lift, self.holding.refuse_lift),
                Declared.AFFECTED: Effect(reach.take_list, reach.refuse_list),
                Declared.HYPOTHESIS: Effect(reach.close, reach.refuse_hypothesis),
                Declared.IMPACT_COUNTED: Effect(reach.count, reach.refuse_counts),
                Declared.CHANGE: Effect(self.changing.add, self.changing.refuse),
                Declared.LOOKED_BACK: Effect(self.tasks.take_found, self.tasks.refuse_found),
            },
        )

    async def _close_task(self, declaration: Declaration) -> None:
        """Close a task, and take its word for the order that it carried out by hand."""
        await self.tasks.close(declaration)
        self.levers.manual.closed(declaration)
        self.levers.note_contained()
