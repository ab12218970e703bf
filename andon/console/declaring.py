"""Stating something on record: how it is attested and delivered to the incident's workflow."""

from __future__ import annotations

import secrets

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.delivery import EndedError, EngineAwayError
from andon.console.joining import Joining
from andon.console.known import Known
from andon.console.models.declaration import DeclarationBody, DeclarationNoted
from andon.console.parts import Parts
from andon.console.refusals import RefusedError, away, ended
from andon.console.responding import NONCE_BYTES, check_role, keyed_nonce, policy_of
from andon.domain.declaration import Declaration, DeclarationTaken
from andon.domain.directory import Role
from andon.domain.response import Refusal
from andon.domain.signing import DECLARATION_TYPE, Envelope, sign
from andon.register.incidents import IncidentRow


class Declaring:
    """Takes what people state without being asked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known = Known(parts)
        self._joining = Joining(parts)

    async def take(
        self, row: IncidentRow, caller: Caller, body: DeclarationBody, idempotency_key: str | None
    ) -> DeclarationNoted:
        """Attest and deliver a declaration; the same one under the same key counts once.

        Every declaration is delivered, also one that will be refused: the workflow judges and records.

        Raises:
            RefusedError: it has no effect; the incident's ledger says so.
            ProblemError: it could not be delivered, or this token may not speak for that role.
        """
        role = body.role or caller.role
        if role is None:
            raise ProblemError(403, "forbidden", "This token stands for no person; people state things.")
        await self._joining.check(row, body)
        await self._known.check(row, body)
        declaration = await self._declaration(row, caller, role, body, idempotency_key)
        envelope = sign(declaration, self._parts.attestation_seed, DECLARATION_TYPE)
        taken = await self._deliver(row, envelope, declaration.nonce)
        # Sent again under its key, it is on record already.
        if taken.refusal is not None and not (taken.refusal is Refusal.REPLAYED and idempotency_key):
            raise RefusedError(taken.refusal, body.kind.value)
        opened = await self._joining.follow(row, caller, role, body)
        return DeclarationNoted(incident=row.incident, kind=body.kind, about=body.about, opened=opened)

    async def _declaration(
        self,
        row: IncidentRow,
        caller: Caller,
        role: Role,
        body: DeclarationBody,
        idempotency_key: str | None,
    ) -> Declaration:
        at = self._parts.now()
        standing = await self._parts.directory.standing(caller.person, at)
        check_role(caller, role, standing)
        reason = await self._parts.texts.seal(row.incident, "reason", body.reason)
        return Declaration(
            incident=row.incident,
            kind=body.kind,
            about=body.about,
            reason=reason.digest,
            reason_text=reason.id,
            policy=policy_of(row),
            person=caller.person,
            role=role,
            standing=standing,
            nonce=self._nonce(row, caller, role, body, idempotency_key),
            received_at=at,
        )

    def _nonce(
        self,
        row: IncidentRow,
        caller: Caller,
        role: Role,
        body: DeclarationBody,
        idempotency_key: str | None,
    ) -> str:
        if idempotency_key is None:
            return secrets.token_urlsafe(NONCE_BYTES)
        named = ["declaration", row.incident, caller.person, role.value, body.model_dump(mode="json")]
        return keyed_nonce(self._parts.session_key, idempotency_key, named)

    async def _deliver(self, row: IncidentRow, envelope: Envelope, nonce: str) -> DeclarationTaken:
        try:
            return await self._parts.engine.declare(row.incident, envelope, nonce)
        except EngineAwayError as error:
            raise away() from error
        except EndedError as error:
            raise ended(row) from error
