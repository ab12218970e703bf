"""Being merged into another incident, taking one in, and letting go together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.declaration import Declaration
from andon.domain.errors import SignatureError
from andon.domain.incident import Duplicates, IncidentState, OpenIncident, workflow_id
from andon.domain.ledger import Kind
from andon.domain.merging import (
    CLOCKS_SHARED,
    LET_GO,
    MERGED_IN,
    MERGED_OUT,
    TAKEN_IN_AT_MOST,
    LetGo,
    Merge,
    MergedIn,
    MergedOut,
    TakenIn,
    Told,
    merging_statement,
)
from andon.domain.response import Refusal
from andon.domain.values import IncidentId
from workflows.decisions import Decisions
from workflows.tape import Tape

INCIDENT = re.compile(r"^INC-[0-9]{8}-[0-9a-z]{6}$")
HEARD: Mapping[str, type[Told]] = {MERGED_IN: MergedIn, MERGED_OUT: MergedOut, LET_GO: LetGo}
"""What one incident tells another, by signal."""


class Merging:
    """One incident's side of a merge: at any time it is merged, or has taken others in, or neither."""

    def __init__(self, opening: OpenIncident, state: IncidentState, tape: Tape, decisions: Decisions) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._decisions = decisions

    def refuse_merge(self, said: Declaration) -> Refusal | None:
        """Return what speaks against merging it as things stand."""
        state, into = self._state, said.about.get("into", "")
        if state.merge is not None or state.ending is not None:
            return Refusal.ALREADY_SO
        if not INCIDENT.match(into) or into == self._opening.incident:
            return Refusal.ABOUT
        # Whoever has taken others in decides for them, and whoever runs again has nothing to wait for.
        if state.taken_in or state.watch_until is not None:
            return Refusal.NOT_DECLARABLE
        return None

    async def merge(self, said: Declaration) -> None:
        """Leave its course to another incident."""
        state = self._state
        stated = next(entry for entry in reversed(state.pending) if entry.kind == Kind.DECLARED)
        statement = stated.digests["statement"]
        envelope = next(one.envelope for one in state.exhibits if one.digest == statement)
        state.merge = Merge(into=said.about["into"], statement=statement, envelope=envelope)
        self._tape.add(
            Kind.MERGED,
            actor=f"person:{said.person}",
            subject=said.about["into"],
            reason=said.reason,
            digests={"merge": statement},
        )

    def refuse_split(self, _: Declaration) -> Refusal | None:
        """Return what speaks against giving one of its detections an incident of its own."""
        return None if self._state.joined else Refusal.NOT_DECLARABLE

    async def split(self, said: Declaration) -> None:
        """Count one detection less: the door gives it an incident of its own."""
        self._state.joined = max(self._state.joined - 1, 0)
        self._tape.add(
            Kind.SPLIT,
            actor=f"person:{said.person}",
            subject=said.about["detection"],
            reason=said.reason,
        )

    def refuse_unmerge(self, _: Declaration) -> Refusal | None:
        """Return what speaks against taking the merge back."""
        merge = self._state.merge
        if merge is None:
            return Refusal.ALREADY_SO
        return Refusal.NOT_DECLARABLE if merge.let_go is not None else None

    async def unmerge(self, said: Declaration) -> None:
        """Take up its own course again, from where it was left."""
        await self._part(actor=f"person:{said.person}", said=said)

    async def handed_over(self) -> DecisionRecord | None:
        """Tell the other incident, wait until it lets go, and return its decision; None: it is on its own."""
        merge = self._state.merge
        if merge is None:
            return None
        deadlines = self._deadlines()
        for kind in DecisionKind:
            self._decisions.supersede(kind)
        if not merge.told and not await self._tell(merge.into, MERGED_IN, self._merged_in(merge, deadlines)):
            await self._part(problem="not_there")
            return None
        if self._state.merge is None:
            return None
        self._state.merge = self._state.merge.model_copy(update={"told": True})
        await workflow.wait_condition(self._is_let_go)
        let_go = self._state.merge.let_go if self._state.merge else None
        if let_go is None or let_go.decision is None:
            await self._part(problem="ended_without_letting_go")
            return None
        self._note_whose_decision(let_go.decision)
        return let_go.decision

    def _note_whose_decision(self, decision: DecisionRecord) -> None:
        """Write down what its levers are let go by, for whoever holds this ledger alone."""
        merge = self._state.merge
        if merge is None or self._state.let_go_noted:
            return
        self._state.let_go_noted = True
        self._tape.add(
            Kind.OTHER_LET_GO,
            subject=merge.into,
            after=decision.outcome or "",
            digests={"request": decision.request.digest(), "merge": merge.statement},
            facts={"decision": decision.request.id, "kind": decision.request.kind.value},
        )

    def hear(self, told: Told) -> bool:
        """Take what another incident tells; False: it has no effect here."""
        if isinstance(told, MergedIn):
            return self._take_in(told)
        if isinstance(told, MergedOut):
            taken = self._state.taken_in.get(told.incident)
            if taken is None or taken.let_go:
                return False
            del self._state.taken_in[told.incident]
            self._tape.add(Kind.UNMERGED, subject=told.incident)
            return True
        merge = self._state.merge
        if not isinstance(told, LetGo) or merge is None:
            return False
        if merge.into != told.incident or merge.let_go is not None:
            return False
        self._state.merge = merge.model_copy(update={"let_go": told})
        return True

    async def let_go_too(self, decision: DecisionRecord | None) -> None:
        """Tell all that were merged into this one that it has let go, or that it ends without."""
        for incident, taken in list(self._state.taken_in.items()):
            if taken.let_go:
                continue
            self._state.taken_in[incident] = taken.model_copy(update={"let_go": True})
            told = LetGo(incident=self._opening.incident, decision=decision)
            await self._tell(incident, LET_GO, told)
            if decision is not None:
                self._tape.add(Kind.MERGED_LET_GO, subject=incident, after=decision.outcome or "")

    async def pass_on(self, batch: Duplicates) -> None:
        """Pass on what joins while it is merged: the other one answers for it."""
        if self._state.merge is not None:
            await self._tell(self._state.merge.into, "duplicates_joined", batch)

    def _take_in(self, told: MergedIn) -> bool:
        state, own = self._state, self._opening
        if told.incident in state.taken_in:
            return True
        if len(state.taken_in) >= TAKEN_IN_AT_MOST or state.merge is not None:
            return False
        try:
            merging_statement(told.envelope, own.plan.trusted, incident=told.incident, into=own.incident)
        except SignatureError:
            return False
        statement = told.envelope.digest()
        state.taken_in[told.incident] = TakenIn(
            statement=statement, opened_at=told.opened_at, detected_at=told.detected_at
        )
        self._tape.add(
            Kind.MERGED_IN,
            subject=told.incident,
            digests={"merge": statement},
            facts={
                "opened_at": told.opened_at.isoformat(),
                "detected_at": told.detected_at.isoformat(),
            },
        )
        for kind, deadline in told.deadlines.items():
            self._decisions.bring_forward(kind, deadline)
        # What the detections of both say together may be graver.
        state.graver = True
        return True

    def _is_let_go(self) -> bool:
        merge = self._state.merge
        return merge is None or merge.let_go is not None

    def _merged_in(self, merge: Merge, deadlines: dict[DecisionKind, Any]) -> MergedIn:
        own = self._opening
        return MergedIn(
            incident=own.incident,
            envelope=merge.envelope,
            opened_at=own.opened_at,
            detected_at=own.detected_at,
            deadlines=deadlines,
        )

    def _deadlines(self) -> dict[DecisionKind, Any]:
        return {
            record.request.kind: record.request.deadline
            for kind in CLOCKS_SHARED
            for record in self._state.of(kind)
            if record.open and record.request.deadline is not None
        }

    async def _part(
        self, *, actor: str = "andon", problem: str = "", said: Declaration | None = None
    ) -> None:
        merge, self._state.merge = self._state.merge, None
        if merge is None:
            return
        self._tape.add(
            Kind.UNMERGED,
            actor=actor,
            subject=merge.into,
            reason=said.reason if said else None,
            facts={"problem": problem} if problem else {},
        )
        if not problem:
            await self._tell(merge.into, MERGED_OUT, MergedOut(incident=self._opening.incident))

    async def _tell(self, incident: IncidentId, name: str, told: Any) -> bool:
        """Tell another incident; False: it is not there any more."""
        try:
            await workflow.get_external_workflow_handle(workflow_id(incident)).signal(name, told)
        except FailureError:
            return False
        return True
