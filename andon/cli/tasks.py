"""`andon tasks`: what each function has to do, and closing a task on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.task import TaskState

_Json = Annotated[bool, Parameter(negative="")]
MINE: Final = "/v1/me/tasks"

app = App(name="tasks", help="Show what there is to do, and close a task.")


@app.default
def tasks(
    incident: str | None = None,
    /,
    *,
    role: Role | None = None,
    state: TaskState | None = None,
    mine: _Json = False,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """List the tasks of an incident; without one, those of yours that are open in any.

    Each task says what its role needs in the moment, with the command that shows it.

    Example: andon tasks INC-20260301-4f7k2a --role operations --state open

    Args:
        incident: its id.
        role: only those that belong to this role.
        state: only those that stand like this.
        mine: only those of your roles, and of roles you stand in for.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    if incident is None and (role is not None or state is not None):
        raise CommandError("--role and --state take an incident", Exit.BAD_INPUT)
    with console(find(where, role=READER)) as service:
        if incident is None:
            answer = service.get(MINE)
        else:
            path = f"/v1/incidents/{segment(incident)}/tasks"
            answer = service.get(path, role=role, state=state, mine=mine or None)
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "Tasks",
        ("task", "incident", "what", "belongs to", "state", "due", "look at"),
        [_row(one) for one in rows_of(answer, "tasks")],
        empty="Nothing to do.",
    )
    return Exit.OK


@app.command
def done(incident: str, task: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Close a task: it is done.

    Ends with 1 when it is closed already and with 4 when it belongs to another role.

    Example: andon tasks done INC-20260301-4f7k2a look_back-1 --reason "11 cases" --as operations

    Args:
        incident: its id.
        task: its id, such as look_back-1.
        reason: what was done; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _close(incident, task, TaskState.DONE, reason, where, json=json)


@app.command
def found(
    incident: str,
    task: str,
    cases: int,
    /,
    *,
    since: str,
    reason: str,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Close a look back over earlier outputs with what was found.

    Ends with 1 when it looks back less far than its task asks for.

    Example: andon tasks found INC-20260301-4f7k2a look_back-2 4 --since 2026-01-01T00:00:00Z --reason "logs"

    Args:
        incident: its id.
        task: its id.
        cases: how many were found; 0 says that somebody looked and found none.
        since: how far back was looked, with its zone.
        reason: where and how was looked; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    body = {
        "kind": Declared.LOOKED_BACK.value,
        "about": {"task": task, "since": since, "found": str(cases)},
        "reason": reason,
    }
    with console(find(where, role=None)) as service:
        answer = service.post_once(f"/v1/incidents/{segment(incident)}/declarations", body)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{task}: {cases} found since {since}"))
    return Exit.OK


@app.command
def cannot(incident: str, task: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Close a task: it can't be done, and why.

    Ends with 1 when it is closed already and with 4 when it belongs to another role.

    Example: andon tasks cannot INC-20260301-4f7k2a look_back-1 --reason "logs are gone" --as operations

    Args:
        incident: its id.
        task: its id, such as look_back-1.
        reason: why it can't be done; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _close(incident, task, TaskState.CANNOT, reason, where, json=json)


def _close(incident: str, task: str, state: TaskState, reason: str, where: Where, *, json: bool) -> int:
    place = f"/v1/incidents/{segment(incident)}"
    with console(find(where, role=None)) as service:
        known = rows_of(service.get(f"{place}/tasks"), "tasks")
        found = next((one for one in known if one.get("id") == task), {})
        body: dict[str, Any] = {
            "kind": Declared.TASK.value,
            "about": {"task": task, "state": state.value},
            "reason": reason,
        }
        if found.get("acting"):
            body["role"] = found["acting"]
        answer = service.post_once(f"{place}/declarations", body)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{task}: {'done' if state is TaskState.DONE else 'recorded as impossible'}"))
    return Exit.OK


def _row(one: Mapping[str, Any]) -> Sequence[object]:
    due = one.get("due")
    state = "overdue" if one.get("overdue") and one.get("state") == "open" else one.get("state")
    closing = one.get("answer") or one.get("closed_by")
    commands = dict.fromkeys(str(shown.get("command")) for shown in one.get("shows") or [])
    return (
        one.get("id"),
        one.get("incident"),
        f"{one.get('title')}: {one['step']}" if one.get("step") else one.get("title"),
        str(one.get("role")).replace("_", " "),
        f"{state}, {closing}" if closing else state,
        f"{screen.when(due)} ({screen.distance(due)})"
        if due
        else f"with {one.get('closes_with')}"
        if one.get("closes_with")
        else "no clock",
        "; ".join(commands),
    )
