"""Whether the business owner has the incident in hand, and who is told when nothing is heard of them."""

from __future__ import annotations

from andon.domain.acknowledgement import Acknowledgement, acknowledge_by, acknowledgement, counts
from andon.domain.declaration import Declaration
from andon.domain.directory import Role
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.ledger import Kind
from workflows.clock import Clock, Due
from workflows.notices import Notices
from workflows.tape import Tape

OWNER = "owner"
TOLD = (Role.BUSINESS_OWNER, Role.INCIDENT_LEAD)
"""The owner's role goes down its line: on call, stand-ins, others; then whoever leads."""


class Acknowledging:
    """Waits for the first word of one incident's business owner."""

    def __init__(
        self, opening: OpenIncident, state: IncidentState, tape: Tape, notices: Notices, clock: Clock
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        clock.serve(self._due)

    async def take(self, declaration: Declaration) -> None:
        """Nothing follows but what any word of the owner brings about: see `heard`."""

    def heard(self, declaration: Declaration) -> None:
        """Note the first declaration of somebody who speaks as the owner, whatever its kind."""
        if not self._state.owner_stated and counts(
            declaration.person, declaration.role, self._opening.plan.owner
        ):
            self._state.owner_stated.append(
                Acknowledgement(person=declaration.person, role=declaration.role, at=declaration.received_at)
            )

    def _due(self) -> list[Due]:
        state = self._state
        by = acknowledge_by(state.decisions.values())
        if by is None or state.owner_overdue or state.ending is not None or state.merge is not None:
            return []
        if acknowledgement(self._opening.plan.owner, state.decisions.values(), state.owner_stated):
            return []
        return [Due(by, OWNER, self._overdue)]

    def _overdue(self) -> None:
        self._state.owner_overdue = True
        owner = self._opening.plan.owner
        self._tape.add(
            Kind.OWNER_SILENT,
            subject=owner,
            at=acknowledge_by(self._state.decisions.values()),
        )
        self._notices.word("unacknowledged", owner, TOLD)
