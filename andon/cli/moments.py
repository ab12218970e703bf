"""`andon audit moments`: what an incident's workflow remembered, moment by moment."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where
from andon.cli.subject import entries_of, runs_of

if TYPE_CHECKING:
    from andon.domain.relived import Line, Moment


def moments(
    subject: str,
    /,
    *,
    archived: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """List the moments at which an incident's state changed, for `timeline --at`.

    All runs of its workflow and of what follows up on it are run again. A moment counts if the ledger has
    the entries that made it. Ends with 1 when a run does not replay on this release, or departs from the
    ledger.

    Example: andon audit moments INC-20260301-4f7k2a.zip

    Args:
        subject: a bundle, or the id of an incident.
        archived: take the histories from the incident's archive in locked storage, not from Temporal.
        where: where Andon is, and who asks.
        json: print the list as JSON.
    """
    found = _relived(subject, where, archived=archived)
    if json:
        screen.as_json(found.model_dump(mode="json"))
    else:
        rows = [
            (
                one.name,
                screen.when(one.at.isoformat()),
                one.stage,
                "yes" if one.contained else "no",
                ", ".join(one.open),
            )
            for one in found.moments
        ]
        screen.table("Moments", ("#", "time", "stage", "contained", "open questions"), rows, empty="None.")
        _tell_of(found)
    return Exit.OK if found.fits else Exit.NEGATIVE


def moment_then(subject: str, where: Where, at: datetime) -> Moment | None:
    """Return the last moment up to a time; None: nothing had happened yet, or no history can be had."""
    from andon.domain.relived import moment_at  # noqa: PLC0415 - a short start

    try:
        found = _relived(subject, where)
    except CommandError as error:
        screen.warn(f"andon: without the histories only the ledger's words are shown: {error.message}")
        return None
    if not found.fits:
        _tell_of(found)
    return moment_at(found.moments, at)


def tell(then: Moment) -> None:
    """Print a moment."""
    screen.pairs(f"\nAs entry {then.name} was written", in_words(_plain(then)))


def _plain(then: Moment) -> dict[str, object]:
    known: dict[str, object] = then.model_dump(
        mode="json", exclude={"name", "run", "entries", "step", "stages", "told", "knew"}
    )
    return known | {
        "evidence": [one.root for one in then.evidence],
        "orders": {name: one.state for name, one in then.orders.items()},
        "open": {
            name: f"{screen.when(one.deadline) if one.deadline else 'no deadline'}, {' '.join(one.roles)}"
            for name, one in then.open.items()
        },
        "told": {role: "; ".join(what) for role, what in then.told.items()},
        "knew": {person: "; ".join(what) for person, what in then.knew.items()},
    }


def in_words(known: dict[str, object]) -> dict[str, object]:
    """Return values as people read them."""
    words: dict[str, object] = {}
    for name, value in known.items():
        if isinstance(value, list):
            words[name] = ", ".join(map(screen.told, value)) or "none"
        elif isinstance(value, dict):
            words[name] = ", ".join(f"{key}: {screen.told(one)}" for key, one in value.items()) or "none"
        else:
            words[name] = value if value is None else screen.told(value)
    return words


def _relived(subject: str, where: Where, *, archived: bool = False) -> Line:
    """Return the moments that the ledger bears out."""
    from andon.audit.moments import relive  # noqa: PLC0415 - a short start
    from andon.domain.relived import line_of  # noqa: PLC0415 - a short start

    # The ledger first: the histories that are read after it tell of all of it.
    entries = entries_of(subject, where)
    runs, _ = runs_of(subject, where, archived=archived)
    return line_of(asyncio.run(relive(runs)), entries)


def _tell_of(found: Line) -> None:
    ran = ", ".join(found.recorded_by) or "a build that it does not name"
    screen.say(f"Run by {ran}; run again by {found.replayed_by}, from {len(found.runs)} runs.")
    for one in found.runs:
        if one.problem is not None:
            screen.warn(f"andon: run {one.run} does not replay: {screen.inert(one.problem)}")
    if found.departs_at is not None:
        screen.warn(f"andon: the replay departs from what happened at entry {found.departs_at}")
    for first, last in found.untold:
        screen.warn(f"andon: no history tells of entries {first} to {last}")
