"""What is known of an incident: weighed by the policy it is pinned to, with where each fact is from."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from andon.api.problems import ProblemError
from andon.console.models.declaration import DeclarationBody
from andon.console.models.known import (
    Change,
    CorrectedTime,
    Explained,
    Factor,
    Reason,
    TimeShown,
    TimesShown,
)
from andon.console.parts import Parts
from andon.domain.conditions import UNKNOWN, Facts, Reading
from andon.domain.criteria import criteria_of
from andon.domain.decision import DecisionKind
from andon.domain.declaration import Declared
from andon.domain.errors import InvalidInputError, NotFoundError, SignatureError
from andon.domain.escalation import escalate, learned
from andon.domain.facts import overruled, stated, understood
from andon.domain.incident import IncidentView
from andon.domain.incident_times import standing_times, stated_times
from andon.domain.joining import Told, together, weighed
from andon.domain.ledger import Entry, Kind
from andon.domain.severity import Assessment, Band, SeverityPolicy
from andon.domain.times import PERSON, Correction, Knew, Moment, check_correction
from andon.domain.values import IncidentId, Sha256Hex
from andon.ports import SealedText
from andon.register.detections import Detection
from andon.register.incidents import IncidentRow

DETECTIONS: Final = 5_000
ENTRIES: Final = 2_000
WORD: Final = re.compile(r"[a-z_]+")
CHANGES: Final = (Kind.INCIDENT_OPENED, Kind.SEVERITY_RAISED, Kind.SEVERITY_LOWERED)
SPOKEN: Final = (*CHANGES, Kind.RESPONSE_ACCEPTED, Kind.DECLARED)
"""What a severity rests on, and who knew: the rest of a ledger, which may be long, is not read."""


class Known:
    """Answers what is known of incidents."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._policies: dict[Sha256Hex, SeverityPolicy] = {}

    async def spoken(self, incident: IncidentId) -> list[Entry]:
        """Return the entries that a severity rests on, and that say who knew."""
        return await asyncio.to_thread(self._entries, incident)

    async def explained(self, row: IncidentRow, entries: Sequence[Entry]) -> Explained | None:
        """Return why an incident is as severe as it is; None if its policy or detections are gone.

        Args:
            row: the incident.
            entries: what `spoken` gave of it.
        """
        opening = row.opening
        policy = await asyncio.to_thread(self._policy, opening.plan.policy) if opening else None
        kept = await asyncio.to_thread(self._parts.detections.of, row.incident, DETECTIONS)
        if opening is None or policy is None or not kept:
            return None
        system = await asyncio.to_thread(self._parts.systems.system, row.system)
        policy = criteria_of(policy, system)
        facts, sources, told = _facts(policy, kept, row.view)
        insist = row.view is None or not _triaged(row.view)
        assessment = weighed(policy, replace(told, facts=facts), insist=insist)
        changes = [
            await self._change(one, row, entries[:place])
            for place, one in enumerate(entries)
            if one.kind in CHANGES
        ]
        return _explained(policy, assessment, row, sources=sources, facts=facts).model_copy(
            update={"changes": tuple(changes), "asserted": policy.read_term(kept[0].severity)}
        )

    async def times(self, row: IncidentRow, entries: Sequence[Entry]) -> TimesShown | None:
        """Return the times of an incident, each with its corrections; None before it was put together.

        Args:
            row: the incident.
            entries: what `spoken` gave of it.
        """
        opening = row.opening
        if opening is None:
            return None
        corrections = row.view.corrections if row.view else ()
        on_record = await asyncio.to_thread(self._known_together, row, entries)
        first, standing = standing_times(opening, corrections, on_record)
        reasons = {one.reason: await self._words(row.incident, one.reason) for one in corrections}
        return TimesShown(
            received_at=first.received_at,
            aware=first.aware,
            signed=opening.intake is not None,
            times=tuple(
                TimeShown(
                    which=which,
                    at=standing.of(which),
                    first=first.of(which),
                    corrections=tuple(_corrections(corrections, which, reasons)),
                )
                for which in Moment
            ),
        )

    def _known_together(self, row: IncidentRow, entries: Sequence[Entry]) -> list[Knew]:
        """Return who knew of an incident or of one that was merged into it: the earliest counts for both."""
        known = self._on_record(row, entries)
        for name in row.view.taken_in if row.view else ():
            other = self._parts.incidents.get(name)
            if other is not None and other.opening is not None:
                known += self._on_record(other, self._entries(name))
                said = stated_times(other.opening)
                known += [Knew(person=said.aware, at=said.aware_at)] if said.aware and said.aware_at else []
        return known

    def _on_record(self, row: IncidentRow, entries: Sequence[Entry]) -> list[Knew]:
        opened = [Knew(person=one.person, at=one.at) for one in self._parts.openings.of(row.incident)]
        answered = [
            Knew(person=one.person, at=one.received_at)
            for record in (row.view.decisions if row.view else ())
            for one in record.accepted
        ]
        declared = [
            Knew(person=one.actor.removeprefix(PERSON), at=one.at)
            for one in entries
            if one.kind == Kind.DECLARED
        ]
        return opened + answered + declared

    def _entries(self, incident: IncidentId) -> list[Entry]:
        return self._parts.ledger.of_kinds(incident, SPOKEN, limit=ENTRIES)

    async def check(self, row: IncidentRow, body: DeclarationBody) -> None:
        """Refuse facts and times that nobody could mean; who may state them the workflow judges.

        Raises:
            ProblemError: 422, with the values there are.
        """
        try:
            if body.kind is Declared.FACTS and (opening := row.opening):
                policy = await asyncio.to_thread(self._policy, opening.plan.policy)
                if policy is not None:
                    stated(policy, body.about)
            if body.kind is Declared.TIMES and "at" in body.about:
                _check_time(body.about, self._parts.now())
        except InvalidInputError as error:
            raise ProblemError(422, "not-a-fact", str(error)) from error

    def _policy(self, digest: Sha256Hex) -> SeverityPolicy | None:
        if digest not in self._policies:
            try:
                snapshot = json.loads(self._parts.policies.get(digest))
                self._policies[digest] = SeverityPolicy.parse(snapshot["severity"])
            except (NotFoundError, KeyError, InvalidInputError):  # of a release that wrote it otherwise
                return None
        return self._policies[digest]

    async def _change(self, entry: Entry, row: IncidentRow, before: Sequence[Entry]) -> Change:
        who = _whose(entry, row.view)
        if entry.kind == Kind.INCIDENT_OPENED:
            return Change(
                at=entry.at,
                before=None,
                after=Band(entry.after),
                who=who,
                because=str(entry.facts.get("rules", "")),
                reason=None,
            )
        return Change(
            at=entry.at,
            before=Band(entry.before),
            after=Band(entry.after),
            who=who,
            because=entry.subject,
            reason=await self._words(row.incident, _reason_of(entry, before)),
        )

    async def _words(self, incident: IncidentId, digest: Sha256Hex | None) -> str | None:
        if digest is None:
            return None
        try:
            kept = await asyncio.to_thread(self._parts.kept_texts.with_digest, incident, digest)
            return await self._parts.texts.open(SealedText(id=kept.id, digest=kept.digest))
        except (NotFoundError, SignatureError):
            return None


def _facts(
    policy: SeverityPolicy, kept: Sequence[Detection], view: IncidentView | None
) -> tuple[Facts, dict[str, str], Told]:
    """Return every fact, who each is from, and what the detections say together."""
    told = together(policy, (_told(one, policy) for one in kept))
    said, _ = understood(policy, view.facts if view else {})
    at_least = escalate(view.findings).at_least if view and view.findings else {}
    reported = overruled(policy.complete(told.facts, Reading.INTAKE), said)
    facts = learned(policy, reported, at_least)
    sources = {
        name: "learned"
        if facts[name] != reported[name]
        else "stated"
        if name in said
        else "reported"
        if told.facts.get(name, UNKNOWN) != UNKNOWN
        else "assumed"
        for name in facts
    }
    return facts, sources, told


def _told(kept: Detection, policy: SeverityPolicy) -> Told:
    asserted = policy.read_term(kept.severity)
    return Told(kept.facts, kept.potential_facts, asserted.floor if asserted else Band.LOW)


def _explained(
    policy: SeverityPolicy,
    assessment: Assessment,
    row: IncidentRow,
    *,
    sources: Mapping[str, str],
    facts: Facts,
) -> Explained:
    bumps = set(assessment.bumps)
    return Explained(
        severity=row.severity,
        by_policy=assessment.severity,
        actual=assessment.actual,
        potential=assessment.potential,
        classification=row.classification,
        posture=policy.postures[row.severity],
        provisional=assessment.provisional,
        reasons=tuple(
            Reason(rule=one.rule, raises=one.rule in bumps, why=one.why) for one in assessment.explanations
        ),
        threshold_tests=assessment.threshold_tests,
        asserted=None,
        factors=tuple(
            Factor.model_validate(
                {
                    "fact": name,
                    "value": str(facts[name]),
                    "by": sources[name],
                    "question": kind.question,
                    "values": kind.scale,
                }
            )
            for name, kind in sorted(policy.facts.items(), key=lambda one: _weight(policy, one[0]))
        ),
        open=tuple(one.fact for one in assessment.unanswered),
        changes=(),
    )


def _weight(policy: SeverityPolicy, fact: str) -> tuple[int, int]:
    """Return where a fact stands among the questions: first what alone makes a severity provisional."""
    decisive = [rule.when for rule in policy.rules if rule.id in policy.unknowns.provisional_rules]
    named = [name for when in decisive for name in WORD.findall(when)]
    counting = max(policy.priority.get(fact, {"": 0}).values())
    return (named.index(fact) if fact in named else len(named), -counting)


def _triaged(view: IncidentView) -> bool:
    return any(one.request.kind is DecisionKind.TRIAGE and one.outcome is not None for one in view.decisions)


def _whose(entry: Entry, view: IncidentView | None) -> tuple[str, ...]:
    if entry.actor.startswith(PERSON):
        return (entry.actor.removeprefix(PERSON),)
    kind, _, person = entry.subject.partition(":")
    if kind == "facts" and person:
        return (person,)
    records = view.decisions if view else ()
    return tuple(
        one.person for record in records if record.request.id == entry.subject for one in record.accepted
    )


def _reason_of(change: Entry, earlier: Sequence[Entry]) -> Sha256Hex | None:
    """Return the reason given for the answer or statement that a change rests on, the latest before it."""
    about = (change.subject, change.subject.partition(":")[0])
    spoken = (Kind.RESPONSE_ACCEPTED, Kind.DECLARED)
    reasons = [one.reason for one in earlier if one.kind in spoken and one.subject in about]
    return reasons[-1] if reasons else None


def _corrections(
    corrections: Iterable[Correction], which: Moment, reasons: Mapping[str, str | None]
) -> Iterable[CorrectedTime]:
    for one in corrections:
        if one.which is which:
            yield CorrectedTime(
                before=one.before, after=one.after, person=one.person, at=one.at, reason=reasons[one.reason]
            )


def _check_time(about: Mapping[str, str], now: datetime) -> None:
    try:
        at = datetime.fromisoformat(about["at"])
    except ValueError as error:
        raise InvalidInputError("at: give a time with its zone, such as 2026-03-01T10:00:00Z") from error
    if at.tzinfo is None:
        raise InvalidInputError("at: give the time's zone too, such as 2026-03-01T10:00:00+01:00")
    check_correction(Moment(about.get("which", "occurred")), at, now)
