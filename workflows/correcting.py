"""Times that people set right: what was said first stays, and stands beside it."""

from __future__ import annotations

from andon.domain.declaration import Declaration
from andon.domain.errors import InvalidInputError
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.incident_times import standing_times
from andon.domain.ledger import Kind
from andon.domain.response import Refusal
from andon.domain.times import Correction, Moment, check_correction, moment
from workflows.tape import Tape


class Correcting:
    """Takes corrections of one incident's times."""

    def __init__(self, opening: OpenIncident, state: IncidentState, tape: Tape) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape

    def refuse(self, declaration: Declaration) -> Refusal | None:
        """Say what speaks against a correction: it is no moment, or one that can't be yet."""
        at = moment(declaration.about["at"])
        if at is None:
            return Refusal.ABOUT
        try:
            check_correction(Moment(declaration.about["which"]), at, declaration.received_at)
        except InvalidInputError:
            return Refusal.ABOUT
        return None

    async def take(self, declaration: Declaration) -> None:
        """Put a correction on record, with what it corrects."""
        which, at = Moment(declaration.about["which"]), moment(declaration.about["at"])
        assert at is not None  # noqa: S101 - refused before
        before = standing_times(self._opening, self._state.corrections)[1].of(which)
        self._state.corrections.append(
            Correction(
                which=which,
                before=before,
                after=at,
                person=declaration.person,
                at=declaration.received_at,
                reason=declaration.reason,
                reason_text=declaration.reason_text,
            )
        )
        self._tape.add(
            Kind.TIME_CORRECTED,
            actor=f"person:{declaration.person}",
            subject=which.value,
            before=before.isoformat() if before else "",
            after=at.isoformat(),
            reason=declaration.reason,
        )
