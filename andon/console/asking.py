"""Asking for a decision: what may be asked for, and how it is attested and delivered to the workflow."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.attesting import Attesting, acting_role, delivered
from andon.console.models.proposal import Askable, AskableOption, ProposalBody, ProposalTaken
from andon.console.parts import Parts
from andon.console.refusals import RefusedError
from andon.console.responding import policy_of
from andon.console.wording import Wordings
from andon.domain.custody import ALL_ITEMS, SHORTEST_NAME
from andon.domain.deciders import Slot, nobody_left
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.directory import Directory, Role
from andon.domain.errors import NotFoundError, UnknownTermError
from andon.domain.incident import IncidentView
from andon.domain.proposal import Proposal
from andon.domain.response import Refusal
from andon.domain.rights import Right
from andon.domain.severity import Band
from andon.domain.signing import PROPOSAL_TYPE, sign
from andon.domain.values import PersonId
from andon.register.incidents import IncidentRow

LEADING: Final = (Role.INCIDENT_LEAD, Role.BUSINESS_OWNER)
"""Who can be given the lead of an incident."""
TEXT_NEEDED: Final = frozenset({DecisionKind.PUBLIC_STATEMENT, DecisionKind.NOTIFY_REGULATOR})
"""What is decided here is one exact text."""
ITEMS_OFFERED: Final = 200
TEXT_WELCOME: Final = frozenset({DecisionKind.CUSTOMER_NOTIFICATION})


class Asking:
    """Takes what people ask to have decided."""

    def __init__(self, parts: Parts, wordings: Wordings) -> None:
        self._parts = parts
        self._attesting = Attesting(parts)
        self._wordings = wordings

    async def askable(self, row: IncidentRow, caller: Caller) -> tuple[Askable, ...]:
        """Return the kinds of decision that the caller's role may ask for now; none once it is closed."""
        view, opening = row.view, row.opening
        if view is None or opening is None or row.closed_at is not None or caller.role is None:
            return ()
        directory = await self._directory()
        items = await self._items(row, opening.plan.rights, caller.role)
        return tuple(
            self._askable(kind, right, row, caller.person, directory, items)
            for kind, right in opening.plan.rights.items()
            if caller.role in right.asked_by
        )

    async def take(
        self, row: IncidentRow, caller: Caller, body: ProposalBody, idempotency_key: str | None
    ) -> ProposalTaken:
        """Attest and deliver a proposal; the same one under the same key puts one question.

        Raises:
            RefusedError: no question was put; the incident's ledger says so.
            ProblemError: it can't be read, could not be delivered, or this token may not speak for
                that role.
        """
        await self._check(row, caller.person, acting_role(caller, body), body)
        fields = await self._attesting.fields("proposal", row, caller, body, idempotency_key)
        text = await self._parts.texts.seal(row.incident, "draft", body.text) if body.text else None
        proposal = Proposal(
            **fields, subject=text.digest if text else None, subject_text=text.id if text else ""
        )
        envelope = sign(proposal, self._parts.attestation_seed, PROPOSAL_TYPE)
        sending = self._parts.engine.propose(row.incident, envelope, proposal.nonce)
        proposed = await delivered(row, sending)
        question = proposed.decision
        if proposed.refusal is Refusal.REPLAYED:
            question = await self._put_before(row, body.kind, caller.person)
        if question is None:
            raise RefusedError(proposed.refusal or Refusal.MALFORMED, body.kind.value)
        url = f"{self._parts.url}/incidents/{row.incident}/decisions/{question}"
        return ProposalTaken(kind=body.kind, decision=question, url=url)

    def _askable(
        self,
        kind: DecisionKind,
        right: Right,
        row: IncidentRow,
        person: PersonId,
        directory: Directory | None,
        items: Sequence[str],
    ) -> Askable:
        view = row.view
        assert view is not None  # noqa: S101 - nothing is asked for before there is one
        wording = self._wordings.of_kind(policy_of(row), kind)
        standing = _standing(view, kind)
        leaders = self._leaders(directory)
        lacking = self._lacking(right, view.severity, directory, person)
        return Askable(
            kind=kind,
            title=wording.title,
            question=wording.question,
            options=tuple(
                AskableOption(id=one.id, does=wording.options.get(one.id, "")) for one in right.options
            ),
            roles=_asked(right, view.severity),
            about={name: _values(name, known, view, leaders, items) for name, known in right.about.items()},
            lacking=tuple(tuple(sorted(slot)) for slot in lacking),
            text="needed" if kind in TEXT_NEEDED else "welcome" if kind in TEXT_WELCOME else "none",
            asked=standing.request.id if standing else None,
        )

    async def _items(
        self, row: IncidentRow, rights: Mapping[DecisionKind, Right], role: Role
    ) -> tuple[str, ...]:
        """Return how items can be named where originals are asked for."""
        right = rights.get(DecisionKind.RAW_EVIDENCE)
        if right is None or role not in right.asked_by or "items" not in right.about:
            return ()
        items = await asyncio.to_thread(self._parts.evidence.items, row.incident)
        return (ALL_ITEMS, *dict.fromkeys(one.sha256[:SHORTEST_NAME] for one in items[:ITEMS_OFFERED]))

    async def _directory(self) -> Directory | None:
        try:
            return await asyncio.to_thread(self._parts.people.directory_at, self._parts.now())
        except NotFoundError:
            return None

    def _leaders(self, directory: Directory | None) -> tuple[PersonId, ...]:
        """Return who may lead: known, not suspended, no shared account, in a role that leads."""
        at, people = self._parts.now(), directory.people if directory else ()
        return tuple(one.id for one in people if one.counts_at(at) and set(one.roles) & set(LEADING))

    def _lacking(
        self, right: Right, band: Band, directory: Directory | None, person: PersonId
    ) -> tuple[Slot, ...]:
        """Return for what nobody is left to decide; nothing for whoever is refused on record anyhow."""
        at = self._parts.now()
        asking = directory.person(person) if directory else None
        if directory is None or asking is None or not asking.counts_at(at):
            return ()
        return nobody_left(right, band, directory, at, requested_by=person)

    async def _check(self, row: IncidentRow, person: PersonId, role: Role, body: ProposalBody) -> None:
        """Refuse what no workflow can judge: who could decide or lead, and a text that is not there.

        Raises:
            ProblemError: 422, or 409 when nobody is left to decide.
        """
        directory = await self._directory()
        right = row.opening.plan.rights.get(body.kind) if row.opening else None
        if right is not None and role in right.asked_by and row.view is not None:
            lacking = self._lacking(right, row.view.severity, directory, person)
            if lacking:
                raise ProblemError(409, "nobody-to-decide", left_out(lacking))
        if body.kind in TEXT_NEEDED and body.text is None:
            raise ProblemError(422, "no-text", "Give the text that is to be decided on, word for word.")
        if body.kind is DecisionKind.LEAD_TRANSFER and "to" in body.about:
            leaders = self._leaders(directory)
            if body.about["to"] not in leaders:
                raise ProblemError(
                    422, "cannot-lead", f"The lead can go to one of these: {', '.join(leaders) or 'nobody'}."
                )

    async def _put_before(self, row: IncidentRow, kind: DecisionKind, person: PersonId) -> str | None:
        """Return the question that the first delivery of this proposal has put."""
        fresh = await asyncio.to_thread(self._parts.incidents.get, row.incident)
        records = fresh.view.decisions if fresh and fresh.view else ()
        found = [
            one.request.id
            for one in records
            if one.request.kind is kind and one.request.requested_by == person
        ]
        return found[-1] if found else None


def check_kind(row: IncidentRow, sent: Mapping[str, Any]) -> None:
    """Refuse a word that is no kind of decision.

    Raises:
        UnknownTermError: with the kinds that people may ask for.
    """
    rights = row.opening.plan.rights if row.opening else {}
    kinds, named = [kind.value for kind, right in rights.items() if right.asked_by], sent.get("kind")
    if kinds and named is not None and named not in list(DecisionKind):
        raise UnknownTermError("kind", str(named)[:64], kinds)


def left_out(lacking: Sequence[Slot]) -> str:
    """Say who is missing and what to do."""
    missing = " and ".join(" or ".join(sorted(slot)) for slot in lacking)
    return (
        f"Nobody is left who could decide this as {missing}: whoever asks for it may not decide it. "
        "Let somebody else ask, or have an admin give that role to another person."
    )


def _standing(view: IncidentView, kind: DecisionKind) -> DecisionRecord | None:
    return next((one for one in view.decisions if one.request.kind is kind and one.open), None)


def _asked(right: Right, band: Band) -> tuple[Role, ...]:
    slots = (slot for one in right.options for slot in one.at(band).needs)
    return tuple(sorted({*right.eligible, *(role for slot in slots for role in slot)}))


def _values(
    name: str,
    known: tuple[str, ...],
    view: IncidentView,
    leaders: Sequence[PersonId],
    items: Sequence[str],
) -> tuple[str, ...]:
    """Return the values that a code can have now; where the policy names none, what there is."""
    if name == "severity":
        return tuple(one for one in known if Band(one) < view.severity)
    if name == "decision" and not known:
        return tuple(one.request.id for one in view.decisions if one.open)
    if name == "to" and not known:
        return tuple(one for one in leaders if one != view.lead)
    if name == "items" and not known:
        return tuple(items)
    return known
