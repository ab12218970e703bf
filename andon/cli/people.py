"""`andon people`: who may be asked, who is reached, and who is suspended or away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.people_file import ADMIN, apply, check, export
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console
from andon.cli.words import segment

app = App(name="people", help="Show and change the directory of people.", help_format="markdown")
app.command(check)
app.command(export)
app.command(apply)
_Json = Annotated[bool, Parameter(negative="")]
_Reason = Annotated[str, Parameter(name=["--reason", "-r"])]


@app.command(name="list")
def list_people(
    *,
    role: str | None = None,
    team: str | None = None,
    search: str | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show people, their roles, and who of them is on call, away or suspended.

    Example: andon people list --role responder

    Args:
        role: only those who hold this role.
        team: only those in this team.
        search: only those with this in their id or name.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/directory", role=role, team=team, q=search)
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "People",
        ("person", "name", "roles", "zone", "just now"),
        [
            (one.get("id"), one.get("name"), _joined(one.get("roles")), one.get("zone"), _state(one))
            for one in rows_of(answer, "people")
        ],
        empty="Nobody fits.",
    )
    return Exit.OK


@app.command
def show(person: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Show one person. Channels and public keys are shown to themselves and to admins.

    Example: andon people show ines

    Args:
        person: their id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        rows = rows_of(service.get("/v1/directory", q=person), "people")
    found = next((one for one in rows if one.get("id") == person), None)
    if found is None:
        raise CommandError(f"nobody has the id {screen.inert(person)!r}", Exit.BAD_INPUT)
    if json:
        screen.as_json(found)
        return Exit.OK
    _shown(found)
    return Exit.OK


@app.command(name="on-call")
def on_call(
    *, at: str | None = None, role: str | None = None, where: Where = HERE, json: _Json = False
) -> int:
    """Show who is reached for each role, in this order.

    Example: andon people on-call --at 2026-12-24T18:00:00+01:00 --role responder

    Args:
        at: a moment with its zone; now if left out.
        role: one role; all if left out.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/directory/on-call", at=_moment(at, "--at") if at else None, role=role)
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        f"Reached at {screen.when(answer.get('at'))}",
        ("role", "first", "then", "turn ends"),
        [_reached(one) for one in rows_of(answer, "roles")],
        empty="Nobody holds that role.",
    )
    return Exit.OK


@app.command
def suspend(person: str, /, *, reason: _Reason, where: Where = HERE, json: _Json = False) -> int:
    """Suspend somebody at once: nothing they answer counts, and their tokens open nothing.

    Reading the people file again does not undo it.

    Example: andon people suspend erik --reason "laptop stolen"

    Args:
        person: their id.
        reason: why; kept encrypted, for auditors and admins.
        where: where Andon is, and who asks; admins only.
        json: print the answer as JSON.
    """
    return _changed(person, "suspend", {"reason": reason}, where, json=json)


@app.command
def restore(person: str, /, *, reason: _Reason, where: Where = HERE, json: _Json = False) -> int:
    """Lift a suspension, that of the people file too. Nobody restores themselves.

    Example: andon people restore erik --reason "laptop replaced, key revoked"

    Args:
        person: their id.
        reason: why; kept encrypted, for auditors and admins.
        where: where Andon is, and who asks; admins only.
        json: print the answer as JSON.
    """
    return _changed(person, "restore", {"reason": reason}, where, json=json)


@app.command
def away(
    *,
    until: str,
    since: str | None = None,
    of: str | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Note that you will be away: your delegates are asked in your place.

    Example: andon people away --as legal --until 2026-12-28T09:00:00+01:00

    Args:
        until: the end, with its zone.
        since: the beginning, with its zone; now if left out.
        of: somebody else, by id; for admins.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    absence = {"until": _moment(until, "--until"), "since": _moment(since, "--since") if since else None}
    with console(find(where, role=None)) as service:
        told = service.post(_place(service, of, "absences"), absence)
    return _told(told, json=json)


@app.command
def back(*, of: str | None = None, where: Where = HERE, json: _Json = False) -> int:
    """Note that you are back: your present absence ends now, those to come stay.

    Example: andon people back --as legal

    Args:
        of: somebody else, by id; for admins.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=None)) as service:
        told = service.delete(_place(service, of, "absences"))
    return _told(told, json=json)


def _changed(person: str, verb: str, body: dict[str, Any], where: Where, *, json: bool) -> int:
    with console(find(where, role=ADMIN)) as service:
        told = service.post(_place(service, person, verb), body)
    return _told(told, json=json)


def _place(service: Service, person: str | None, what: str) -> str:
    named = person or str(service.get("/v1/me").get("person"))
    return f"/v1/directory/people/{segment(named)}/{what}"


def _told(told: Mapping[str, Any], *, json: bool) -> int:
    if json:
        screen.as_json(told)
        return Exit.OK
    person = told.get("person") or {}
    state = "; ".join(part for part in (_state(person), _absences(person)) if part) or "there"
    change = f"version {told.get('version')}" if told.get("changed") else "nothing changed"
    screen.say(screen.inert(f"{person.get('id')}: {state} ({change})"))
    return Exit.OK


def _moment(text: str, option: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise CommandError(
            f"{option}: write a moment with its zone, such as 2026-12-24T18:00:00+01:00", Exit.BAD_INPUT
        )
    return text


def _state(person: Mapping[str, Any]) -> str:
    parts = []
    if person.get("suspended"):
        parts.append(f"suspended since {screen.when(person.get('suspended_from'))}")
    if person.get("shared"):
        parts.append("shared account")
    if person.get("away"):
        parts.append("away")
    parts += [f"on call as {role}" for role in person.get("on_call") or []]
    return ", ".join(parts)


def _shown(person: Mapping[str, Any]) -> None:
    contact = person.get("contact") or {}
    keys = [_key(one) for one in person.get("keys") or []]
    fields = {
        "roles": _joined(person.get("roles")),
        "teams": _joined(person.get("teams")) or None,
        "just now": _state(person) or "there",
        "zone": person.get("zone"),
        "country": "-".join(part for part in (person.get("country"), person.get("region")) if part) or None,
        "delegates": _joined(person.get("delegates")) or None,
        "stands in for": _joined(person.get("stands_in_for")) or None,
        "absences": _absences(person) or None,
        "channels": "\n".join(_channel(one) for one in contact.get("channels") or [])
        or str(person.get("reached_by") or "none"),
        "keys": "\n".join(keys) or None,
    }
    screen.pairs(f"{screen.inert(person.get('id'))}: {screen.inert(person.get('name'))}", fields)


def _absences(person: Mapping[str, Any]) -> str:
    return ", ".join(
        f"away from {screen.when(one.get('since'))} until {screen.when(one.get('until'))}"
        for one in person.get("absences") or []
    )


def _key(key: Mapping[str, Any]) -> str:
    counts = "counts" if key.get("in_force") else "counts no more"
    return " ".join(
        part for part in (str(key.get("id"))[:16], key.get("kind"), key.get("label"), counts) if part
    )


def _channel(channel: Any) -> str:
    return str(channel.get("url")) if isinstance(channel, Mapping) else str(channel)


def _reached(row: Mapping[str, Any]) -> tuple[object, ...]:
    names = [_name(one) for one in row.get("reached") or []]
    ends = ", ".join(screen.when(turn.get("until")) for turn in row.get("turns") or [])
    return row.get("role"), names[0] if names else "nobody", ", ".join(names[1:]), ends


def _name(person: Mapping[str, Any]) -> str:
    marks = [f"for {name}" for name in person.get("stands_in_for") or []]
    marks += ["away"] if person.get("away") else []
    return f"{person.get('person')}" + (f" ({', '.join(marks)})" if marks else "")


def _joined(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else ""
