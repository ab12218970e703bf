"""The course of an incident in words: its stages with owners and clocks, the seven questions, the marks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from andon.cli import screen

LENGTH: Final = re.compile(r"\bP(?=T?\d)(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
UNITS: Final = ("d", "h", "min", "s")
MARKS: Final = {
    "breached": "not answered in time",
    "late": "answered late by",
    "default": "nobody answered in time, so this applied:",
    "extended": "given more time by",
    "overridden": "exclusion lifted by an executive",
    "excepted": "run under review with the gate shut, by an executive, for hours:",
    "repinned": "runs judged by changed rules accepted, of pin",
    "overdue": "stage not done in time",
    "lowered": "severity lowered to",
    "lead": "lead handed to",
}


def show_course(found: Mapping[str, Any]) -> None:
    """Print stages, escalation questions and marks."""
    screen.table(
        "\nStages",
        ("stage", "state", "owner", "due", "may take"),
        [_stage(one) for one in found.get("sla") or []],
        empty="",
    )
    answered = [one for one in found.get("escalation") or [] if one.get("answer")]
    screen.table(
        "\nEscalation questions",
        ("question", "answer", "led to"),
        [(one.get("question"), one.get("answer"), led_to(one)) for one in answered],
        empty="\nThe seven escalation questions are not answered yet.",
    )
    screen.table(
        "\nOn record for ever",
        ("what", "about", "when"),
        [_mark(one) for one in found.get("marks") or []],
        empty="",
    )


def warnings_of(found: Mapping[str, Any]) -> list[str]:
    """Return what must not be overlooked."""
    lost = found.get("undelivered") or []
    told = [f"andon: nobody could be reached by: {screen.inert(', '.join(lost))}"] if lost else []
    if into := found.get("merged_into"):
        told.append(f"andon: this incident was merged: look at {screen.inert(into)}")
    if taken := found.get("taken_in"):
        told.append(f"andon: it decides for what was merged into it too: {screen.inert(', '.join(taken))}")
    owner = found.get("owner") or {}
    if owner.get("state") == "overdue" and not found.get("closed_at"):
        told.append(
            f"andon: nothing was heard of the business owner in time: {screen.inert(owner['person'])}"
        )
    told += [
        f"andon: {screen.inert(said['source'])} says it is {screen.inert(said['says'])}, "
        f"{screen.when(said['at'])}; that closes and releases nothing"
        for said in found.get("senders") or []
    ]
    if found.get("leaderless"):
        told.append(
            "andon: nobody leads this incident; ask for another lead with `andon ask ... lead_transfer`"
        )
    return told


def in_words(within: object) -> str:
    """Return how long something may take: `PT1H30M` as `1 h 30 min`, also amid words."""
    return LENGTH.sub(_length, str(within or ""))


def _length(found: re.Match[str]) -> str:
    return " ".join(f"{count} {unit}" for count, unit in zip(found.groups(), UNITS, strict=True) if count)


def clock_of(question: Mapping[str, Any]) -> str:
    """Return how a question's clock came about, and what else there is to say of answering it."""
    notes = (
        in_words(question.get("within")),
        f"extended by {question['extended_by']}" if question.get("extended_by") else None,
        f"more time asked for: {question['extension_asked']}" if question.get("extension_asked") else None,
        "takes a signature with your own key" if question.get("signing") == "personal" else None,
    )
    return "; ".join(str(note) for note in notes if note)


def still_missing(question: Mapping[str, Any]) -> str:
    """Return who else must answer for the options that somebody has chosen."""
    if question.get("state") != "open":
        return ""
    chosen = {got.get("option") for got in question.get("responses") or []}
    return "; ".join(
        f"{one.get('id')}: {', '.join(_slot(slot) for slot in one['missing'])}"
        for one in question.get("options") or []
        if one.get("id") in chosen and one.get("missing")
    )


def led_to(one: Mapping[str, Any]) -> str:
    """Return what the answer to an escalation question led to."""
    facts = [f"{name}={value}" for name, value in (one.get("facts") or {}).items()]
    roles = ", ".join(one.get("brought_in") or [])
    parts = [
        *facts,
        f"brought in: {roles}" if roles else "",
        "legal review" if one.get("legal_review") else "",
        f"to follow up: {one['follow_up']}" if one.get("follow_up") else "",
    ]
    return "; ".join(part for part in parts if part)


def _slot(roles: Sequence[str]) -> str:
    return " or ".join(roles) or "one more person"


def _stage(one: Mapping[str, Any]) -> Sequence[object]:
    due = one.get("due")
    ahead = one.get("state") == "pending"
    when = f"{screen.when(due)} ({screen.distance(due)})" if due else "no clock"
    return (
        one.get("stage"),
        str(one.get("state")).replace("_", " "),
        one.get("owner"),
        f"if begun now: {when}" if ahead and due else when,
        in_words(one.get("within")),
    )


def _mark(one: Mapping[str, Any]) -> Sequence[object]:
    what = MARKS.get(str(one.get("kind")), str(one.get("kind")))
    return f"{what} {one.get('detail') or ''}".strip(), one.get("about"), screen.when(one.get("at"))
