"""Legal's hold on the evidence of one incident: who holds it, and what waits for it to be lifted."""

from __future__ import annotations

from temporalio import workflow

from andon.domain.declaration import Declaration
from andon.domain.directory import Role
from andon.domain.evidence_hold import EvidenceHold, alters
from andon.domain.incident import IncidentState
from andon.domain.ledger import Kind
from andon.domain.response import Refusal, Statement
from workflows.notices import Notices
from workflows.tape import Tape

CALLED_ON = (Role.ENGINEER, Role.OPERATIONS, Role.SECURITY, Role.BUSINESS_OWNER)


class EvidenceHolding:
    """Takes and lifts the hold. Reversible containment never asks here."""

    def __init__(self, state: IncidentState, tape: Tape, notices: Notices) -> None:
        self._state = state
        self._tape = tape
        self._notices = notices

    def refuse_take(self, _: Declaration) -> Refusal | None:
        """Say that it stands already."""
        return Refusal.ALREADY_SO if self._state.evidence_hold is not None else None

    def refuse_lift(self, _: Declaration) -> Refusal | None:
        """Say that there is none."""
        return Refusal.ALREADY_SO if self._state.evidence_hold is None else None

    async def take(self, declaration: Declaration) -> None:
        """Hold the evidence from now on."""
        self._state.evidence_hold = EvidenceHold(
            person=declaration.person,
            since=declaration.received_at,
            reason=declaration.reason,
            reason_text=declaration.reason_text,
        )
        self._noted(Kind.EVIDENCE_HELD, declaration)
        self._notices.word("evidence_hold", declaration.nonce, CALLED_ON)

    async def lift(self, declaration: Declaration) -> None:
        """Let go of the evidence; what waited goes on."""
        self._state.evidence_hold = None
        self._noted(Kind.EVIDENCE_FREED, declaration)
        self._notices.word("evidence_hold_lifted", declaration.nonce, CALLED_ON)

    def refuses(self, statement: Statement) -> bool:
        """Whether an answer would alter the AI system while its evidence is held."""
        record = self._state.decisions.get(statement.decision)
        held = self._state.evidence_hold is not None
        return held and record is not None and alters(record.request.kind, statement.option)

    async def lifted(self, before: str) -> None:
        """Wait until nothing is held; what waits is on record."""
        if self._state.evidence_hold is None:
            return
        self._tape.add(Kind.EVIDENCE_HOLD_WAITS, subject=before)
        await workflow.wait_condition(lambda: self._state.evidence_hold is None)

    def _noted(self, kind: Kind, declaration: Declaration) -> None:
        self._tape.add(
            kind,
            actor=f"person:{declaration.person}",
            at=declaration.received_at,
            reason=declaration.reason,
        )
