"""`andon release`: the steps in which an AI system is let go, on and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console
from andon.cli.words import segment
from andon.domain.declaration import Declared
from andon.domain.release import ReleaseStep

_Flag = Annotated[bool, Parameter(negative="")]
WITHOUT_A_WORD = "Taken back."


def release(
    incident: str,
    /,
    *,
    go_on: Annotated[bool, Parameter(name="--next", negative="")] = False,
    back: _Flag = False,
    reason: str = "",
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """Show the steps in which an AI system is let go, go on at once, or take a step back.

    Going on is the business owner's. Going back is also the incident lead's and operations': what held a
    step before holds again at once, and nobody is asked. Back from the first step everything is held, and
    the way leads through the gate again. Ends with 1 when the step is refused, with 4 when it is not yours.

    Example: andon release INC-20260301-4f7k2a --back --as operations

    Args:
        incident: its id.
        go_on: go on to the next step now.
        back: go back to the step before.
        reason: why; it is stored encrypted. Going back takes none.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    if go_on and back:
        raise CommandError("say --next or --back, not both", Exit.BAD_INPUT)
    if go_on and not reason:
        raise CommandError("--next needs --reason: say why it can go on now", Exit.BAD_INPUT)
    with console(find(where, role=None if go_on or back else READER)) as service:
        shown = service.get(f"/v1/incidents/{segment(incident)}")
        if not go_on and not back:
            return _shown(shown, json=json)
        return _moved(service, shown, reason or WITHOUT_A_WORD, on=go_on, json=json)


def _moved(service: Service, shown: Mapping[str, Any], reason: str, *, on: bool, json: bool) -> int:
    step = _step(shown) + (1 if on else -1)
    kind = Declared.STEP_ON if on else Declared.STEP_BACK
    body = {"kind": kind.value, "about": {"step": str(step)}, "reason": reason}
    answer = service.post_once(f"/v1/incidents/{segment(str(shown['id']))}/declarations", body)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{shown['id']} goes {'on' if on else 'back'} to {_named(shown, step)}"))
    return Exit.OK


def _step(shown: Mapping[str, Any]) -> int:
    """Return the step that stands; without steps everything is let go in one."""
    course = shown.get("release")
    return int(course.get("step", 0)) if course else 1


def _named(shown: Mapping[str, Any], step: int) -> str:
    course = shown.get("release") or {"steps": [{"kind": "full"}]}
    codes = [ReleaseStep.model_validate(one).code for one in rows_of(course, "steps")]
    return f"step {step}: {codes[step - 1]}" if 0 < step <= len(codes) else "holding everything"


def _shown(shown: Mapping[str, Any], *, json: bool) -> int:
    course = shown.get("release")
    if json:
        screen.as_json(course)
    elif course is None:
        screen.say("everything is let go at once; --back holds everything again while it is watched")
    else:
        screen.table(
            "Release",
            ("step", "what", "takes", "state", "since", "by", "seen", "taken back, it is"),
            [_row(course, number) for number in range(1, len(course["steps"]) + 1)],
            empty="No step.",
        )
        _say_what_comes(course)
    return Exit.OK


def _row(course: Mapping[str, Any], number: int) -> tuple[object, ...]:
    steps = [ReleaseStep.model_validate(one) for one in course["steps"]]
    code, back = steps[number - 1].code, steps[number - 2].code if number > 1 else "contained"
    takes = "a decision of its own" if steps[number - 1].approval else ""
    at = int(course["step"])
    reached = [one for one in rows_of(course, "reached") if one.get("step") == number and number <= at]
    state = "stands" if number == at else "left behind" if number < at else "to come"
    if not reached:
        return number, code, takes, state, "", "", "", back
    latest = reached[-1]
    unproven = "" if latest.get("proven") else ", not proven"
    seen = latest.get("at"), latest.get("by"), latest.get("saw")
    return number, code, takes, state + unproven, *seen, back


def _say_what_comes(course: Mapping[str, Any]) -> None:
    if 0 < int(course["step"]) < len(course["steps"]):
        at = course.get("next_at")
        waits = "it waits for the business owner: andon release INCIDENT --next --reason ..."
        screen.say(screen.inert(f"it goes on by itself at {at}" if at else waits))
