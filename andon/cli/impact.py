"""`andon impact`: whom and what an incident reached, and the hypotheses of the pattern question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.declaring import declare
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.declaration import Declared
from andon.domain.impact import UNKNOWN, Basis, Finding, Hypothesis

_Json = Annotated[bool, Parameter(negative="")]

app = App(name="impact", help="Show whom and what an incident reached, and state what is known of it.")


@Parameter(name="*")
@dataclass(frozen=True)
class Numbers:
    """What it reached; a number that is left out is recorded as unknown."""

    outputs: int | None = None
    """Answers that were affected."""

    users: int | None = None
    """People they reached."""

    records: int | None = None
    """Records that were changed."""

    side_effects: int | None = None
    """Runs of tools, and other writes."""


NOTHING: Final = Numbers()


@app.default
def show(incident: str, /, *, since: str | None = None, where: Where = HERE, json: _Json = False) -> int:
    """Count outputs, users, records and side effects since the first bad version.

    Each number says whether it was counted or estimated, and what was missing. How far it reaches is
    suggested with reasons; people decide it with the question about the impact.

    Example: andon impact INC-20260301-4f7k2a --since 2026-03-01T09:00:00Z

    Args:
        incident: its id.
        since: count from then on, instead of the first bad version.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        told = service.get(f"/v1/incidents/{segment(incident)}/impact", since=since)
    if json:
        screen.as_json(told)
        return Exit.OK
    found = told["found"]
    screen.pairs("Reach", _summary(told, found))
    screen.table(
        "\nCounts",
        ("what", "how many", "basis", "seen", "missing"),
        [_number(one) for one in rows_of(found, "numbers")],
        empty="",
    )
    screen.table(
        "\nOne bad answer or a pattern?",
        ("hypothesis", "says", "the record", "closed as", "evidence", "by"),
        [_hypothesis(one) for one in rows_of(told, "hypotheses")],
        empty="",
    )
    return Exit.OK


@app.command
def state(
    incident: str,
    /,
    *,
    numbers: Numbers = NOTHING,
    since: str = UNKNOWN,
    basis: Basis = Basis.ESTIMATED,
    reason: str,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Put counts on record in your name; what you leave out is recorded as unknown.

    Example: andon impact state INC-20260301-4f7k2a --users 12 --basis counted --reason "by the mail log"

    Args:
        incident: its id.
        numbers: what it reached.
        since: from when on, with its zone.
        basis: counted or estimated.
        reason: how you know; it is stored encrypted.
        where: where Andon is, and who states it.
        json: print the answer as JSON.
    """
    about = {name: UNKNOWN if count is None else str(count) for name, count in asdict(numbers).items()}
    about |= {"since": since, "basis": basis.value}
    return declare(incident, Declared.IMPACT_COUNTED, about, reason, where, json=json)


@app.command
def settle(
    incident: str,
    hypothesis: Hypothesis,
    finding: Finding,
    /,
    *,
    evidence: str,
    reason: str,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Close a hypothesis with the evidence it rests on. The latest word counts; earlier ones stay on record.

    Example: andon impact settle INC-20260301-4f7k2a one-user ruled-out --evidence input/crm/4bf9 --reason "3"

    Args:
        incident: its id.
        hypothesis: which one.
        finding: confirmed or ruled-out.
        evidence: id of an item, as `andon evidence list --json` has it.
        reason: what the evidence shows; it is stored encrypted.
        where: where Andon is, and who closes it.
        json: print the answer as JSON.
    """
    about = {"hypothesis": hypothesis.value, "finding": finding.value, "evidence": evidence}
    return declare(incident, Declared.HYPOTHESIS, about, reason, where, json=json)


def _summary(told: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, object]:
    changed = ", ".join(f"{name} {value}" for name, value in (found.get("changed") or {}).items())
    stated = told.get("stated") or {}
    counts = ", ".join(
        f"{name.replace('_', ' ')} {UNKNOWN if stated.get(name) is None else stated[name]}"
        for name in ("outputs", "users", "records", "side_effects")
    )
    return {
        "decided": told.get("blast_radius") or "not yet",
        "suggested": f"{found.get('suggested')}: {_plain(found.get('reasons'))}",
        "since": f"{screen.when(found.get('since'))} ({_plain([found.get('start')])})",
        "until": screen.when(found.get("until")),
        "requests": f"{found.get('affected')} of {found.get('requests')} in the window",
        "new in it": changed or None,
        "also runs in": ", ".join(found.get("other_systems") or []) or None,
        "the record lacks": _plain(found.get("missing")) or None,
        "stated": f"{counts}, {stated.get('basis')}, by {stated.get('person')}" if stated else None,
        "affected records": told.get("said"),
        "in tool calls, not listed": told.get("not_listed") or None,
    }


def _number(one: Mapping[str, Any]) -> Sequence[object]:
    value = one.get("value")
    return (
        str(one.get("what")).replace("_", " "),
        "not known" if value is None else value,
        one.get("basis"),
        one.get("counted"),
        _plain(one.get("why")),
    )


def _hypothesis(one: Mapping[str, Any]) -> Sequence[object]:
    leaning = {"for": "speaks for it", "against": "speaks against it"}.get(
        str(one.get("record")), "says nothing"
    )
    return (
        one.get("hypothesis"),
        one.get("says"),
        leaning,
        str(one.get("finding") or "open").replace("_", " "),
        one.get("evidence"),
        one.get("person"),
    )


def _plain(codes: Sequence[object] | None) -> str:
    return ", ".join(str(code).replace("_", " ") for code in codes or [])
