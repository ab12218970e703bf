"""On what terms an AI system is stopped, in words: mode, what is foreseen, fallback, legal's hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from andon.cli import screen
from andon.domain.mode import Mode

MODES: Final = {
    Mode.OBSERVE: "nothing is held before a person confirms the incident",
    Mode.WARN: "nothing is held before triage confirms the incident, or is silent",
}


def show_stopping(found: Mapping[str, Any]) -> None:
    """Print what is not held although it would be, what it costs, and who works by hand."""
    stopping = found.get("stopping") or {}
    ahead = [*(stopping.get("would_hold") or []), *(stopping.get("costly_ahead") or [])]
    priced = [one for one in found.get("orders") or [] if one.get("cost")]
    if ahead:
        screen.table(
            "\nNot held",
            (
                "lever",
                "what",
                "would be held since",
                "requests it would have stopped",
                "only after a decision",
                "expected cost",
            ),
            [_ahead(one) for one in ahead],
            empty="",
        )
    if priced:
        screen.table(
            "\nExpected cost of what is held",
            ("order", "why", "cost", "looked at again"),
            [_priced(one) for one in priced],
            empty="",
        )


def stopping_warnings(found: Mapping[str, Any]) -> list[str]:
    """Return what must not be overlooked of how it is stopped."""
    stopping = found.get("stopping") or {}
    told: list[str] = []
    if stopping.get("would_hold") and not found.get("closed_at"):
        mode = Mode(stopping["mode"])
        told.append(f"andon: NOT stopped, the mode is {mode}: {MODES.get(mode, '')}")
    if held := stopping.get("evidence_hold"):
        told.append(
            f"andon: legal holds the evidence since {screen.when(held['since'])} "
            f"({screen.inert(held['person'])}): no fix, nothing costly and no restart before it is lifted"
        )
    run = stopping.get("fallback")
    if run and not run.get("ended_at"):
        told.append(fallback_in_words(run))
    return told


def fallback_in_words(run: Mapping[str, Any]) -> str:
    """Return who works by hand, and how."""
    since = screen.when(run.get("began_at"))
    if not run.get("owner"):
        return f"andon: paused since {since}, and no fallback is written down: say who works by hand, and how"
    how = screen.inert(run.get("instructions") or "the system's file no longer says how")
    return f"andon: by hand since {since}, run by {screen.inert(run['owner'])}: {how}"


def price(cost: Mapping[str, Any] | None) -> str:
    """Return what something is expected to cost in words."""
    if not cost:
        return "not stated"
    what = str(cost.get("what")).replace("_", " ")
    if cost.get("per_hour") is None:
        return what
    return f"{what}, about {cost['per_hour']:,} {cost.get('unit') or ''}".rstrip() + " an hour"


def _ahead(one: Mapping[str, Any]) -> Sequence[object]:
    what = str(one.get("verb")).replace("_", " ")
    return (
        "by hand" if one.get("by_hand") else one.get("lever"),
        f"{what} {one.get('target') or ''}".strip(),
        screen.when(one.get("since")) if one.get("since") else "",
        "" if one.get("requests") is None else one["requests"],
        "yes" if one.get("costly") else "",
        price(one.get("cost")),
    )


def _priced(one: Mapping[str, Any]) -> Sequence[object]:
    return (
        str(one.get("id", "")).rsplit("/", maxsplit=1)[-1],
        one.get("reason"),
        price(one.get("cost")),
        screen.when(one.get("expires_at")),
    )
