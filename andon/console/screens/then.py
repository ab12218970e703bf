"""One moment of an incident as its page tells it, with what is not as it was at the moment before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.screens.moments import Clock, Moment, clock, moment, zone_name
from andon.console.screens.parts import SEVERITIES
from andon.console.screens.timeline import event
from andon.console.screens.words import (
    CONTAINED,
    NOT_CONTAINED,
    ORDERS,
    QUESTIONS,
    RELEASED,
    STAGES,
    Status,
    action,
    inert,
    listed,
    lower,
    plain,
)
from andon.domain.containment import OrderState, Verb
from andon.domain.relived import Difference, QuestionThen, SealThen, changed
from andon.domain.relived import Moment as Then
from andon.domain.severity import Band
from andon.domain.stage import Stage

NEW: Final = Status("new", "+", "now")
CHANGED: Final = Status("changed", "≠", "warn")
LOOP: Final = {
    "running": Status("running", "●", "quiet"),
    "overdue": Status("overdue", "!", "bad"),
    "done": Status("done", "✓", "good"),
    "done_late": Status("done, late", "!", "warn"),
}
_Marks = Mapping[tuple[str, str], Status]
GATE: Final = {None: "not judged", True: "open", False: "shut"}


@dataclass(frozen=True, slots=True)
class Made:
    """An entry that made the moment."""

    number: str
    href: str | None
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Single:
    """One value, and what it was if it is another now."""

    name: str
    value: str
    was: str
    new: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of several: what it is, how it stands, and whether that is new."""

    name: str
    note: str
    state: Status | None
    text: str
    change: Status | None


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question with its clock as it stood then."""

    title: str
    href: str
    roles: str
    clock: Clock | None
    notes: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    change: Status | None


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody, and what they had been told, had opened or had said; what is new is marked."""

    who: str
    what: tuple[tuple[str, bool], ...]
    person: bool


@dataclass(frozen=True, slots=True)
class ThenBox:
    """The moment."""

    at: Moment
    severity: Status
    containment: Status
    made: tuple[Made, ...]
    changes: tuple[str, ...]
    singles: tuple[Single, ...]
    loop: tuple[Row, ...]
    orders: tuple[Row, ...]
    asked: tuple[Asked, ...]
    decided: tuple[Row, ...]
    facts: tuple[Row, ...]
    seals: tuple[Row, ...]
    told: tuple[Heard, ...]
    knew: tuple[Heard, ...]
    promised: tuple[Row, ...]


def then_box(incident: str, then: Then, before: Then | None, now: datetime) -> ThenBox:
    """Return a moment; beside the first of all nothing is marked."""
    differences = changed(before, then) if before is not None else ()
    marks = {(one.what, one.name): NEW if one.before is None else CHANGED for one in differences}
    return ThenBox(
        at=exact(then.at, now),
        severity=_severity(then.severity),
        containment=_containment(then),
        made=_made(then, now),
        changes=tuple(_change(one) for one in differences),
        singles=_singles(then, differences),
        loop=_loop(then, marks),
        orders=_orders(then, marks),
        asked=tuple(
            _asked(incident, name, one, then.at.astimezone(now.tzinfo), marks.get(("open", name)))
            for name, one in then.open.items()
        ),
        decided=_rows("decided", {name: lower(option) for name, option in then.decided.items()}, marks),
        facts=tuple(
            Row(_fact(name), "", None, inert(lower(value)), marks.get(("facts", name)))
            for name, value in then.facts.items()
        ),
        seals=_seals(then, now, marks),
        told=_heard(then.told, before.told if before else None, person=False),
        knew=_heard(then.knew, before.knew if before else None, person=True),
        promised=_rows("changes", {name: lower(state) for name, state in then.changes.items()}, marks),
    )


def _loop(then: Then, marks: _Marks) -> tuple[Row, ...]:
    return tuple(
        Row(
            _stage(one.stage),
            lower(one.owner.value) if one.owner else "",
            LOOP.get(one.state),
            "",
            marks.get(("stages", one.stage)),
        )
        for one in then.stages
    )


def _orders(then: Then, marks: _Marks) -> tuple[Row, ...]:
    return tuple(
        Row(_action(one.verb, one.target), one.lever, _order(one.state), "", marks.get(("orders", name)))
        for name, one in then.orders.items()
    )


def _seals(then: Then, now: datetime, marks: _Marks) -> tuple[Row, ...]:
    return tuple(
        Row(
            one.root,
            "",
            None,
            f"{_counts(one)}, sealed {exact(one.sealed_at, now).text}",
            marks.get(("evidence", one.root)),
        )
        for one in then.evidence
    )


def _counts(one: SealThen) -> str:
    found = ((one.items, "item"), (one.gaps, "gap"))
    return ", ".join(f"{number} {of}" if number == 1 else f"{number} {of}s" for number, of in found)


def exact(at: datetime, now: datetime) -> Moment:
    """Return a time with its day and its seconds, in the reader's zone."""
    local = at.astimezone(now.tzinfo)
    read = moment(at, now)
    return Moment(read.iso, f"{local:%d %b %Y, %H:%M:%S} {zone_name(local)}", read.away, read.past)


def headline(then: Then, now: datetime) -> str:
    """Return what made a moment in a few words: what is worth a look, else its last entry."""
    if then.step is not None:
        return inert(plain(then.step.what) + (f": {then.step.item}" if then.step.item else ""))
    marks = [event(one, now).what for one in then.marks]
    return "; ".join(marks) if marks else event(then.entries[-1], now).what


def _made(then: Then, now: datetime) -> tuple[Made, ...]:
    if then.step is not None:
        who = inert(then.step.actor.removeprefix("person:"))
        return (Made(then.name, None, headline(then, now), "Andon" if who == "andon" else who),)
    told = [(one, event(one, now)) for one in then.entries]
    return tuple(
        Made(f"entry {one.sequence}", f"#entry-{one.sequence}", line.what, line.who) for one, line in told
    )


def _severity(severity: str) -> Status:
    return SEVERITIES[Band(severity)] if severity in tuple(Band) else Status(plain(severity), "?", "quiet")


def _containment(then: Then) -> Status:
    if then.contained:
        return CONTAINED
    states = {one.state for one in then.orders.values()}
    return RELEASED if states == {OrderState.RELEASED.value} else NOT_CONTAINED


def _stage(stage: str) -> str:
    return STAGES[Stage(stage)] if stage in tuple(Stage) else plain(stage)


def _order(state: str) -> Status:
    known = state in tuple(OrderState)
    return ORDERS[OrderState(state)] if known else Status(lower(state), "?", "quiet")


def _action(verb: str, target: str) -> str:
    return inert(action(Verb(verb), target) if verb in tuple(Verb) else f"{plain(verb)} {target}".strip())


def _fact(name: str) -> str:
    return QUESTIONS.get(name, plain(name))


def _rows(what: str, found: Mapping[str, str], marks: _Marks) -> tuple[Row, ...]:
    return tuple(Row(name, "", None, inert(text), marks.get((what, name))) for name, text in found.items())


def _singles(then: Then, differences: Sequence[Difference]) -> tuple[Single, ...]:
    moved = {one.what: one for one in differences if not one.name}
    found = (
        ("stage", "Stage", _stage(then.stage), _stage),
        ("classification", "What it is", plain(then.classification), plain),
        ("lead", "Lead", then.lead or "nobody named", str),
        ("gate", "Gate", GATE[then.gate_open], str),
    )
    return tuple(
        Single(
            name,
            inert(value),
            inert(say(moved[what].before or "")) if what in moved and moved[what].before else "",
            new=what in moved,
        )
        for what, name, value, say in found
    )


def _asked(incident: str, name: str, one: QuestionThen, at: datetime, change: Status | None) -> Asked:
    """Return a question; `at` is the moment, in the reader's zone: its clock is read by that."""
    notes = [
        "the deadline had passed" if one.breached else "",
        f"escalated {one.rungs} time{'' if one.rungs == 1 else 's'}" if one.rungs else "",
        "nobody had answered, and the safe default applied" if one.defaulted else "",
    ]
    return Asked(
        title=plain(one.kind),
        href=f"/incidents/{incident}/decisions/{name}",
        roles=listed([role.value for role in one.roles]),
        clock=clock(one.deadline, at),
        notes=tuple(note for note in notes if note),
        answers=tuple((person, lower(option)) for person, option in one.answers.items()),
        change=change,
    )


def _heard(
    now: Mapping[str, Sequence[str]], before: Mapping[str, Sequence[str]] | None, *, person: bool
) -> tuple[Heard, ...]:
    return tuple(
        Heard(
            inert(who) if person else plain(who),
            tuple((_notice(one), before is not None and one not in before.get(who, ())) for one in what),
            person,
        )
        for who, what in now.items()
    )


_HEARD: Final = {
    "question": "asked: {}",
    "reminder": "reminded of {}",
    "escalation": "escalated to them: {}",
    "default_applied": "told that the safe default applied to {}",
    "joined": "brought in at {} severity",
    "guidance": "told what to do meanwhile, by the playbook {}",
    "unacknowledged": "told that nothing is heard from {}",
    "task": "given to do: {}",
    "unproven": "told that {} is not proven",
}
"""What notices tell, by their code; others are told by its words."""


def _notice(text: str) -> str:
    """Return what somebody had been told, had opened or had said in words; ids stay as they are."""
    about, _, subject = text.partition(" ")
    if about == "said":
        option, _, of = subject.partition(" ")
        return inert(f"said “{lower(option)}” {of}".strip())
    if about in _HEARD:
        return inert(_HEARD[about].format(subject))
    return inert(f"{lower(about)} {subject}".strip())


_NAMES: Final = {
    "stage": "Stage",
    "severity": "Severity",
    "classification": "What it is",
    "contained": "Contained and proven",
    "lead": "Lead",
    "gate": "Gate",
}
_SAYS: Final = {
    "open": ("Asked: {name}", "No longer asked: {name}", "Asked otherwise: {name}"),
    "evidence": ("Evidence sealed: {after}", "", ""),
    "knew": ("{name}: {after}", "", "{name}: {after}"),
    "told": ("Told {name}: {after}", "", "Told {name}: {after}"),
}


def _change(one: Difference) -> str:
    """Return a difference as a sentence."""
    before, after = one.before or "", one.after or ""
    if not one.name:
        say = _stage if one.what == "stage" else lower
        was = f", was {say(before)}" if before else ""
        return inert(f"{_NAMES[one.what]}: {say(after) if after else 'none'}{was}")
    if one.what in _SAYS:
        new, gone, other = _SAYS[one.what]
        form = new if one.before is None else gone if one.after is None else other
        more = after.removeprefix(before).lstrip(", ") if one.what in ("knew", "told") else after
        return inert(form.format(name=_named(one), after=_notices(more)))
    was = f", was {lower(before)}" if before else ""
    return inert(f"{_named(one)}: {lower(after) if after else 'gone'}{was}")


def _notices(text: str) -> str:
    return ", ".join(_notice(one) for one in text.split(", "))


def _named(one: Difference) -> str:
    return {
        "stages": lambda: f"Stage {_stage(one.name)}",
        "orders": lambda: f"Order {one.name.rsplit('/', 1)[-1]}",
        "decided": lambda: f"Decided: {one.name}",
        "facts": lambda: _fact(one.name),
        "told": lambda: lower(one.name),
    }.get(one.what, lambda: one.name)()
