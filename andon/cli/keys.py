"""`andon keys`: the public keys whose signatures count as one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console

LARGEST_BYTES: Final = 4096
SHORTEST_START: Final = 8

app = App(
    name="keys",
    help="Show and change the keys that you sign answers with.",
    help_format="markdown",
)
_Json = Annotated[bool, Parameter(negative="")]
_Of = Annotated[str | None, Parameter(name="--of")]


@app.command(name="list")
def list_keys(*, of: _Of = None, where: Where = HERE, json: _Json = False) -> int:
    """Show your keys, the revoked ones too.

    Example: andon keys list --as legal

    Args:
        of: somebody else, by id; for admins.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=None)) as service:
        answer = service.get(_place(of))
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        f"Keys of {screen.inert(answer.get('person'))}",
        ("key", "kind", "label", "counts"),
        [_row(one) for one in rows_of(answer, "keys")],
        empty="There are no keys. Add one: andon keys add ~/.ssh/id_ed25519.pub",
    )
    return Exit.OK


@app.command
def add(file: Path, /, *, label: str = "", of: _Of = None, where: Where = HERE, json: _Json = False) -> int:
    """Add the public half of an SSH key to yours.

    What the key signs counts from now on. Only ssh-ed25519 keys are accepted; passkeys are added in the
    browser, on the console's page of your keys.

    Example: andon keys add ~/.ssh/id_ed25519.pub --as legal

    Args:
        file: the public half, in the file that ends in .pub.
        label: what you call it; the comment in the file if left out.
        of: somebody else, by id; for admins.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    line = _public_line(file.expanduser())
    with console(find(where, role=None)) as service:
        key = service.post(_place(of), {"public_key": line, "label": label})
    if json:
        screen.as_json(key)
    else:
        screen.say(f"{_name(key)} counts from now on")
    return Exit.OK


@app.command
def revoke(key: str, /, *, of: _Of = None, where: Where = HERE, json: _Json = False) -> int:
    """Revoke one of your keys, as when it may be in other hands.

    What it signs counts no more from now on, and it can't come back. What it signed before stays.

    Example: andon keys revoke SHA256:Jb0Fm4kF6mM... --as legal

    Args:
        key: its fingerprint or id as `andon keys list` shows it, or the beginning of its id.
        of: somebody else, by id; for admins.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=None)) as service:
        revoked = service.delete(f"{_place(of)}/{_found(service, _place(of), key)}")
    if json:
        screen.as_json(revoked)
    else:
        screen.say(f"{_name(revoked)} counts no more")
    return Exit.OK


def _place(of: str | None) -> str:
    return f"/v1/people/{quote(of, safe='')}/keys" if of else "/v1/me/keys"


def _public_line(path: Path) -> str:
    """Return the line in a public key file, refusing before it is sent what must never be."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}", Exit.BAD_INPUT) from error
    if b"PRIVATE KEY" in content:
        raise CommandError(
            f"{path} is a private key and stays where it is; name its public half, {path}.pub", Exit.BAD_INPUT
        )
    try:
        line = content.decode().strip()
    except UnicodeDecodeError:
        line = ""
    if not line or len(content) > LARGEST_BYTES:
        raise CommandError(f"{path} is no SSH public key", Exit.BAD_INPUT)
    return line


def _found(service: Service, place: str, wanted: str) -> str:
    """Return the id of the one key that is meant."""
    known = [one for one in rows_of(service.get(place), "keys") if isinstance(one.get("id"), str)]
    exact = [one for one in known if wanted in (one["id"], one.get("fingerprint"))]
    begun = [one for one in known if len(wanted) >= SHORTEST_START and one["id"].startswith(wanted)]
    found = exact or begun
    if not found:
        raise CommandError(f"there is no key {wanted}; `andon keys list` shows them", Exit.BAD_INPUT)
    if len(found) > 1:
        raise CommandError(f"{wanted} may be one of {len(found)} keys; give more of it", Exit.BAD_INPUT)
    return str(found[0]["id"])


def _row(key: Mapping[str, Any]) -> tuple[object, ...]:
    return (key.get("fingerprint") or key.get("id"), key.get("kind"), key.get("label"), _counts(key))


def _counts(key: Mapping[str, Any]) -> str:
    since = screen.when(key["since"]) if key.get("since") else "the beginning"
    if key.get("revoked_from"):
        return f"from {since} until {screen.when(key['revoked_from'])}, revoked"
    return f"from {since}"


def _name(key: Mapping[str, Any]) -> str:
    label = f" ({screen.inert(key['label'])})" if key.get("label") else ""
    return f"{screen.inert(key.get('fingerprint') or key.get('id'))}{label}"
