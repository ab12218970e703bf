"""The page on which a person reports what they saw, and the one that says what happens now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.access import READING
from andon.console.models.report import ReportTaken
from andon.console.models.system import SystemShown
from andon.console.reports import MORE_AT_MOST, OTHER, SENTENCE_AT_MOST, Receipt
from andon.console.screens.moments import Moment, moment, zone_key
from andon.console.screens.parts import AFTER_RELEASE, SEVERITIES
from andon.console.screens.words import Status, lower
from andon.console.sessions import Session
from andon.domain.detection import Flagged, Outcome
from andon.domain.severity import Band
from andon.register.incidents import IncidentRow

OPTIONAL: Final = ("system", "named", "occurred", "trace", "description", "severity")
TOLD_AT_MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose from, and whether it is chosen."""

    value: str
    label: str
    hint: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ReportScreen:
    """The form."""

    flags: tuple[Choice, ...]
    systems: tuple[Choice, ...]
    severities: tuple[Choice, ...]
    typed: Mapping[str, str]
    more_open: bool
    sentence_at_most: int
    more_at_most: int
    zone: str
    problem: str
    reader: str


@dataclass(frozen=True, slots=True)
class ToldLine:
    """Somebody who was told, in which roles, and when."""

    person: str
    roles: str
    at: Moment


@dataclass(frozen=True, slots=True)
class ReceivedScreen:
    """What happens now."""

    receipt: str
    received: Moment
    headline: str
    what: str
    incident: str | None
    href: str | None
    severity: Status | None
    containment: Status
    contained: str
    told: tuple[ToldLine, ...]
    more_told: int
    advice: tuple[str, ...]


def report_screen(
    meanings: Mapping[str, str],
    systems: Sequence[SystemShown],
    session: Session,
    now: datetime,
    *,
    typed: Mapping[str, str],
    problem: str,
) -> ReportScreen:
    """Return the form with what was typed before, if it was not taken."""
    flag = typed.get("flag")
    severities = ("", "I don't know"), *((band.value, band.value.capitalize()) for band in Band)
    return ReportScreen(
        flags=tuple(
            Choice(one.value, one.value.capitalize(), meanings.get(one.value, ""), chosen=flag == one.value)
            for one in Flagged
        ),
        systems=_systems(systems, typed.get("system", "")),
        severities=tuple(
            Choice(value, label, "", chosen=value == typed.get("severity", "")) for value, label in severities
        ),
        typed=typed,
        more_open=any(typed.get(name) for name in OPTIONAL),
        sentence_at_most=SENTENCE_AT_MOST,
        more_at_most=MORE_AT_MOST,
        zone=zone_key(now),
        problem=problem,
        reader=session.caller.person,
    )


def received_screen(receipt: Receipt, session: Session, now: datetime) -> ReceivedScreen:
    """Return what became of a report."""
    kept, row = receipt.detection, receipt.row
    headline, what = _what(kept.outcome, row)
    containment, contained = _contained(row)
    return ReceivedScreen(
        receipt=kept.id,
        received=moment(kept.received_at, now),
        headline=headline,
        what=what,
        incident=kept.incident,
        href=f"/incidents/{kept.incident}" if kept.incident and session.role in READING else None,
        severity=SEVERITIES[row.severity] if row else None,
        containment=containment,
        contained=contained,
        told=tuple(
            ToldLine(one.person, ", ".join(lower(role) for role in one.notice.roles), moment(one.at, now))
            for one in receipt.told[:TOLD_AT_MOST]
        ),
        more_told=max(len(receipt.told) - TOLD_AT_MOST, 0),
        advice=receipt.advice,
    )


def waiting_screen(taken: ReportTaken, now: datetime) -> ReceivedScreen:
    """Return what is said of a report that is kept safe, and not looked at yet."""
    return ReceivedScreen(
        receipt=taken.receipt,
        received=moment(now, now),
        headline="Thank you. Your report is kept.",
        what="A part of Andon is away. Your report is safe on disk, with the time at which it came, and is "
        "looked at as soon as that part is back. If it is urgent, call whoever answers for the AI system.",
        incident=None,
        href=None,
        severity=None,
        containment=Status("Not looked at yet", "…", "warn"),
        contained="Nothing has been stopped because of this report yet.",
        told=(),
        more_told=0,
        advice=taken.advice,
    )


def _systems(systems: Sequence[SystemShown], chosen: str) -> tuple[Choice, ...]:
    known = [Choice(one.id, one.name, "", chosen=one.id == chosen) for one in systems if one.in_inventory]
    return (
        Choice("", "I don't know", "", chosen=not chosen),
        *known,
        Choice(OTHER, "Another one", "", chosen=chosen == OTHER),
    )


def _what(outcome: Outcome, row: IncidentRow | None) -> tuple[str, str]:
    if row is None:
        return (
            "Thank you. It is noted.",
            "By what is known it is a matter of quality: nobody is called out for it. It is kept, counted "
            "with others like it, and becomes an incident if they show that it is one.",
        )
    if row.closed_at is not None:
        return "Thank you. This has been dealt with.", "The incident it belongs to is closed."
    if outcome is Outcome.JOINED:
        return (
            "Thank you. Your report is in.",
            "People are dealing with the same thing already. Your report was added to their incident.",
        )
    if row.started_at is None:
        return (
            "Thank you. Your report is in.",
            "An incident was opened from it. The response begins by itself as soon as the rest of Andon "
            "answers.",
        )
    return (
        "Thank you. Your report is in.",
        "An incident was opened from it, and people are asked to look at it now.",
    )


def _contained(row: IncidentRow | None) -> tuple[Status, str]:
    if row is None:
        return Status("Nothing was stopped", "-", "quiet"), "The AI system goes on as before."
    if row.contained:
        return (
            Status("Contained and proven", "✓", "good"),
            "What the AI system could do further harm with is held, and a probe has seen that it is.",
        )
    if row.stage in AFTER_RELEASE:
        return Status("Back in service", "○", "quiet"), "People have looked, and let it go on."
    if row.containment_required and row.opening is not None and not row.opening.plan.levers:
        return (
            Status("Nobody knows what to stop", "!", "warn"),
            "There is no switch for an AI system that nobody could name. People are finding out which it is.",
        )
    if row.containment_required:
        return (
            Status("Being contained", "…", "warn"),
            "It is being held, and looked at until it is proven. Load this page again in a moment.",
        )
    return Status("Nothing was stopped", "-", "quiet"), "By what is known it can go on while people look."
