"""What a page asks a browser to do with passkeys, and what the browser sends back."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.sessions import Session
from andon.domain.directory import Person
from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.exact import exact_base64, to_base64, to_base64url
from andon.domain.passkeys import challenge_of, check_rp, read_registration
from andon.domain.personal_keys import PersonalKey, PersonalSignature, passkey
from andon.domain.values import Instant, Sha256Hex

MAKING: Final = timedelta(minutes=10)
"""How long somebody may take to make a passkey once the page is shown."""

_NONCE_BYTES: Final = 16
_TIME_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a form tells `passkeys.js`; bytes are in base64."""

    rp: str
    challenge: str
    known: str
    person: str = ""
    user: str = ""


def rp_of(url: str) -> str | None:
    """Return the relying party of a console reached at `url`; None where passkeys can't be had.

    Browsers make passkeys for host names only, never for addresses (WebAuthn Level 3, section 5.1.3).
    """
    host = urlsplit(url).hostname or ""
    try:
        return check_rp(host)
    except InvalidInputError:
        return None


def passkeys_of(person: Person, rp: str, at: Instant) -> tuple[PersonalKey, ...]:
    """Return the passkeys of a person that count at a moment and were made for `rp`."""
    return tuple(one for one in person.keys if one.kind == "passkey" and one.rp == rp and one.in_force_at(at))


def making(person: Person, rp: str, session: Session, key: bytes, now: datetime) -> Ceremony:
    """Ask for a new passkey; the challenge is good for this session and some minutes."""
    fresh = os.urandom(_NONCE_BYTES) + int((now + MAKING).timestamp()).to_bytes(_TIME_BYTES, "big")
    return Ceremony(
        rp=rp,
        challenge=to_base64(fresh + _bound(fresh, session, key)),
        known=_credentials([one for one in person.keys if one.kind == "passkey" and one.rp == rp]),
        person=person.id,
        user=to_base64(hmac.digest(key, b"passkey user\0" + person.id.encode(), "sha256")),
    )


def made(
    form: dict[str, str], rp: str, session: Session, key: bytes, now: datetime, label: str
) -> PersonalKey:
    """Return the passkey that a form brings.

    Raises:
        ProblemError: it is not what was asked for, or came too late.
        InvalidInputError: it is a kind of key that is not accepted.
    """
    try:
        challenge = _checked_challenge(form, session, key, now)
        cose, credential = read_registration(
            challenge=challenge,
            rp=rp,
            authenticator=exact_base64(form.get("authenticator", "")),
            client=exact_base64(form.get("client", "")),
        )
    except SignatureError as error:
        detail = f"The passkey was not added: {error}. Open the page again and try once more."
        raise ProblemError(400, "passkey", detail) from error
    return passkey(cose, credential, rp, label)


def signing(content: bytes, keys: tuple[PersonalKey, ...], rp: str) -> Ceremony:
    """Ask for a signature over `content` with one of `keys`."""
    return Ceremony(
        rp=rp,
        challenge=to_base64(challenge_of(content)),
        known=_credentials(keys),
    )


def signed(form: dict[str, str], keys: tuple[PersonalKey, ...]) -> PersonalSignature:
    """Return the signature that a form brings; whether it holds is for others to say.

    Raises:
        ProblemError: it is not with one of `keys`.
    """
    try:
        credential = to_base64url(exact_base64(form.get("credential", "")))
    except SignatureError as error:
        raise ProblemError(400, "passkey", "The browser sent no signature. Try again.") from error
    found: Sha256Hex | None = next((one.id for one in keys if one.credential == credential), None)
    if found is None:
        raise ProblemError(400, "passkey", "That passkey is not one of yours. Try another one.")
    parts = {name: form.get(name, "") for name in ("signature", "authenticator", "client")}
    try:
        return PersonalSignature(key=found, kind="passkey", **parts)
    except ValidationError as error:
        raise ProblemError(400, "passkey", "The browser sent no signature that can be kept.") from error


def _checked_challenge(form: dict[str, str], session: Session, key: bytes, now: datetime) -> bytes:
    challenge = exact_base64(form.get("challenge", ""))
    fresh, bound = challenge[: _NONCE_BYTES + _TIME_BYTES], challenge[_NONCE_BYTES + _TIME_BYTES :]
    if not hmac.compare_digest(bound, _bound(fresh, session, key)):
        raise SignatureError("it was asked for in another session")
    if int.from_bytes(fresh[_NONCE_BYTES:], "big") < now.timestamp():
        raise SignatureError("it took too long")
    return challenge


def _bound(fresh: bytes, session: Session, key: bytes) -> bytes:
    return hmac.digest(key, b"passkey challenge\0" + session.id.encode() + b"\0" + fresh, "sha256")


def _credentials(keys: tuple[PersonalKey, ...] | list[PersonalKey]) -> str:
    return " ".join(to_base64(_from_url(one.credential)) for one in keys)


def _from_url(text: str) -> bytes:
    padded = text.replace("-", "+").replace("_", "/")
    return exact_base64(padded + "=" * (-len(padded) % 4))
