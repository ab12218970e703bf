"""The quarterly review from the register, and the decisions on use that people add to it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.access import APPROVING_USE
from andon.console.counting import Counting
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
from andon.domain.severity import Band, assess
from andon.domain.system import AISystem, Tier
from andon.ports import SealedText
from andon.register.changes import ChangeRow, Changes, Wanted
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

    def __init__(self, parts: Parts, counting: Counting) -> None:
        self._parts = parts
        self._counting = counting
        register = parts.databases.register
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
        counted = await self._counting.count(("quarterly", since, until), partial(self._counted, period))
        uses = (_answered(one, decided.get(one.system, ()), reasons) for one in counted.uses)
        return counted.model_copy(update={"uses": tuple(uses)})

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

    def _counted(self, period: Period) -> Quarter:
        """Return the review of a period without what was decided on use."""
        measures = self._counting.measures
        cases = tuple(
            one.case_at(period.as_of) for one in measures.opened(period.since - LOOK_BACK, period.until)
        )
        logged = self._parts.issues.near_misses(period.since, period.until)
        found = Found(
            cases=cases,
            missed=(*self._missed(cases, period), *map(_logged, logged)),
            logged=len(logged),
            remedies=tuple(self._remedies(period)),
            uses=tuple(_asked(one) for one in self._systems(cases, period)),
        )
        return reviewed(found, period)

    def _missed(self, cases: Sequence[Case], period: Period) -> Iterator[Missed]:
        """Yield the incidents of the period that were near misses, with what they could have been."""
        near = [
            one.told
            for one in cases
            if one.told.near_miss and period.since <= one.told.opened_at < period.until
        ]
        kept = self._parts.detections.of_each([one.incident for one in near])
        policy = self._parts.policy.shelf().severity
        for told in near:
            reports = kept.get(told.incident, ())
            said = together(policy, (Told(one.facts, one.potential_facts) for one in reports))
            potential = assess(policy, said.facts, said.potential).potential if reports else None
            yield Missed(
                id=told.incident,
                system=told.system,
                actual=Band.LOW,
                potential=potential,
                at=told.detected_at,
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

    async def _words(self, sealed: SealedText) -> str | None:
        try:
            return await self._parts.texts.open(sealed)
        except (NotFoundError, SignatureError):
            return None


def _asked(system: AISystem) -> Use:
    return Use(
        system=system.id,
        name=system.name,
        tier=system.tier,
        business_owner=system.owner,
        registered=system.in_inventory,
    )


def _answered(use: Use, kept: Sequence[KeptUse], reasons: Mapping[str, str | None]) -> Use:
    """Return an AI system with the newest answer of the period, if there is one."""
    if not kept:
        return use
    last = {"decision": kept[-1].decision, "reason": reasons.get(use.system), "before": len(kept) - 1}
    return use.model_copy(update=last)


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
