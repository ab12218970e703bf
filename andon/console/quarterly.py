"""The quarterly review from the register, and the decisions on use that people add to it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.access import APPROVING_USE
from andon.console.models.quarterly import UseBody
from andon.console.parts import Parts
from andon.domain.change import ChangeState
from andon.domain.errors import InvalidInputError, NotFoundError, SignatureError
from andon.domain.joining import Told, together
from andon.domain.quarter import (
    Case,
    Found,
    Missed,
    Period,
    Quarter,
    Remedy,
    RemedyState,
    Use,
    UseDecision,
    period_of,
    reviewed,
)
from andon.domain.quarter_case import case_of
from andon.domain.severity import Band, assess
from andon.domain.system import AISystem, Tier
from andon.ports import SealedText
from andon.register.changes import ChangeRow, Changes, Wanted
from andon.register.measures import Measures
from andon.register.quality import QualityIssue
from andon.register.uses import KeptUse, UseDecisions

PLACE: Final = "quarterly"
"""Under this name reasons are sealed, where those of an incident have its id."""
LOOK_BACK: Final = timedelta(days=366)
"""How long before the period an incident may have been opened whose fix or end is in it."""
CHANGES_AT_MOST: Final = 10_000
NOBODY: Final = "nobody"
ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Quarterly:
    """Answers what a quarter looks like, and takes what is decided about it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        register = parts.databases.register
        self._measures = Measures(register)
        self._uses = UseDecisions(register)
        self._changes = Changes(register)

    async def review(self, since: datetime, until: datetime) -> Quarter:
        """Return the review of a period.

        Raises:
            ProblemError: 400, it is none.
        """
        period = self._period(since, until)
        decided = await asyncio.to_thread(self._uses.of, since, until)
        reasons = {name: await self._words(kept[-1].reason) for name, kept in decided.items()}
        found = await asyncio.to_thread(self._found, period, decided, reasons)
        return reviewed(found, period)

    async def decide(self, caller: Caller, body: UseBody) -> UseDecision:
        """Keep a decision on use; the newest of a system and period is the one in force.

        Raises:
            ProblemError: 400 or 404, nothing was kept.
        """
        self._period(body.since, body.until)
        await self._check(body)
        now = self._parts.now()
        sealed = await self._parts.texts.seal(PLACE, "reason", body.reason)
        decision = UseDecision(
            id=f"USE-{now:%Y%m%d}-{''.join(secrets.choice(ALPHABET) for _ in range(6))}",
            system=body.system,
            since=body.since,
            until=body.until,
            answer=body.answer,
            owner=body.owner,
            by=caller.person,
            role=caller.role,
            at=now,
            reason=sealed.digest,
        )
        await asyncio.to_thread(self._uses.add, KeptUse(decision, sealed))
        return decision

    async def _check(self, body: UseBody) -> None:
        """Refuse what names no AI system, or nobody who can answer for one."""
        known = await asyncio.to_thread(self._parts.systems.system, body.system)
        if known is None:
            raise ProblemError(404, "not-found", f"There is no AI system {body.system}.")
        directory = await asyncio.to_thread(self._parts.people.latest)
        person = directory.person(body.owner)
        if person is None or not APPROVING_USE & set(person.roles):
            raise ProblemError(
                400,
                "no-owner",
                f"{body.owner} can't answer for it: name somebody in the directory who is business owner "
                "or executive.",
            )

    def _period(self, since: datetime, until: datetime) -> Period:
        try:
            return period_of(since, until, self._parts.now())
        except InvalidInputError as error:
            raise ProblemError(
                400, "no-such-period", "A period ends after it begins, at most three years later."
            ) from error

    def _found(
        self, period: Period, decided: Mapping[str, Sequence[KeptUse]], reasons: Mapping[str, str | None]
    ) -> Found:
        cases = tuple(
            case_of(one.opening, one.view, one.gate_runs, period.as_of)
            for one in self._measures.opened(period.since - LOOK_BACK, period.until)
        )
        logged = self._parts.issues.near_misses(period.since, period.until)
        missed = [one for case in cases if (one := self._missed(case, period)) is not None]
        return Found(
            cases=cases,
            missed=(*missed, *map(_logged, logged)),
            logged=len(logged),
            remedies=tuple(self._remedies(period)),
            uses=tuple(self._use(one, decided, reasons) for one in self._systems(cases, period)),
        )

    def _missed(self, case: Case, period: Period) -> Missed | None:
        """Return an incident of the period that was a near miss, with what it could have been."""
        told = case.told
        if not told.near_miss or not period.since <= told.opened_at < period.until:
            return None
        kept = self._parts.detections.of(told.incident)
        policy = self._parts.policy.shelf().severity
        said = together(policy, (Told(one.facts, one.potential_facts) for one in kept))
        potential = assess(policy, said.facts, said.potential).potential if kept else None
        return Missed(
            id=told.incident, system=told.system, actual=Band.LOW, potential=potential, at=told.detected_at
        )

    def _remedies(self, period: Period) -> list[Remedy]:
        owed = self._changes.find(Wanted(state=ChangeState.OPEN, exercises=False), limit=CHANGES_AT_MOST)
        settled = self._changes.settled(period.since, self._parts.now() + timedelta(days=1))
        return [_remedy(one) for one in (*owed, *settled)]

    def _systems(self, cases: Sequence[Case], period: Period) -> list[AISystem]:
        """Return every AI system that is registered or had an incident in the period, by id."""
        known = {one.id: one for one in self._parts.systems.systems()}
        named = {one.told.system for one in cases if period.since <= one.told.opened_at < period.until}
        gone = [
            AISystem(id=name, name=name, tier=Tier.LOW, owner=NOBODY, in_inventory=False)
            for name in named - known.keys()
        ]
        return sorted((*known.values(), *gone), key=lambda one: one.id)

    def _use(
        self,
        system: AISystem,
        decided: Mapping[str, Sequence[KeptUse]],
        reasons: Mapping[str, str | None],
    ) -> Use:
        kept = decided.get(system.id, ())
        return Use(
            system=system.id,
            name=system.name,
            tier=system.tier,
            business_owner=system.owner,
            registered=system.in_inventory,
            decision=kept[-1].decision if kept else None,
            reason=reasons.get(system.id),
            before=max(0, len(kept) - 1),
        )

    async def _words(self, sealed: SealedText) -> str | None:
        try:
            return await self._parts.texts.open(sealed)
        except (NotFoundError, SignatureError):
            return None


def _logged(issue: QualityIssue) -> Missed:
    return Missed(
        id=issue.id,
        system=issue.system,
        actual=issue.actual,
        potential=issue.potential,
        at=issue.first_seen,
    )


def _remedy(row: ChangeRow) -> Remedy:
    change = row.change
    return Remedy(
        id=change.id,
        incident=row.incident,
        system=row.system,
        type=change.type,
        owner=change.owner,
        due=change.due,
        state=RemedyState(change.state.value),
        settled_at=row.settled_at,
    )
