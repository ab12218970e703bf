"""Letting go of a lever: the last place where the right to do so is checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from temporalio import activity

from activities.final import final_errors
from andon.domain.containment import Order, Proof, Released
from andon.domain.decision import (
    Accepted,
    DecisionKind,
    DecisionRequest,
    Statement,
    judge,
    read_statement,
    settle,
)
from andon.domain.errors import LeverUnknownError, ReleaseRefusedError
from andon.domain.signing import Envelope
from andon.domain.values import NOTHING_YET, Carried, Sha256Hex
from andon.ports import DirectoryReader, LeverControl, StatementReader, VersionReader

RELEASING: dict[DecisionKind, frozenset[str]] = {
    DecisionKind.RESTART: frozenset({"restart"}),
    DecisionKind.TRIAGE: frozenset({"false_positive", "quality_issue"}),
}
"""The only answers that let a lever go: restart through the gate, and stand-down at triage."""


class ReleaseCall(Carried):
    """An order to take off its lever, and the decision that allows it."""

    order: Order
    request: DecisionRequest
    statements: tuple[Sha256Hex, ...]
    trusted: dict[Sha256Hex, str]
    within: timedelta


class ReleaseOutcome(Carried):
    """A hold was taken off, and what was seen afterwards."""

    released: Released
    proof: Proof


class ReleaseActivities:
    """Judges once more, from the stored statements, before a hold is taken off."""

    def __init__(
        self,
        levers: Mapping[str, LeverControl],
        directory: DirectoryReader,
        versions: VersionReader,
        statements: StatementReader,
    ) -> None:
        self._levers = levers
        self._directory = directory
        self._versions = versions
        self._statements = statements

    @activity.defn(name="containment.release")
    async def release(self, call: ReleaseCall) -> ReleaseOutcome:
        """Take the hold off and look at the effect; a repeat changes nothing.

        Raises:
            ApplicationError: `ReleaseRefusedError`: the stored statements do not carry it, or
                other versions run than were approved; `LeverUnknownError`. Not retryable.
        """
        with final_errors():
            lever = self._levers.get(call.order.lever.adapter)
            if lever is None:
                raise LeverUnknownError(call.order.lever.id)
            await self._authorise(call)
            released = await lever.release(call.order, call.order.key("release"))
            return ReleaseOutcome(released=released, proof=await lever.probe(call.order))

    async def _authorise(self, call: ReleaseCall) -> None:
        """Check what the release rests on.

        1. The decision belongs to the order's incident and is of a kind that releases.
        2. Each statement's signature holds, and it is accepted by the one rule.
        3. Together the statements settle on an answer that lets go.
        4. The versions that run are those that were approved.
        """
        order, request = call.order, call.request
        if request.incident != order.incident or request.kind not in RELEASING:
            raise ReleaseRefusedError(order.id, f"{request.id} does not decide this")
        accepted: list[Accepted] = []
        for digest in call.statements:
            envelope = await self._statements.read(order.incident, digest)
            accepted.append(await self._judged(call, envelope, digest, accepted))
        outcome = settle(request, accepted)
        if outcome not in RELEASING[request.kind]:
            raise ReleaseRefusedError(order.id, f"{request.id} is settled on {outcome or 'nothing'}")
        approved = request.binding.versions
        if approved != NOTHING_YET and await self._versions.read(order.lever.system) != approved:
            raise ReleaseRefusedError(order.id, "other versions run now than were approved")

    async def _judged(
        self, call: ReleaseCall, envelope: Envelope, digest: Sha256Hex, before: list[Accepted]
    ) -> Accepted:
        statement: Statement = read_statement(envelope, call.trusted)
        standing = await self._directory.standing(statement.person, statement.received_at)
        verdict = judge(statement, call.request, standing, accepted=before)
        if envelope.digest() != digest or not verdict.accepted:
            raise ReleaseRefusedError(
                call.order.id, f"statement {digest[:16]}: {verdict.refusal or 'altered'}"
            )
        return Accepted(
            person=statement.person,
            role=statement.role,
            option=statement.option,
            findings=statement.findings,
            received_at=statement.received_at,
            late=verdict.late,
            nonce=statement.nonce,
            statement=digest,
        )
