"""`andon tokens`: access tokens for programs and for one's own command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment

app = App(name="tokens", help="Make, list and revoke access tokens.", help_format="markdown")
_Json = Annotated[bool, Parameter(negative="")]
KEEPER = "admin"


@app.command
def create(
    name: str,
    /,
    *,
    person: str | None = None,
    role: str | None = None,
    scope: Annotated[list[str] | None, Parameter(negative="")] = None,
    days: int | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Make a token, and print it: it is not kept and can't be shown again.

    You make tokens for yourself in the role you act in. An admin makes tokens for others too, limited to
    reading and reporting: people make the tokens they answer with themselves.

    Example: andon tokens create "desk monitor" --person mona.monitor --role detector --days 30 --as admin

    Args:
        name: what it is for.
        person: whom it stands for; you, if left out.
        role: the role it acts in; yours, if left out.
        scope: read, respond, intake or admin; may be repeated. None: all that the role may.
        days: days it is in force; 90 unless the settings say otherwise.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    wanted: dict[str, Any] = {"name": name, "person": person, "role": role, "scopes": scope, "days": days}
    with console(find(where, role=KEEPER)) as service:
        made = service.post("/v1/tokens", {key: value for key, value in wanted.items() if value is not None})
    if json:
        screen.as_json(made)
        return Exit.OK
    screen.say(screen.inert(made.get("token")))
    screen.warn(screen.inert(f"{_told(made)}; keep it now, it is not shown again"))
    return Exit.OK


@app.command(name="list")
def list_tokens(*, where: Where = HERE, json: _Json = False) -> int:
    """List your tokens, those out of force too; an admin sees everybody's.

    Tokens that `andon up` made are not among them: they are in the data folder.

    Example: andon tokens list --as admin

    Args:
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=KEEPER)) as service:
        answer = service.get("/v1/tokens")
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "Tokens",
        ("token", "name", "person", "role", "may", "state", "ends", "last used"),
        [_row(one) for one in rows_of(answer, "tokens")],
        empty="No tokens were made.",
    )
    return Exit.OK


@app.command
def revoke(token: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Take a token out of force at once, with the sessions begun with it.

    Example: andon tokens revoke tok-0123456789ab --as admin

    Args:
        token: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=KEEPER)) as service:
        revoked = service.post(f"/v1/tokens/{segment(token)}/revoke", {})
    if json:
        screen.as_json(revoked)
    else:
        screen.say(screen.inert(f"{revoked.get('id')} is revoked"))
    return Exit.OK


def _told(made: Mapping[str, Any]) -> str:
    ends = screen.when(made.get("expires_at"))
    return f"{made.get('id')} stands for {made.get('person')} as {made.get('role')} until {ends}"


def _row(one: Mapping[str, Any]) -> tuple[object, ...]:
    scopes = one.get("scopes")
    return (
        one.get("id"),
        one.get("name"),
        one.get("person"),
        one.get("role"),
        "all of the role" if scopes is None else ", ".join(scopes),
        str(one.get("state")).replace("_", " "),
        screen.when(one.get("expires_at")),
        screen.when(one.get("last_used_at")) if one.get("last_used_at") else "never",
    )
