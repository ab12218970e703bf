"""`andon change`: what incidents have led to, what is overdue, and settling it with a proof or a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.promise import add
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.change import ChangeState, ChangeType
from andon.domain.directory import Role

_Flag = Annotated[bool, Parameter(negative="")]
CHANGES = "/v1/changes"

app = App(name="change", help="Show what incidents have led to, and prove or drop it.")
app.command(add)


@app.command(name="list")
def list_changes(
    incident: str | None = None,
    /,
    *,
    overdue: _Flag = False,
    state: ChangeState | None = None,
    system: str | None = None,
    owner: str | None = None,
    type: ChangeType | None = None,  # noqa: A002 - the name of the option
    limit: int = 100,
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """List changes: open ones first, what is due first at the top.

    Ends with 1 when --overdue finds any.

    Example: andon change list --overdue

    Args:
        incident: only those of this incident.
        overdue: only those that should have been made by now.
        state: only those that stand like this.
        system: only those of this AI system's incidents.
        owner: only those of this person.
        type: only those of this kind, such as training.
        limit: at most this many.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get(
            CHANGES,
            incident=incident,
            overdue=overdue or None,
            state=state,
            system=system,
            owner=owner,
            type=type,
            limit=limit,
        )
    found = rows_of(answer, "changes")
    code = Exit.NEGATIVE if overdue and found else Exit.OK
    if json:
        screen.as_json(answer)
        return code
    _table(answer.get("sums") or {}, found)
    return code


@app.command
def prove(
    incident: str,
    change: str,
    /,
    *,
    proof: str,
    file: Path | None = None,
    role: Role | None = None,
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """Say that a change is made, and what proves it.

    Ends with 1 when it is settled already, or its incident is open, and with 4 when it is not for you.
    At high and critical severity somebody other than the owner proves a change.

    Example: andon change prove INC-20260301-4f7k2a change-1 --proof "all 14 reviewers" --file list.csv

    Args:
        incident: its id.
        change: its id, such as change-1.
        proof: where it can be seen, or who was trained when; it is stored encrypted.
        file: what proves it; its SHA-256 is signed with the proof, the file stays where it is.
        role: the role you speak in; without it that of your token.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    body: dict[str, Any] = {"proof": proof}
    if file is not None:
        body["content"] = _digest_of(file)
    return _settle(incident, change, "proof", body, role, where, json=json)


@app.command
def drop(
    incident: str,
    change: str,
    /,
    *,
    reason: str,
    role: Role | None = None,
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """Say that a change will not be made, and why.

    Ends with 1 when it is settled already, or its incident is open, and with 4 when it is not for you.

    Example: andon change drop INC-20260301-4f7k2a change-2 --reason "the tool is retired" --as business_owner

    Args:
        incident: its id.
        change: its id, such as change-2.
        reason: why; it is stored encrypted.
        role: the role you speak in; without it that of your token.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _settle(incident, change, "drop", {"reason": reason}, role, where, json=json)


def _settle(
    incident: str, change: str, how: str, body: dict[str, Any], role: Role | None, where: Where, *, json: bool
) -> int:
    if role is not None:
        body["role"] = role.value
    with console(find(where, role=None)) as service:
        answer = service.post_once(f"/v1/incidents/{segment(incident)}/changes/{segment(change)}/{how}", body)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{change}: {'made' if answer.get('state') == 'done' else 'dropped'}"))
    return Exit.OK


def _digest_of(file: Path) -> str:
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}", Exit.BAD_INPUT) from error


def _table(sums: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> None:
    screen.table(
        f"Changes: {sums.get('open', 0)} open, {sums.get('overdue', 0)} overdue",
        ("change", "incident", "kind", "what", "owner", "state", "due"),
        [_row(one) for one in found],
        empty="No change fits.",
    )


def _row(one: Mapping[str, Any]) -> Sequence[object]:
    due = one.get("due")
    state = "overdue" if one.get("overdue") else one.get("state")
    by = one.get("settled_by")
    return (
        one.get("id"),
        one.get("incident"),
        str(one.get("type")).replace("_", " "),
        one.get("what") or "",
        one.get("owner"),
        f"{state}, {by}" if by else state,
        f"{screen.when(due)} ({screen.distance(due)})"
        if due and one.get("state") == "open"
        else screen.when(due),
    )
