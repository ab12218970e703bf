"""What is changed because of an incident: promised while it is open, and asked for before it closes."""

from __future__ import annotations

from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.declaration import Declaration
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.promised import declared, promised
from andon.domain.response import Refusal
from workflows.decisions import Decisions


class Changing:
    """Keeps the changes of one incident; what becomes of them after the close is its follow-up's."""

    def __init__(self, opening: OpenIncident, state: IncidentState, decisions: Decisions) -> None:
        self._plan = opening.plan
        self._state = state
        self._decisions = decisions

    def note(self) -> None:
        """Take over the changes that settled questions name; those that are known stay as they are."""
        for record in list(self._state.decisions.values()):
            for change in promised(record, self._state.changes):
                self._state.changes[change.id] = change

    async def lessons(self) -> DecisionRecord:
        """Ask what has changed, until it may close with the answer; return that answer."""
        while True:
            put = sum(1 for one in self._state.of(DecisionKind.NO_CHANGE_CLOSURE) if one.outcome == "refuse")
            lessons = await self._decisions.ask(DecisionKind.LESSONS, nth=put, past_default=True)
            if lessons.outcome != "no_change" or await self._may_change_nothing(put):
                self.note()
                return lessons

    async def _may_change_nothing(self, refused: int) -> bool:
        """Whether it may close with nothing changed; at lower severities the signed reason is enough."""
        kind = DecisionKind.NO_CHANGE_CLOSURE
        right = self._plan.rights.get(kind)
        if right is None or not right.asked_at(self._state.severity):
            return True
        closure = await self._decisions.ask(kind, nth=refused, past_default=True)
        return closure.outcome == "approve"

    def refuse(self, declaration: Declaration) -> Refusal | None:
        """Say what speaks against a further change: its type, owner or day can't be."""
        try:
            declared(declaration, 1)
        except ValueError:
            return Refusal.ABOUT
        return None

    async def add(self, declaration: Declaration) -> None:
        """Keep a change that was declared."""
        change = declared(declaration, len(self._state.changes) + 1)
        self._state.changes[change.id] = change
