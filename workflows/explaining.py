"""What those who use an AI system are told of its restart: published on record, by a person."""

from __future__ import annotations

from andon.domain.decision import DecisionKind
from andon.domain.declaration import Declaration
from andon.domain.explained import Explained
from andon.domain.incident import IncidentState
from andon.domain.response import Refusal

NOT_RESTARTING = "not_restarting"


class Explaining:
    """Keeps the explanation of one incident; a later one takes its place."""

    def __init__(self, state: IncidentState) -> None:
        self._state = state

    def refuse(self, said: Declaration) -> Refusal | None:  # noqa: ARG002 - what it says is nobody's to judge
        """Return what speaks against publishing: there must be a restart, or a decision against one."""
        ended = any(one.outcome == NOT_RESTARTING for one in self._state.of(DecisionKind.REMEDIATION))
        again = self._state.watch_until is not None
        return None if again or ended else Refusal.NOT_DECLARABLE

    async def take(self, said: Declaration) -> None:
        """Keep what was published; its text is sealed, as every reason is."""
        self._state.explained = Explained(
            text=said.reason_text, digest=said.reason, at=said.received_at, relapses=self._state.relapses
        )
