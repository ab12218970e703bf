"""The course of an incident: its stages and their clocks, the seven questions, what stays on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.sla import EscalationShown, Mark, StageShown
from andon.console.screens.moments import Clock, Moment, clock, maybe, term
from andon.console.screens.words import QUESTIONS, STAGES, Status, inert, listed, lower, plain
from andon.domain.stage import Stage

STATES: Final = {
    "pending": Status("to come", "·", "quiet"),
    "running": Status("running", "●", "now"),
    "overdue": Status("overdue", "!", "bad"),
    "done": Status("done", "✓", "good"),
    "done_late": Status("done, late", "!", "warn"),
    "not_reached": Status("not reached", "-", "quiet"),
}


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage of the loop."""

    title: str
    state: Status
    owner: str
    clock: Clock | None
    due: Moment | None
    takes: str
    ended: Moment | None
    rounds: int


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """One of the seven questions, its answer, and what that led to."""

    text: str
    answer: str
    led_to: str


@dataclass(frozen=True, slots=True)
class MarkLine:
    """Something that stays on record for ever."""

    what: str
    about: str
    href: str | None
    at: Moment | None


def stage_lines(stages: Sequence[StageShown], now: datetime) -> tuple[StageLine, ...]:
    """Return all stages as the page lists them."""
    return tuple(_stage(one, now) for one in stages)


def _stage(one: StageShown, now: datetime) -> StageLine:
    runs = one.state in ("running", "overdue")
    over = one.state == "running" and one.due is not None and one.due <= now
    return StageLine(
        title=STAGES[one.stage],
        state=STATES["overdue" if over and one.stage is not Stage.MONITOR else one.state],
        owner=plain(one.owner.value) if one.owner else "nobody named",
        clock=clock(one.due, now) if runs else None,
        due=maybe(one.due, now) if one.state in ("done", "done_late") else None,
        takes=term(one.within),
        ended=maybe(one.ended_at, now),
        rounds=one.rounds,
    )


def questions_answered(questions: Sequence[EscalationShown]) -> tuple[QuestionAnswered, ...]:
    """Return the seven questions; none while nobody has answered any."""
    if all(one.answer is None for one in questions):
        return ()
    return tuple(
        QuestionAnswered(
            text=QUESTIONS.get(one.question, plain(one.question)),
            answer=plain(one.answer) if one.answer else "Not stated",
            led_to=_led_to(one) if one.answer else "Stays open",
        )
        for one in questions
    )


def _led_to(one: EscalationShown) -> str:
    facts = [f"{lower(name)} is {lower(value)}" for name, value in one.facts.items()]
    roles = listed([role.value for role in one.brought_in], last="and")
    parts = [
        *facts,
        f"{roles} brought in" if roles else "",
        "legal review" if one.legal_review else "",
        f"to be looked at: {lower(one.follow_up)}" if one.follow_up else "",
    ]
    text = "; ".join(part for part in parts if part)
    return text[:1].upper() + text[1:] if text else "Nothing further"


def mark_lines(marks: Sequence[Mark], incident: str, now: datetime) -> tuple[MarkLine, ...]:
    """Return what stays on record, oldest first."""
    return tuple(
        MarkLine(
            what=_MARKS[one.kind].format(inert(lower(one.detail) if one.kind == "default" else one.detail)),
            about=_about(one),
            href=None if one.kind == "overdue" else f"/incidents/{incident}/decisions/{one.about}",
            at=maybe(one.at, now),
        )
        for one in marks
    )


_MARKS: Final = {
    "breached": "Not answered in time",
    "late": "Answered late by {}",
    "default": "Nobody answered in time, so “{}” applied",
    "extended": "Given more time by {}",
    "overridden": "An executive let whoever made the fix decide on the restart",
    "excepted": "An executive let it run under review with the gate shut, for hours",
    "repinned": "Runs judged by rules that were changed after the opening were accepted",
    "overdue": "Stage not done in time",
    "lowered": "Severity lowered to {}",
    "lead": "Lead handed to {}",
}


def _about(mark: Mark) -> str:
    known = mark.kind == "overdue" and mark.about in tuple(Stage)
    return STAGES[Stage(mark.about)] if known else mark.about
