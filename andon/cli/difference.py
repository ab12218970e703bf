"""`andon difference`: what an answer to a question would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment

_Json = Annotated[bool, Parameter(negative="")]
_Text = Annotated[bool, Parameter(negative="")]


def difference(
    incident: str, decision: str, /, *, text: _Text = False, where: Where = HERE, json: _Json = False
) -> int:
    """Show what an answer would change: versions then and now, and what each option does to levers.

    What is not known is never called unchanged.

    Example: andon difference INC-20260301-4f7k2a restart-1 --text --as business_owner

    Args:
        incident: its id.
        decision: id of the question, as `andon decisions` lists it.
        text: show what prompts and other long texts say, then and now; that you looked goes on record.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    path = f"/v1/incidents/{segment(incident)}/decisions/{segment(decision)}/difference"
    with console(find(where, role=READER)) as service:
        found = service.get(path, text="true" if text else None)
    if json:
        screen.as_json(found)
        return Exit.OK
    if versions := found.get("versions"):
        _show_versions(versions)
    _show_levers(found)
    return Exit.OK


def _show_versions(versions: Mapping[str, Any]) -> None:
    same = {True: "yes", False: "NO", None: "not known"}[versions.get("runs_what_was_evaluated")]
    sides = {name: _side(versions.get(name) or {}) for name in ("incident", "evaluated", "running")}
    screen.pairs("Versions", {**sides, "runs what was evaluated": same})
    screen.table(
        f"\nThe incident's versions against the {screen.inert(versions.get('against'))} ones",
        ("part", "verdict", "then", "now", "differs also in"),
        [
            (
                one.get("part"),
                " ".join(str(word) for word in (one.get("verdict"), one.get("why")) if word),
                _named(one, "then"),
                _named(one, "now"),
                ", ".join(one.get("elsewhere") or []),
            )
            for one in rows_of(versions, "parts")
        ],
        empty="\nNothing is known of any part.",
    )
    for one in versions.get("texts") or []:
        screen.heading(f"\n{screen.inert(one.get('path'))}")
        for line in rows_of(one, "lines"):
            said = "".join(str(piece[0]) for piece in line.get("pieces") or [])
            screen.say(f"{_MARKS.get(str(line.get('mark')), ' ')} {screen.inert(said)}")


_MARKS = {"removed": "-", "added": "+", "skipped": "…"}


def _side(side: Mapping[str, Any]) -> str:
    return str(side.get("digest") or f"not known: {side.get('lacking')}")


def _named(part: Mapping[str, Any], side: str) -> str:
    return ", ".join(f"{path}={value}" for path, value in part.get(side) or [])


def _show_levers(found: Mapping[str, Any]) -> None:
    then = {
        (one.get("option"), each.get("lever")): each.get("then") or {}
        for one in rows_of(found, "effects")
        for each in one.get("permissions") or []
    }
    moving = list(dict.fromkeys(option for option, _ in then))
    still = [str(one.get("option")) for one in rows_of(found, "effects") if one.get("option") not in moving]
    screen.table(
        "\nLevers",
        ("lever", "now", *(f"with {option}" for option in moving)),
        [
            (
                one.get("lever"),
                (one.get("now") or {}).get("allowed"),
                *(then.get((option, one.get("lever")), {}).get("allowed", "as now") for option in moving),
            )
            for one in rows_of(found, "levers")
        ],
        empty="\nNo answer to this question moves a lever.",
    )
    if moving and still:
        screen.say(f"These move no lever: {screen.inert(', '.join(still))}.")
