"""Letting go of a lever: the last place where the right to do so is checked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pydantic import Field
from temporalio import activity

from activities.final import FINAL
from andon.domain.containment import Order, Proof, Released
from andon.domain.decision import Accepted, DecisionKind, DecisionRequest, settle
from andon.domain.errors import LeverUnknownError, ReleaseRefusedError
from andon.domain.merging import merging_statement
from andon.domain.response import judge, read_statement
from andon.domain.signing import Envelope
from andon.domain.values import NOTHING_YET, Carried, Sha256Hex
from andon.ports import DirectoryReader, LeverControl, StatementReader, VersionReader

RELEASING: dict[DecisionKind, frozenset[str]] = {
    DecisionKind.RESTART: frozenset({"restart"}),
    DecisionKind.TRIAGE: frozenset({"false_positive", "quality_issue"}),
    DecisionKind.RATIFICATION: frozenset({"swap"}),
}
"""The only answers that let a lever go: restart through the gate, stand-down at triage, and a swap."""

BREAK_GLASS = "break_glass"


class ReleaseCall(Carried):
    """Orders to take off their levers, one by one in this order, and the decision that allows it."""

    orders: tuple[Order, ...] = Field(min_length=1)
    request: DecisionRequest
    statements: tuple[Sha256Hex, ...]
    trusted: dict[Sha256Hex, str]
    merge: Envelope | None = Field(
        None, description="what merged the orders' incident into the one that decided, if another did"
    )


class Step(Carried):
    """A hold was taken off, and what was seen afterwards."""

    released: Released
    proof: Proof


class ReleaseOutcome(Carried):
    """What became of the orders, in turn; `refused` names why the rest stay in force."""

    steps: tuple[Step, ...]
    refused: str | None = None


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
        """Take hold after hold off and look at each effect; a repeat changes nothing."""
        return await self.let_go(call)

    async def let_go(self, call: ReleaseCall) -> ReleaseOutcome:
        """Do so within an activity; the right to is checked anew before each hold.

        Versions can change between two levers.
        """
        steps: list[Step] = []
        try:
            envelopes = await self._stored(call)
            for order in call.orders:
                steps.append(await self._step(order, call, envelopes))
                activity.heartbeat(len(steps))
        except FINAL as error:
            return ReleaseOutcome(steps=tuple(steps), refused=type(error).__name__)
        return ReleaseOutcome(steps=tuple(steps))

    async def _stored(self, call: ReleaseCall) -> Sequence[Envelope]:
        """Read the statements side by side, once for all orders: a digest always names the same bytes."""
        incident = call.request.incident
        return await asyncio.gather(*(self._statements.read(incident, digest) for digest in call.statements))

    async def _step(self, order: Order, call: ReleaseCall, envelopes: Sequence[Envelope]) -> Step:
        lever = self._levers.get(order.lever.adapter)
        if lever is None:
            raise LeverUnknownError(order.lever.id)
        await self._authorise(order, call, envelopes)
        released = await lever.release(order, order.key("release"))
        return Step(released=released, proof=await lever.probe(order))

    async def _authorise(self, order: Order, call: ReleaseCall, envelopes: Sequence[Envelope]) -> None:
        """Check what the release rests on.

        1. The decision belongs to the order's incident, or to the one that was merged into by a signed
           statement, and is of a kind that releases.
        2. Each statement's signature holds, and it is accepted by the one rule.
        3. Together the statements settle on an answer that lets go.
        4. The versions that run are those that were approved.
        """
        request = call.request
        if request.kind not in RELEASING or not _decides_for(call, order):
            raise ReleaseRefusedError(order.id, f"{request.id} does not decide this")
        if request.kind is DecisionKind.RATIFICATION and order.authority != BREAK_GLASS:
            raise ReleaseRefusedError(order.id, "only what was ordered without asking can be swapped")
        statements = [read_statement(envelope, call.trusted) for envelope in envelopes]
        standings = await asyncio.gather(
            *(self._directory.standing(one.person, one.received_at) for one in statements)
        )
        accepted: list[Accepted] = []
        for digest, envelope, statement, standing in zip(
            call.statements, envelopes, statements, standings, strict=True
        ):
            verdict = judge(statement, request, standing, accepted=accepted)
            if envelope.digest() != digest or not verdict.accepted:
                raise ReleaseRefusedError(
                    order.id, f"statement {digest[:16]}: {verdict.refusal or 'altered'}"
                )
            accepted.append(statement.accepted(digest, late=verdict.late))
        outcome = settle(request, accepted)
        if outcome not in RELEASING[request.kind]:
            raise ReleaseRefusedError(order.id, f"{request.id} is settled on {outcome or 'nothing'}")
        approved = request.binding.versions
        if approved != NOTHING_YET and await self._versions.read(order.lever.system) != approved:
            raise ReleaseRefusedError(order.id, "other versions run now than were approved")


def _decides_for(call: ReleaseCall, order: Order) -> bool:
    decided = call.request.incident
    if decided == order.incident:
        return True
    if call.merge is None:
        return False
    merging_statement(call.merge, call.trusted, incident=order.incident, into=decided)
    return True
