"""`andon keys`: the public keys whose signatures count as one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from pydantic import ValidationError

from andon.cli import screen
from andon.cli.incidents import rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console
from andon.cli.signing_key import Signer, open_signer
from andon.cli.words import segment
from andon.domain.enrolment import Claim

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
        empty="There are no keys. Add one: andon keys add ~/.ssh/id_ed25519",
    )
    return Exit.OK


@app.command
def add(key: Path, *, label: str = "", where: Where = HERE, json: _Json = False) -> int:
    """Add an SSH key to yours, signing with it once to prove that it is.

    What it signs counts from now on. The private half stays where it is. Only Ed25519 keys are accepted,
    also on a security key; passkeys are added in the browser, on the console's page of your keys.

    Example: andon keys add ~/.ssh/id_ed25519 --as legal

    Args:
        key: the file of the private half, or of the public half (.pub) where ssh-agent holds the other;
            `agent` for the one Ed25519 key that ssh-agent holds.
        label: what you call it; the comment of the public half if left out.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    signer = open_signer(key.expanduser())
    with console(find(where, role=None)) as service:
        added = _proven(service, signer, label)
    if json:
        screen.as_json(added)
    else:
        screen.say(f"{_name(added)} counts from now on")
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
    return f"/v1/people/{segment(of)}/keys" if of else "/v1/me/keys"


def _proven(service: Service, signer: Signer, label: str) -> Any:
    """Add a key, signing the claim that the console makes once it says what it should."""
    new = {"public_key": signer.public.public, "label": label or signer.public.label}
    claim = _claim(service.post("/v1/me/keys/claims", new))
    expected = (service.get("/v1/me").get("person"), signer.public.id)
    if (claim.person, claim.key) != expected:
        raise CommandError(
            f"nothing was signed: the console asks to prove a key of {screen.inert(claim.person)}",
            Exit.NEGATIVE,
        )
    screen.warn(f"You sign that this key is yours, {claim.person}, for {screen.inert(claim.console)}")
    return service.post("/v1/me/keys", {**new, "nonce": claim.nonce, "signature": signer.prove(claim)})


def _claim(answer: Any) -> Claim:
    try:
        return Claim.model_validate(answer["claim"])
    except (KeyError, TypeError, ValidationError) as error:
        raise CommandError(
            "nothing was signed: the console's claim is in a form that this program does not know",
            Exit.NEGATIVE,
        ) from error


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
