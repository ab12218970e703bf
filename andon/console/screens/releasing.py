"""The release as a ladder: which step stands, what comes next and when, and what one may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.words import Status
from andon.domain.release import ReleaseCourse

ALL_HELD: Final = "Everything is held"
STEPS: Final = {
    "contained": ALL_HELD,
    "review_all": "Everything runs, and a person reviews each answer",
    "full": "Everything runs",
}
PARTIAL: Final = "partial:"
DONE: Final = Status("left behind", "✓", "quiet")
STANDS: Final = Status("stands now", "▸", "good")
STANDS_UNPROVEN: Final = Status("stands, not proven", "!", "bad")
AHEAD: Final = Status("to come", "-", "quiet")


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the ladder."""

    name: str
    state: Status
    since: Moment | None
    saw: str
    approval: bool
    """Whether it takes a decision of its own."""
    back: str
    """What stands again if it is taken back."""


@dataclass(frozen=True, slots=True)
class ReleaseBox:
    """How an AI system is let go, and how far that has come."""

    lines: tuple[StepLine, ...]
    begun: bool
    next_at: Moment | None
    waits: bool
    """Whether it goes on only when a person says so."""
    on: int | None
    """Number of the step that somebody with the right to may have taken now."""
    back: int | None
    back_to: str


def step_in_words(code: str) -> str:
    """Return a step's code in words."""
    if not code.startswith(PARTIAL):
        return STEPS.get(code, code)
    share = code.removeprefix(PARTIAL)
    whose = f"{share} of requests" if share.endswith("%") else f"Requests with {share}"
    return f"{whose} run freely, the others as a step before"


def release_box(
    course: ReleaseCourse | None,
    watch_until: datetime | None,
    *,
    over: bool,
    may_on: bool,
    may_back: bool,
    now: datetime,
) -> ReleaseBox | None:
    """Return the ladder; None: everything is let go at once, and there is nothing to go back on."""
    moving = watch_until is not None and not over
    if course is None:
        if not moving:
            return None
        line = StepLine(STEPS["full"], STANDS, None, "", approval=False, back=ALL_HELD)
        return ReleaseBox((line,), True, None, False, None, 0 if may_back else None, ALL_HELD)
    lines = tuple(_line(course, number, now) for number in range(1, len(course.steps) + 1))
    back = course.step - 1 if moving and course.begun and may_back else None
    on = course.step + 1 if moving and course.begun and not course.full and may_on else None
    return ReleaseBox(
        lines=lines,
        begun=course.begun,
        next_at=maybe(course.next_at if moving else None, now),
        waits=moving and course.begun and not course.full and course.next_at is None,
        on=on,
        back=back,
        back_to=step_in_words(course.code(back)) if back is not None else "",
    )


def _line(course: ReleaseCourse, number: int, now: datetime) -> StepLine:
    latest = next((one for one in reversed(course.reached) if one.step == number), None)
    reached = latest if number <= course.step else None
    return StepLine(
        name=step_in_words(course.code(number)),
        state=_state(course, number, proven=reached is None or reached.proven),
        since=moment(reached.at, now) if reached else None,
        saw=_saw(reached.saw) if reached and number == course.step else "",
        approval=course.steps[number - 1].approval,
        back=step_in_words(course.code(number - 1)),
    )


def _state(course: ReleaseCourse, number: int, *, proven: bool) -> Status:
    if number > course.step:
        return AHEAD
    if number < course.step:
        return DONE
    return STANDS if proven else STANDS_UNPROVEN


def _saw(code: str) -> str:
    """Return what the probe saw in words."""
    known = {"held": "the hold was seen", "let_go": "nothing is held", "no_answer": "the probe got no answer"}
    if code in known:
        return known[code]
    through, _, rest = code.partition("_of_")
    return f"{through} of {rest.split('/')[0]} probing requests went through" if rest else code
