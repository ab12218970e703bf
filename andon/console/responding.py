"""Answering a question: the reason is sealed, the statement attested and delivered to the workflow."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ConfigDict, Field

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.delivery import EndedError, EngineAwayError
from andon.console.parts import Parts
from andon.console.refusals import RefusedError, away, ended
from andon.console.wording import Wordings, shown
from andon.domain.decision import Accepted, Binding, DecisionRecord, DecisionRequest
from andon.domain.directory import Role, Standing
from andon.domain.errors import NotFoundError
from andon.domain.incident import Answered
from andon.domain.response import Refusal, Statement
from andon.domain.signing import Envelope, sign
from andon.domain.values import NOTHING_YET, Frozen, Sha256Hex, canonical, digest_of
from andon.register.incidents import IncidentRow

NONCE_BYTES: Final = 24
_DECISION: Final = re.compile(r"^[a-z0-9_-]{1,64}$")


class ResponseBody(Frozen):
    """An answer as a person sends it."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    option: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")
    findings: dict[str, str] = Field(default_factory=dict, max_length=20)
    role: Role | None = Field(None, description="the role you answer in; the token's role if left out")
    emit: bool = Field(False, description="return the signed statement instead of delivering it")


class ResponseTaken(Frozen):
    """An answer that counts."""

    accepted: bool = True
    decision: str
    late: bool
    outcome: str | None = Field(description="the option the question has settled on, if it has")
    statement: Sha256Hex = Field(description="digest of the signed envelope")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which question of which incident is answered, by whom."""

    row: IncidentRow
    decision: str
    record: DecisionRecord | None
    caller: Caller
    role: Role


class Desk:
    """Takes answers."""

    def __init__(self, parts: Parts, wordings: Wordings) -> None:
        self._parts = parts
        self._wordings = wordings

    async def take(
        self, asked: Asked, body: ResponseBody, idempotency_key: str | None
    ) -> ResponseTaken | Envelope:
        """Attest and deliver an answer; with `emit` return the signed envelope instead.

        Every answer is delivered, also one that will be refused: the workflow judges and records.

        Raises:
            RefusedError: it has no effect; the incident's ledger says so.
            ProblemError: it could not be delivered, or this token may not speak for that role.
        """
        nonce = self._nonce(asked, body, idempotency_key)
        if taken := _taken_before(asked, nonce):
            return taken
        at = self._parts.now()
        standing = await self._parts.directory.standing(asked.caller.person, at)
        _check_role(asked, standing)
        if body.emit and asked.record is None:
            raise NotFoundError("question", asked.decision)
        statement = await self._statement(asked, body, nonce, standing=standing, at=at)
        envelope = sign(statement, self._parts.attestation_seed)
        return envelope if body.emit else await self._deliver(asked, envelope, nonce)

    async def _deliver(self, asked: Asked, envelope: Envelope, nonce: str) -> ResponseTaken:
        incident = asked.row.incident
        try:
            answered = await self._parts.engine.respond(incident, envelope, nonce)
        except EngineAwayError as error:
            raise away() from error
        except EndedError as error:
            raise ended(asked.row) from error
        if answered.refusal is Refusal.REPLAYED:
            fresh = await asyncio.to_thread(self._parts.incidents.get, incident)
            if fresh and (taken := _taken_before(_with(asked, fresh), nonce)):
                return taken
        return _outcome(answered, asked.decision, envelope)

    async def _statement(
        self, asked: Asked, body: ResponseBody, nonce: str, *, standing: Standing, at: datetime
    ) -> Statement:
        incident = asked.row.incident
        reason = await self._parts.texts.seal(incident, "reason", body.reason)
        request = asked.record.request if asked.record else None
        return Statement(
            incident=incident,
            decision=asked.decision,
            request=request.digest() if request else NOTHING_YET,
            option=body.option,
            findings=body.findings,
            reason=reason.digest,
            reason_text=reason.id,
            binding=request.binding if request else Binding(),
            policy=request.policy if request else _policy(asked.row),
            shown=await self._shown(request) if request else NOTHING_YET,
            person=asked.caller.person,
            role=asked.role,
            standing=standing,
            nonce=nonce,
            received_at=at,
        )

    def shown_digest(self, request: DecisionRequest) -> Sha256Hex:
        """Return the digest of what a person is shown of a question."""
        return digest_of(shown(request, self._wordings.of(request)))

    async def _shown(self, request: DecisionRequest) -> Sha256Hex:
        """Keep what is shown by its content, so that the digest in a statement can be looked up."""
        text = shown(request, self._wordings.of(request))
        await asyncio.to_thread(self._parts.policies.put, "shown", text)
        return digest_of(text)

    def _nonce(self, asked: Asked, body: ResponseBody, idempotency_key: str | None) -> str:
        """Return a fresh nonce, or the one that belongs to this very answer under this key."""
        if idempotency_key is None:
            return secrets.token_urlsafe(NONCE_BYTES)
        named = [
            asked.row.incident,
            asked.decision,
            asked.caller.person,
            asked.role.value,
            idempotency_key,
            body.model_dump(mode="json", exclude={"emit"}),
        ]
        digest = hmac.digest(self._parts.session_key, b"nonce\0" + canonical(named), "sha256")
        return urlsafe_b64encode(digest[:NONCE_BYTES]).decode()


def asked_of(row: IncidentRow, decision: str, caller: Caller, role: Role | None) -> Asked:
    """Return what an answer is about.

    Raises:
        NotFoundError: no question can have this id.
        ProblemError: the caller has no role to answer in.
    """
    if not _DECISION.match(decision):
        raise NotFoundError("question", decision)
    acting = role or caller.role
    if acting is None:
        raise ProblemError(403, "forbidden", "This token stands for no person; people decide.")
    view = row.view
    records = view.decisions if view else ()
    record = next((one for one in records if one.request.id == decision), None)
    return Asked(row=row, decision=decision, record=record, caller=caller, role=acting)


def _check_role(asked: Asked, standing: Standing) -> None:
    """Let a token speak for its own role only. A role the person lacks goes on, to be refused on record."""
    if asked.role is not asked.caller.role and asked.role in standing.roles:
        raise ProblemError(
            403, "forbidden", f"This token speaks as {asked.caller.role}. Use your token for {asked.role}."
        )


def _with(asked: Asked, row: IncidentRow) -> Asked:
    return asked_of(row, asked.decision, asked.caller, asked.role)


def _taken_before(asked: Asked, nonce: str) -> ResponseTaken | None:
    if asked.record is None:
        return None
    for accepted in asked.record.accepted:
        if accepted.nonce == nonce:
            return _repeated(asked.record, accepted)
    return None


def _repeated(record: DecisionRecord, accepted: Accepted) -> ResponseTaken:
    return ResponseTaken(
        decision=record.request.id,
        late=accepted.late,
        outcome=record.outcome,
        statement=accepted.statement,
    )


def _outcome(answered: Answered, decision: str, envelope: Envelope) -> ResponseTaken:
    if not answered.accepted:
        raise RefusedError(answered.refusal or Refusal.MALFORMED, decision)
    return ResponseTaken(
        decision=decision, late=answered.late, outcome=answered.outcome, statement=envelope.digest()
    )


def _policy(row: IncidentRow) -> Sha256Hex:
    opening = row.opening
    return opening.plan.policy if opening else NOTHING_YET
