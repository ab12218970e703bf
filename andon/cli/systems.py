"""`andon systems`: the AI systems under protection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.system_files import add, check
from andon.domain.readiness import WEIGHED
from andon.domain.use import Use

app = App(name="systems", help="Show, check and add the AI systems under protection.", help_format="markdown")
app.command(check)
app.command(add)
_Json = Annotated[bool, Parameter(negative="")]


@app.command(name="list")
@app.default
def list_systems(*, state: Use | None = None, where: Where = HERE, json: _Json = False) -> int:
    """Show the AI systems under protection, how each is used, and what holds it.

    Example: andon systems list --state retired

    Args:
        state: only those used like this.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    answer = _asked(where)
    found = [one for one in rows_of(answer, "systems") if state is None or _use(one).get("use") == state]
    if json:
        screen.as_json(answer if state is None else {**answer, "systems": found})
        return Exit.OK
    screen.table(
        "AI systems",
        ("system", "tier", "owner", "use", "since", "levers", "held by", ""),
        [
            (
                one.get("id"),
                one.get("tier"),
                one.get("business_owner"),
                str(_use(one).get("use") or "").replace("_", " "),
                _since(one),
                len(one.get("levers") or []),
                ", ".join(sorted({str(hold.get("incident")) for hold in one.get("holds") or []}))
                or "nothing",
                "" if one.get("in_inventory", True) else "not registered",
            )
            for one in found
        ],
        empty="No AI system is registered." if state is None else f"No AI system is {state}.",
    )
    return Exit.OK


@app.command
def show(system: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Show one AI system: its levers, and the holds in force.

    Example: andon systems show refund_desk

    Args:
        system: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    found = next((one for one in rows_of(_asked(where), "systems") if one.get("id") == system), None)
    if found is None:
        raise CommandError(f"there is no AI system {screen.inert(system)!r}", Exit.BAD_INPUT)
    if json:
        screen.as_json(found)
        return Exit.OK
    stated = found.get("trade_offs") or {}
    screen.pairs(
        "\nTrade-offs", {what: stated.get(name) or "nobody has said" for name, what in WEIGHED.items()}
    )
    holds = [hold for hold in found.get("holds") or [] if isinstance(hold, Mapping)]
    screen.pairs(
        screen.inert(system),
        {
            "name": found.get("name"),
            "tier": found.get("tier"),
            "owner": found.get("business_owner"),
            "use": str(_use(found).get("use") or "").replace("_", " "),
            "since": _since(found),
        },
    )
    if not found.get("in_inventory", True):
        screen.warn(
            "Nobody has registered it: its flags are the safest containment there is, if it reads them."
        )
    screen.table(
        "\nLevers",
        ("lever", "verb", "held by"),
        [_lever(lever, holds) for lever in found.get("levers") or []],
        empty="\nNo levers.",
    )
    _in_force(rows_of(found, "in_force"))
    return Exit.OK


def _in_force(holds: Sequence[Mapping[str, Any]]) -> None:
    """Print every hold in force: what, why, since, whose, until when, and how to undo it."""
    for hold in holds:
        way, state = hold.get("way_out") or {}, str(hold.get("state") or "not known yet")
        proof = f", last seen: {hold.get('proof')}" if hold.get("proof") else ""
        counts = "" if hold.get("strictest") else "; a stricter one counts"
        screen.pairs(
            f"\nHold {screen.inert(hold.get('order'))}",
            {
                "what": f"{hold.get('verb') or 'hold'} {hold.get('target') or ''}".strip()
                + f" ({hold.get('lever')}{counts})",
                "why": hold.get("reason"),
                "since": screen.when(hold.get("since")),
                "whose": f"{hold.get('assignee') or 'not known yet'}, by {hold.get('authority') or 'hand'}",
                "asked about": screen.when(hold.get("until"))
                + (" (its time is up)" if hold.get("expired") else ""),
                "state": state + proof,
                "way out": way.get("says") or "its incident has not begun yet",
                "next": way.get("command") or f"andon show {hold.get('incident')}",
            },
        )


def _use(system: Mapping[str, Any]) -> Mapping[str, Any]:
    return system.get("use") or {}


def _since(system: Mapping[str, Any]) -> str:
    """Return since when it is used like this, and by the decision in which incident."""
    use = _use(system)
    since = screen.when(use["since"]) if use.get("since") else ""
    return f"{since}, by {use['incident']}" if use.get("incident") else since


def _asked(where: Where) -> Any:
    with console(find(where, role=READER)) as service:
        return service.get("/v1/systems")


def _lever(lever: Mapping[str, Any], holds: list[Mapping[str, Any]]) -> tuple[object, object, str]:
    held = [
        f"{hold.get('incident')} since {screen.when(hold.get('since'))}"
        for hold in holds
        if hold.get("lever") == lever.get("id")
    ]
    return lever.get("id"), lever.get("verb"), ", ".join(held) or "nothing"
