"""Stating something on record: how it is attested and delivered to the incident's workflow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from andon.api.authentication import Caller
from andon.console.attesting import Attesting, acting_role, delivered
from andon.console.joining import Joining
from andon.console.known import Known
from andon.console.models.declaration import DeclarationBody, DeclarationNoted
from andon.console.parts import Parts
from andon.console.refusals import RefusedError
from andon.domain.declaration import Declaration
from andon.domain.response import Refusal
from andon.domain.signing import DECLARATION_TYPE, sign
from andon.register.incidents import IncidentRow

Check = Callable[[IncidentRow, DeclarationBody], Awaitable[None]]


class Declaring:
    """Takes what people state without being asked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._attesting = Attesting(parts)
        self._known = Known(parts)
        self._joining = Joining(parts)
        self._checks: list[Check] = []

    def look_with(self, check: Check) -> None:
        """Have what is stated looked at before it is delivered, by what knows more of it."""
        self._checks.append(check)

    async def take(
        self, row: IncidentRow, caller: Caller, body: DeclarationBody, idempotency_key: str | None
    ) -> DeclarationNoted:
        """Attest and deliver a declaration; the same one under the same key counts once.

        Every declaration is delivered, also one that will be refused: the workflow judges and records.

        Raises:
            RefusedError: it has no effect; the incident's ledger says so.
            ProblemError: it could not be delivered, or this token may not speak for that role.
        """
        role = acting_role(caller, body)
        await self._joining.check(row, body)
        await self._known.check(row, body)
        for check in self._checks:
            await check(row, body)
        declaration = Declaration(
            **await self._attesting.fields("declaration", row, caller, body, idempotency_key)
        )
        envelope = sign(declaration, self._parts.attestation_seed, DECLARATION_TYPE)
        sending = self._parts.engine.declare(row.incident, envelope, declaration.nonce)
        taken = await delivered(row, sending)
        # Sent again under its key, it is on record already.
        if taken.refusal is not None and not (taken.refusal is Refusal.REPLAYED and idempotency_key):
            raise RefusedError(taken.refusal, body.kind.value)
        opened = await self._joining.follow(row, caller, role, body)
        return DeclarationNoted(incident=row.incident, kind=body.kind, about=body.about, opened=opened)
