"""What an incident has to tell people; it leaves with the ledger entries it follows from."""

from __future__ import annotations

from collections.abc import Sequence

from andon.domain.decision import DecisionRequest
from andon.domain.directory import Role
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.notice import Notice
from andon.domain.values import PersonId


class Notices:
    """Writes notices. Workflows of their own send them, so that nothing here waits for a mail server."""

    def __init__(self, opening: OpenIncident, state: IncidentState) -> None:
        self._incident = opening.incident
        self._owner = opening.plan.owner
        self._state = state
        self._outbox = state.outbox

    def question(self, request: DecisionRequest, *, again: str = "") -> None:
        """Tell those who may answer that they are asked; `again` makes it another message."""
        name = f"question/{again}" if again else "question"
        self._send("question", request, name, tuple(sorted(request.roles_at(request.opened_at))))

    def reminder(self, request: DecisionRequest) -> None:
        """Tell those who are asked that half of the time has gone."""
        self._send("reminder", request, "reminder", tuple(sorted(request.eligible)))

    def escalation(self, request: DecisionRequest, rung: int, role: Role) -> None:
        """Tell the next authority on the ladder that nobody has answered."""
        self._send("escalation", request, f"rung/{rung}", (role,))

    def word(self, about: str, subject: str, roles: Sequence[Role], *, still: tuple[str, ...] = ()) -> None:
        """Tell roles of something that is no question; `still` is what is open, as codes."""
        self._outbox.append(
            Notice(
                id=f"{self._incident}/{about}/{subject}",
                incident=self._incident,
                roles=tuple(roles),
                about=about,
                subject=subject,
                still_open=still,
                severity=self._state.severity,
                named=self._named(),
            )
        )

    def _send(self, about: str, request: DecisionRequest, name: str, roles: tuple[Role, ...]) -> None:
        self._outbox.append(
            Notice(
                id=f"{self._incident}/{request.id}/{name}",
                incident=self._incident,
                roles=roles,
                about=about,
                decision=request.kind,
                subject=request.id,
                due=request.deadline,
                severity=self._state.severity,
                named=self._named(),
            )
        )

    def _named(self) -> dict[Role, PersonId]:
        """Return who is meant where the owner or the lead is told, or stands in for others."""
        lead = {Role.INCIDENT_LEAD: self._state.lead} if self._state.lead else {}
        return {Role.BUSINESS_OWNER: self._owner, **lead}
