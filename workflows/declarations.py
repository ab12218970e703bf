"""What people state on record without a question: judged, written down, and then in effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from andon.domain.declaration import (
    Declaration,
    DeclarationTaken,
    Declared,
    judge_declaration,
    read_declaration,
)
from andon.domain.errors import SignatureError
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.ledger import Kind
from andon.domain.response import Refusal
from andon.domain.signing import Envelope
from workflows.decisions import Decisions
from workflows.tape import Tape
from workflows.word import Word


def nothing_against_it(_: Declaration) -> Refusal | None:
    """Refuse nothing."""
    return None


class Effect(NamedTuple):
    """What one kind of declaration brings about, and what speaks against it as things stand."""

    act: Callable[[Declaration], Awaitable[None]]
    """Called once, after the declaration is in the ledger; what it adds there follows on."""
    refuse: Callable[[Declaration], Refusal | None] = nothing_against_it


class Declarations:
    """Takes the declarations of one incident. A kind without an effect here can't be declared."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        decisions: Decisions,
        *,
        heard: Callable[[Declaration], None],
        effects: Mapping[Declared, Effect],
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._decisions = decisions
        self._word = Word(state, tape, decisions)
        self._heard = heard
        self._effects = effects

    async def declare(self, envelope: Envelope) -> DeclarationTaken:
        """Judge a declaration, have it take effect, and return once that is stored."""
        try:
            declaration = read_declaration(envelope, self._opening.plan.trusted)
        except SignatureError:
            await self._decisions.refuse_unread(Refusal.SIGNATURE)
            return DeclarationTaken(kind=None, refusal=Refusal.SIGNATURE)
        refusal = self._judged(declaration)
        if refusal is None:
            self._word.take(Kind.DECLARED, declaration, envelope)
            self._heard(declaration)
            await self._effects[declaration.kind].act(declaration)
        else:
            self._word.refuse(Kind.DECLARATION_REFUSED, declaration, refusal)
        await self._tape.stored()
        return DeclarationTaken(kind=declaration.kind, refusal=refusal)

    def _judged(self, declaration: Declaration) -> Refusal | None:
        plan = self._opening.plan
        effect = self._effects.get(declaration.kind)
        found = judge_declaration(
            declaration,
            plan.declarations.get(declaration.kind) if effect is not None else None,
            declaration.standing,
            incident=self._opening.incident,
            policy=plan.policy,
            replayed=declaration.nonce in self._state.nonces,
        )
        return found or (effect.refuse(declaration) if effect is not None else None)
