"""`andon systems`: the AI systems under protection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.stopping import price
from andon.cli.system_files import add, check
from andon.cli.words import segment
from andon.domain.code_words import authority
from andon.domain.readiness import WEIGHED
from andon.domain.system import Tier
from andon.domain.use import Use

app = App(name="systems", help="Show, check and add the AI systems under protection.", help_format="markdown")
app.command(check)
app.command(add)
_Json = Annotated[bool, Parameter(negative="")]


@app.command(name="list")
@app.default
def list_systems(
    *,
    tier: Tier | None = None,
    owner: str | None = None,
    state: Use | None = None,
    open_only: Annotated[bool, Parameter(name="--open", negative="")] = False,
    unproven: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show the AI systems under protection, how each is used, what holds it, and which levers were proven.

    Example: andon systems list --state retired

    Example: andon systems list --tier high --unproven

    Args:
        tier: only those of this tier.
        owner: only those of this business owner.
        state: only those used like this.
        open_only: only those with an open incident.
        unproven: only those with a lever that never was proven.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get(
            "/v1/systems",
            tier=tier,
            owner=owner,
            use=state,
            open=open_only or None,
            unproven=unproven or None,
        )
    if json:
        screen.as_json(answer)
        return Exit.OK
    found = rows_of(answer, "systems")
    narrowed = any((tier, owner, state, open_only, unproven))
    screen.table(
        "AI systems",
        ("system", "tier", "owner", "use", "levers proven", "incidents", "held by", ""),
        [_line(one) for one in found],
        empty="No AI system fits." if narrowed else "No AI system is registered.",
    )
    return Exit.OK


@app.command
def show(system: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Show one AI system: its levers and when each was last proven, holds, incidents, versions, sources.

    Example: andon systems show refund_desk

    Args:
        system: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        found: Any = service.get(f"/v1/systems/{segment(system)}")
    if json:
        screen.as_json(found)
    else:
        _shown(found)
    return Exit.OK


def _shown(found: Mapping[str, Any]) -> None:
    screen.pairs(screen.inert(str(found.get("id"))), _about(found))
    if not found.get("in_inventory", True):
        screen.warn(
            "Nobody has registered it: its flags are the safest containment there is, if it reads them."
        )
    never = [one.get("id") for one in rows_of(found, "levers") if not one.get("proven")]
    if never:
        screen.warn(
            f"Never proven: {', '.join(map(screen.inert, never))}. Nobody has seen them stop anything."
        )
    screen.table(
        "\nLevers",
        ("lever", "does", "now", "last proven", "expected cost", "takes a decision first"),
        [_lever(lever) for lever in rows_of(found, "levers")],
        empty="\nNo levers: Andon can't stop it.",
    )
    _in_force(rows_of(found, "in_force"))
    screen.table(
        "\nIncidents",
        ("incident", "severity", "stage", "contained", "opened"),
        [_incident(one) for one in (*rows_of(found, "open_incidents"), *rows_of(found, "last_incidents"))],
        empty="\nNo incidents.",
    )
    stated = found.get("trade_offs") or {}
    screen.pairs(
        "\nTrade-offs", {what: stated.get(name) or "nobody has said" for name, what in WEIGHED.items()}
    )


def _incident(one: Mapping[str, Any]) -> Sequence[object]:
    return (
        one.get("id"),
        one.get("severity"),
        one.get("stage"),
        "yes" if one.get("contained") else "no",
        screen.when(one.get("opened_at")),
    )


def _line(one: Mapping[str, Any]) -> Sequence[object]:
    levers, had = rows_of(one, "levers"), one.get("incidents") or {}
    proven = [lever["proven"]["at"] for lever in levers if lever.get("proven")]
    held = sorted({str(hold.get("incident")) for hold in one.get("holds") or []})
    return (
        one.get("id"),
        one.get("tier"),
        one.get("business_owner"),
        _used(one),
        f"{len(proven)} of {len(levers)}" + (f", oldest {screen.when(min(proven))}" if proven else ""),
        f"{had.get('open', 0)} open of {had.get('all', 0)}",
        ", ".join(held) or "nothing",
        "" if one.get("in_inventory", True) else "not registered",
    )


def _about(found: Mapping[str, Any]) -> dict[str, object]:
    """Return what stands at the head of one AI system."""
    fallback, versions = found.get("fallback") or {}, found.get("versions") or {}
    sources = [str(one.get("id")) for one in rows_of(found, "sources")]
    by_hand = f"{fallback.get('instructions')} (run by {fallback.get('owner')})"
    evaluated = f"{str(versions.get('digest'))[:16]}, in {versions.get('incident')}"
    return {
        "name": found.get("name"),
        "purpose": found.get("purpose"),
        "tier": found.get("tier"),
        "owner": found.get("business_owner"),
        "use": _used(found),
        "by hand meanwhile": by_hand if fallback else "nobody has said",
        "gate suite": found.get("suite") or "none",
        "versions last evaluated": evaluated if versions else "none yet",
        "sources of evidence": ", ".join(sources) or "none",
    }


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
                "whose": f"{hold.get('assignee') or 'not known yet'}, "
                f"by {authority(hold.get('authority') or 'hand')}",
                "asked about": screen.when(hold.get("until"))
                + (" (its time is up)" if hold.get("expired") else ""),
                "state": state + proof,
                "way out": way.get("says") or "its incident has not begun yet",
                "next": way.get("command") or f"andon show {hold.get('incident')}",
            },
        )


def _use(system: Mapping[str, Any]) -> Mapping[str, Any]:
    return system.get("use") or {}


def _used(system: Mapping[str, Any]) -> str:
    """Return how it is used, since when, and by the decision in which incident."""
    use = _use(system)
    told = str(use.get("use") or "").replace("_", " ")
    since = f" since {screen.when(use['since'])}" if use.get("since") else ""
    return f"{told}{since}, by {use['incident']}" if use.get("incident") else f"{told}{since}"


def _lever(lever: Mapping[str, Any]) -> Sequence[object]:
    by = rows_of(lever, "stopped_by")
    own = [one for one in by if one.get("lever") == lever.get("id")]
    named = ", ".join(dict.fromkeys(str(one.get("incident")) for one in own or by))
    proven = lever.get("proven") or {}
    exercise = "exercise " if proven.get("exercise") else ""
    return (
        lever.get("id"),
        lever.get("does"),
        f"{'held' if own else 'stopped by the pause'} by {named}" if by else "free",
        f"{screen.when(proven['at'])}, {exercise}{proven['incident']}" if proven else "NEVER",
        price(lever.get("cost")),
        ", ".join(map(str, lever.get("after_decision") or ())) or "no",
    )
