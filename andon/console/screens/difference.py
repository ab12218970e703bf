"""What an answer would change, as its page shows it: versions, long texts, and what levers allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.difference import DifferenceShown, PartShown, Side, TextShown, VersionsShown
from andon.console.screens.moments import Moment, maybe
from andon.console.screens.words import Status, action, inert, lower, plain
from andon.domain.allowed import Allowed, Permission, Standing
from andon.domain.containment import Verb
from andon.domain.difference import Mark, Verdict, Why

VERDICTS: Final = {
    Verdict.CHANGED: Status("changed", "≠", "warn"),
    Verdict.UNCHANGED: Status("the same", "=", "good"),
    Verdict.NOT_KNOWN: Status("not known", "?", "warn"),
}
WHYS: Final = {
    Why.NEITHER_SAYS: "neither time says anything of it",
    Why.BEFORE_NOT_KNOWN: "nothing is known of it at the incident",
    Why.AFTER_NOT_KNOWN: "nothing is known of it now",
    Why.LEFT_OPEN: "both say the same, and leave something open",
    Why.MOVING_NAME: "both name something that may have moved, such as “latest”",
    Why.MASKED: "both look the same, but something in it was not kept",
}
LACKS: Final = {
    "not_captured": "no evidence holds the versions of the incident",
    "lost": "the stored evidence of the versions can't be opened",
    "unreadable": "the stored evidence of the versions can't be read",
    "not_evaluated": "nothing has been evaluated yet",
    "unsaid": "the evaluation does not say what it ran",
    "result_not_kept": "the evaluation names its versions by a digest only; its result is not at hand",
    "not_asked": "the question is no longer open",
    "not_configured": "the AI system has no address that says what runs",
    "not_allowed": "the settings do not let Andon call the address that says what runs; an admin names its "
    "host and port under sources.private_hosts",
    "no_answer": "the AI system did not say in time what runs",
}
PARTS: Final = {
    "prompt": "Prompt",
    "model": "Model",
    "tools": "Tools",
    "index": "Index",
    "config": "Configuration",
    "policy": "Policy",
}
STANDS: Final = {
    Allowed.ALLOWED: Status("allowed", "○", "quiet"),
    Allowed.LIMITED: Status("limited", "◐", "warn"),
    Allowed.IN_PART: Status("lets a share through", "◐", "warn"),
    Allowed.HELD: Status("held", "■", "warn"),
    Allowed.NOT_PROVEN: Status("ordered, not proven", "!", "bad"),
    Allowed.NOT_HELD: Status("not held", "○", "quiet"),
    Allowed.NOT_KNOWN: Status("not known: an order failed", "?", "bad"),
}
MARKS: Final = {
    Mark.KEPT: ("", ""),
    Mark.REMOVED: ("-", "before"),
    Mark.ADDED: ("+", "now"),
    Mark.SKIPPED: ("…", ""),
}
SHOWN_AT_MOST: Final = 8


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of the versions."""

    name: str
    before: str
    after: str
    state: Status
    note: str
    digests: tuple[str, str]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a text difference."""

    kind: str
    mark: str
    says: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class TextBox:
    """The difference of one text."""

    name: str
    lines: tuple[TextLine, ...]
    note: str


@dataclass(frozen=True, slots=True)
class SideLine:
    """Where one side of the comparison comes from."""

    name: str
    digest: str
    at: Moment | None
    href: str
    lacks: str


@dataclass(frozen=True, slots=True)
class VersionsBox:
    """Versions before and after."""

    summary: str
    running: Status
    sides: tuple[SideLine, ...]
    after: str
    lines: tuple[PartLine, ...]
    text_at_hand: bool
    texts: tuple[TextBox, ...] | None


@dataclass(frozen=True, slots=True)
class LeverLine:
    """One lever: now, and with each option that moves it."""

    what: str
    lever: str
    now: Status
    then: tuple[tuple[Status, bool], ...]
    others: str


@dataclass(frozen=True, slots=True)
class LeversBox:
    """What is allowed now, and what would be."""

    options: tuple[str, ...]
    nothing: str
    shared: str
    """Other incidents that hold levers of the same AI system: what they hold stays held."""
    lines: tuple[LeverLine, ...]
    rest: tuple[LeverLine, ...]
    """What no answer moves."""


@dataclass(frozen=True, slots=True)
class DifferenceBox:
    """What an answer would change."""

    versions: VersionsBox | None
    levers: LeversBox | None


def difference_box(found: DifferenceShown, now: datetime) -> DifferenceBox:
    """Return what an answer would change."""
    return DifferenceBox(
        versions=_versions(found.versions, found.incident, now) if found.versions else None,
        levers=_levers(found) if found.levers else None,
    )


def _versions(found: VersionsShown, incident: str, now: datetime) -> VersionsBox:
    after = "Evaluated" if found.against == "evaluated" else "Running now"
    sides = (
        _side("At the incident", found.incident, incident, now),
        _side("Evaluated", found.evaluated, incident, now),
        _side("Running now", found.running, incident, now),
    )
    return VersionsBox(
        summary=_summary(found),
        running=_running(found),
        sides=sides,
        after=after,
        lines=tuple(map(_part, found.parts)),
        text_at_hand=found.text_at_hand,
        texts=None if found.texts is None else tuple(map(_text, found.texts)),
    )


def _summary(found: VersionsShown) -> str:
    """Say in a sentence what changed, and what nobody knows."""
    of = {
        verdict: [
            PARTS.get(one.part, plain(one.part)).lower() for one in found.parts if one.verdict is verdict
        ]
        for verdict in Verdict
    }
    said = (
        (of[Verdict.CHANGED], "Changed"),
        (of[Verdict.UNCHANGED], "the same"),
        (of[Verdict.NOT_KNOWN], "not known"),
    )
    parts = [f"{name}: {', '.join(names)}" for names, name in said if names]
    text = ". ".join(part[:1].upper() + part[1:] for part in parts)
    return f"{text}."


def _running(found: VersionsShown) -> Status:
    if found.runs_what_was_evaluated is True:
        return Status("What runs now is what was evaluated", "✓", "good")
    if found.runs_what_was_evaluated is False:
        return Status("Other versions run now than were evaluated", "✕", "bad")
    return Status("Whether what runs now was evaluated is not known", "?", "bad")


def _side(name: str, side: Side, incident: str, now: datetime) -> SideLine:
    return SideLine(
        name=name,
        digest=side.digest or "",
        at=maybe(side.at, now),
        href=f"/incidents/{incident}/evidence/{side.item}" if side.item else "",
        lacks=LACKS.get(side.lacking, lower(side.lacking)) if side.lacking else "",
    )


def _part(one: PartShown) -> PartLine:
    notes = [WHYS[one.why]] if one.why else []
    more = len(one.elsewhere) - SHOWN_AT_MOST
    if one.elsewhere:
        places = ", ".join(inert(path.replace(".", " ")) for path in one.elsewhere[:SHOWN_AT_MOST])
        notes.append(f"differs in {places}" + (f" and {more} more places" if more > 0 else ""))
    return PartLine(
        name=PARTS.get(one.part, inert(plain(one.part))),
        before=_named(one.then) if one.before else "not known",
        after=_named(one.now) if one.after else "not known",
        state=VERDICTS[one.verdict],
        note="; ".join(notes),
        digests=(one.before or "", one.after or ""),
    )


def _named(names: tuple[tuple[str, str], ...]) -> str:
    """Return which version it is: `name desk-small, version 1.0.0`."""
    return ", ".join(f"{inert(lower(path.replace('.', ' ')))} {_cut(value)}" for path, value in names)


def _cut(value: str) -> str:
    shown = inert(value)
    return f"{shown[:12]}…" if len(shown) >= 64 else shown


def _text(one: TextShown) -> TextBox:
    return TextBox(
        name=inert(plain(one.path.replace(".", ": ", 1).replace(".", " "))),
        lines=tuple(
            TextLine(
                kind=line.mark.value,
                mark=MARKS[line.mark][0],
                says=MARKS[line.mark][1],
                pieces=tuple((inert(text), differs) for text, differs in line.pieces),
            )
            for line in one.lines
        ),
        note="It differs only in what was made unreadable here." if one.only_redacted else "",
    )


def _levers(found: DifferenceShown) -> LeversBox:
    moving = [one for one in found.effects if one.permissions]
    still = [lower(one.option) for one in found.effects if not one.permissions]
    changes = [{each.lever: each for each in one.permissions} for one in moving]
    every = {one.lever: one for one in found.levers}
    every |= {each.lever: each for one in moving for each in one.permissions if each.lever not in every}
    shared = sorted({name for line in every.values() for name in line.others})
    moved = {name for of in changes for name in of}
    return LeversBox(
        shared=", ".join(shared),
        options=tuple(plain(one.option) for one in moving),
        nothing=", ".join(f"“{one}”" for one in still),
        lines=tuple(
            _lever(one, [of.get(name) for of in changes]) for name, one in every.items() if name in moved
        ),
        rest=tuple(_lever(one, []) for name, one in every.items() if name not in moved),
    )


def _lever(one: Permission, then: list[Permission | None]) -> LeverLine:
    return LeverLine(
        what=action(one.verb, one.target),
        lever=one.lever,
        now=_stands(one.now, one.verb),
        then=tuple(
            (_stands(each.then, one.verb), True) if each else (_stands(one.now, one.verb), False)
            for each in then
        ),
        others=", ".join(one.others),
    )


def _stands(standing: Standing, verb: Verb) -> Status:
    status = STANDS[standing.allowed]
    if standing.allowed is Allowed.LIMITED and verb is Verb.RATE_LIMIT:
        return Status(f"{standing.limit} a minute", status.mark, status.tone)
    if standing.paused:
        return Status(f"{status.text}, by the pause", status.mark, status.tone)
    return status
