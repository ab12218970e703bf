"""`andon evidence complete`: how each row and kind of the evidence list stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment

_Json = Annotated[bool, Parameter(negative="")]


def complete(incident: str, /, *, kinds: _Json = False, where: Where = HERE, json: _Json = False) -> int:
    """Show how complete the evidence is, row by row. A gap says nothing of what happened.

    Ends with 1 while a row that applies is without evidence.

    Example: andon evidence complete INC-20260301-4f7k2a --kinds

    Args:
        incident: its id.
        kinds: show every kind too.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        told = service.get(f"/v1/incidents/{segment(incident)}/completeness")
    found = told.get("found")
    code = Exit.OK if found and not told.get("said") else Exit.NEGATIVE
    if json:
        screen.as_json(told)
        return code
    if not found:
        screen.say("Nothing is sealed yet. Collecting begins together with containment.")
        return code
    screen.say(
        f"{found.get('percent')} % complete: evidence of {found.get('captured')} of {found.get('required')} "
        f"rows that apply; missing-log rate {found.get('missing_log_rate'):.2f}"
    )
    screen.table("\nRows", ("row", "state", "what, or why not"), _rows(found, "row"), empty="")
    if kinds:
        screen.table("\nKinds", ("kind", "state", "what, or why not"), _rows(found, "kind"), empty="")
    return code


def _rows(found: Mapping[str, Any], name: str) -> list[Sequence[object]]:
    return [
        (str(one.get(name)).replace("_", " "), _state(one), _detail(one))
        for one in rows_of(found, f"{name}s")
    ]


def _state(one: Mapping[str, Any]) -> str:
    return {"captured": "preserved", "not_applicable": "does not apply"}.get(
        str(one.get("state")), "no evidence"
    )


def _detail(one: Mapping[str, Any]) -> str:
    told: list[str] = []
    if items := one.get("items"):
        place = "in the ledger" if one.get("in_ledger") else "preserved"
        told.append(f"{items} {place}")
    if reason := one.get("reason"):
        told.append(str(reason).replace("_", " "))
    if partly := one.get("partly"):
        told.append(f"not whole: {str(partly).replace('_', ' ')}")
    if why := one.get("why"):
        said = f"{str(why).replace('_', ' ')}, says the {one.get('said_by')}"
        told.append(f"contradicts: {said}" if one.get("contradicted") else said)
    if (gap := one.get("first_gap")) and one.get("state") == "captured":
        told.append(
            f"was a gap in snapshot {gap.get('snapshot')}: {str(gap.get('reason')).replace('_', ' ')}"
        )
    return "; ".join(told)
