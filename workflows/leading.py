"""Who leads: exactly one person at a time, and an alarm if that is nobody once triage is over."""

from __future__ import annotations

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.errands import LeadGone
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.ledger import Kind
from workflows.clock import Clock, Due
from workflows.notices import Notices
from workflows.tape import Tape

NOBODY = "nobody"


class Leading:
    """Keeps an eye on the lead of one incident."""

    def __init__(
        self, opening: OpenIncident, state: IncidentState, tape: Tape, notices: Notices, clock: Clock
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        clock.serve(self._due)

    def gone(self, news: LeadGone) -> None:
        """Take it that whoever leads can't any more; a false word has an executive told in vain, once."""
        if news.person == self._state.lead:
            self._state.lead_gone = True

    def _due(self) -> list[Due]:
        state = self._state
        without = state.lead is None or state.lead_gone
        if not without or state.lead_missed or state.ending is not None or state.merge is not None:
            return []
        if not any(record.effect is not None for record in state.of(DecisionKind.TRIAGE)):
            return []
        return [Due(self._opening.opened_at, "lead", self._missing)]

    def _missing(self) -> None:
        self._state.lead_missed = True
        lead = self._state.lead or NOBODY
        self._tape.add(Kind.LEAD_MISSING, subject=lead)
        self._notices.word("lead_missing", lead, (Role.EXECUTIVE,))
