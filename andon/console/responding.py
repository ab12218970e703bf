"""Answering a question: the reason is sealed, the statement attested and delivered to the workflow."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.delivery import EndedError, EngineAwayError
from andon.console.findings import Findings, ReviewAsItStands, advice_on
from andon.console.models.response import Prepared, ResponseBody, ResponseTaken, SignedBody
from andon.console.opening import Reviewed
from andon.console.parts import Parts
from andon.console.preparing import Preparations
from andon.console.refusals import RefusedError, away, ended
from andon.console.wording import Wordings, shown
from andon.domain.decision import Accepted, Binding, DecisionRecord, DecisionRequest
from andon.domain.directory import Role, Standing
from andon.domain.errors import NotFoundError
from andon.domain.incident import Answered
from andon.domain.personal_keys import PersonalSignature
from andon.domain.response import Refusal, Said, Statement
from andon.domain.signing import Envelope, sign
from andon.domain.values import NOTHING_YET, IncidentId, Sha256Hex, canonical, digest_of
from andon.ports import SealedText
from andon.register.engine import together
from andon.register.incidents import IncidentRow

NONCE_BYTES: Final = 24
KIND_LENGTH: Final = 32
"""The register's limit for what a sealed text is."""
_DECISION: Final = re.compile(r"^[a-z0-9_-]{1,64}$")


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
        self._reviewed = Reviewed(parts)
        self._preparations = Preparations(parts.session_key)
        self._findings = Findings(parts)

    def review_with(self, review: ReviewAsItStands) -> None:
        """Have the post-incident review made by this, for answers that rest on it."""
        self._findings.review_with(review)

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
        here = await self._present(asked)
        if body.emit and asked.record is None:
            raise NotFoundError("question", asked.decision)
        said = Said.model_validate({**await self._fields(asked, body), "nonce": nonce})
        return await self._attested(asked, said, here, emit=body.emit)

    async def prepare(self, asked: Asked, body: ResponseBody) -> Prepared:
        """Return what the person's own key is to sign; nothing is delivered yet.

        Raises:
            NotFoundError: there is no such question.
            ProblemError: this token may not speak for that role.
        """
        if asked.record is None:
            raise NotFoundError("question", asked.decision)
        at, _ = await self._present(asked)
        return self._preparations.prepare(await self._fields(asked, body), at)

    async def take_signed(self, asked: Asked, body: SignedBody) -> ResponseTaken | Envelope:
        """Attest and deliver what a person has signed themselves; sent twice, it counts once.

        The console vouches for what it knows: the caller, the question in the address, and a reason
        it sealed. Where what was signed says otherwise, the signature no longer fits what is
        delivered, and the workflow refuses it on record.

        Raises:
            RefusedError: it has no effect; the incident's ledger says so.
            ProblemError: it could not be delivered, or this token may not speak for that role.
        """
        expiry = self._preparations.expiry(body.said)
        said = body.said.model_copy(
            update={
                "incident": asked.row.incident,
                "decision": asked.decision,
                "person": asked.caller.person,
                **({} if expiry else {"nonce": _fresh(), "reason": NOTHING_YET, "reason_text": ""}),
            }
        )
        if taken := _taken_before(asked, said.nonce):
            return taken
        here = await self._present(asked)
        return await self._attested(
            asked, said, here, signature=body.signature, good_until=expiry, emit=body.emit
        )

    async def _present(self, asked: Asked) -> tuple[datetime, Standing]:
        at = self._parts.now()
        standing = await self._parts.directory.standing(asked.caller.person, at)
        check_role(asked.caller, asked.role, standing)
        return at, standing

    async def _attested(
        self,
        asked: Asked,
        said: Said,
        here: tuple[datetime, Standing],
        *,
        signature: PersonalSignature | None = None,
        good_until: datetime | None = None,
        emit: bool,
    ) -> ResponseTaken | Envelope:
        at, standing = here
        statement = Statement(
            **dict(said),
            signature=signature,
            standing=standing,
            opened=await self._reviewed.by(asked.row, asked.caller.person),
            received_at=at,
            good_until=good_until,
        )
        envelope = sign(statement, self._parts.attestation_seed)
        return envelope if emit else await self._deliver(asked, envelope, statement)

    async def _deliver(self, asked: Asked, envelope: Envelope, statement: Statement) -> ResponseTaken:
        incident, nonce = asked.row.incident, statement.nonce
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
        return _outcome(answered, asked, envelope, statement)

    async def _fields(self, asked: Asked, body: ResponseBody) -> dict[str, Any]:
        """Return what a person says without its nonce; the reason is sealed."""
        incident = asked.row.incident
        request = asked.record.request if asked.record else None
        text = shown(request, self._wordings.of(request)) if request else None
        looked = await self._findings.look(asked.row, request, body.option, body.findings)
        words = {"reason": body.reason, **{_kind(name): said for name, said in looked.texts.items()}}
        sealed, digest = await asyncio.to_thread(self._kept, incident, words, text)
        return {
            "incident": incident,
            "decision": asked.decision,
            "request": request.digest() if request else NOTHING_YET,
            "option": body.option,
            "findings": looked.codes | {name: sealed[_kind(name)].digest for name in looked.texts},
            "reason": sealed["reason"].digest,
            "reason_text": sealed["reason"].id,
            "binding": request.binding if request else Binding(),
            "policy": request.policy if request else policy_of(asked.row),
            "shown": digest,
            "person": asked.caller.person,
            "role": asked.role,
        }

    def shown_digest(self, request: DecisionRequest) -> Sha256Hex:
        """Return the digest of what a person is shown of a question."""
        return digest_of(shown(request, self._wordings.of(request)))

    def _kept(
        self, incident: IncidentId, words: dict[str, str], text: dict[str, Any] | None
    ) -> tuple[dict[str, SealedText], Sha256Hex]:
        """Keep what somebody wrote, sealed, and what is shown by its content, in one transaction.

        The digest in a statement can then be looked up.
        """
        with together(self._parts.databases.register):
            sealed = self._parts.texts.seal_now(incident, words)
            return sealed, self._parts.policies.put("shown", text) if text else NOTHING_YET

    def _nonce(self, asked: Asked, body: ResponseBody, idempotency_key: str | None) -> str:
        """Return a fresh nonce, or the one that belongs to this very answer under this key."""
        if idempotency_key is None:
            return _fresh()
        named = [
            asked.row.incident,
            asked.decision,
            asked.caller.person,
            asked.role.value,
            body.model_dump(mode="json", exclude={"emit", "prepare"}),
        ]
        return keyed_nonce(self._parts.session_key, idempotency_key, named)


def keyed_nonce(session_key: bytes, idempotency_key: str, named: list[Any]) -> str:
    """Return the nonce of whatever is `named`, sent under this key; the same again is the same."""
    digest = hmac.digest(session_key, b"nonce\0" + canonical([idempotency_key, *named]), "sha256")
    return urlsafe_b64encode(digest[:NONCE_BYTES]).decode()


def _fresh() -> str:
    return secrets.token_urlsafe(NONCE_BYTES)


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


def check_role(caller: Caller, acting: Role, standing: Standing) -> None:
    """Let a token speak for its own role only. A role the person lacks goes on, to be refused on record.

    Raises:
        ProblemError: it is another role that the person holds.
    """
    if acting is not caller.role and acting in standing.roles:
        raise ProblemError(
            403, "forbidden", f"This token speaks as {caller.role}. Use your token for {acting}."
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


def _outcome(answered: Answered, asked: Asked, envelope: Envelope, statement: Statement) -> ResponseTaken:
    if not answered.accepted:
        refusal = answered.refusal or Refusal.MALFORMED
        request = asked.record.request if asked.record else None
        raise RefusedError(refusal, asked.decision, advice_on(refusal, request, statement))
    return ResponseTaken(
        decision=asked.decision, late=answered.late, outcome=answered.outcome, statement=envelope.digest()
    )


def _kind(finding: str) -> str:
    """Return under which name the text of a finding is sealed."""
    return f"finding.{finding}"[:KIND_LENGTH]


def policy_of(row: IncidentRow) -> Sha256Hex:
    """Return the digest of the policy an incident is pinned to."""
    opening = row.opening
    return opening.plan.policy if opening else NOTHING_YET
