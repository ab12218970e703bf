"""Printing why an incident is so severe, what nobody knows, and its times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from andon.cli import screen
from andon.domain.times import Moment


def show_severity(explained: Mapping[str, Any]) -> None:
    """Print why an incident is so severe, what nobody knows yet, and how the severity changed."""
    provisional = ", provisional" if explained.get("provisional") else ""
    screen.say(screen.inert(f"{explained.get('severity')}{provisional}: {explained.get('posture')}"))
    for line in _reasons(explained):
        screen.say(screen.inert(f"  {line}"))
    unknown = explained.get("open") or []
    if unknown:
        screen.say("Nobody knows yet (andon facts INCIDENT --set NAME=VALUE --reason ...):")
        for one in explained.get("factors") or []:
            if one.get("fact") in unknown:
                screen.say(screen.inert(f"  {one.get('fact')}: {one.get('question')}"))
    screen.table(
        "\nHow the severity changed",
        ("at", "from", "to", "because of", "by", "why"),
        [
            (
                screen.when(one.get("at")),
                one.get("before") or "",
                one.get("after"),
                one.get("because"),
                ", ".join(one.get("who") or []) or "the policy",
                one.get("reason") or "",
            )
            for one in explained.get("changes") or []
        ],
        empty="\nIt has not changed.",
    )


def show_times(times: Mapping[str, Any]) -> None:
    """Print the four times, and what was set right."""
    rows = []
    for one in times.get("times") or []:
        who = times.get("aware") if one.get("which") == Moment.AWARE.value else ""
        rows.append((one.get("which"), screen.when(one.get("at")) or "not known", who or "", _corrected(one)))
    screen.table("\nTimes", ("time", "at", "who", "set right"), rows, empty="")


def _reasons(explained: Mapping[str, Any]) -> Iterator[str]:
    for one in explained.get("reasons") or []:
        raises = " (raises by one)" if one.get("raises") else ""
        yield f"{one.get('rule')}{raises}: {one.get('why')}"
    if explained.get("potential"):
        yield f"near miss: actually {explained.get('actual')}, potentially {explained.get('potential')}"
    if tests := explained.get("threshold_tests"):
        yield f"more than a matter of quality: {', '.join(tests)}"
    if asserted := explained.get("asserted"):
        yield f"asserted by the sender: {asserted.get('term')}"
    if explained.get("by_policy") != explained.get("severity"):
        yield f"by what is known now the policy gives {explained.get('by_policy')}"


def _corrected(one: Mapping[str, Any]) -> str:
    return "; ".join(
        f"by {made.get('person')} at {screen.when(made.get('at'))}, "
        f"first said {screen.when(made.get('before')) or 'nothing'}"
        for made in one.get("corrections") or []
    )
