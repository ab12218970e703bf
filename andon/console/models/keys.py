"""Keys of people as they are shown, and as they are sent."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from andon.domain.directory import Person
from andon.domain.enrolment import Claim
from andon.domain.personal_keys import LABEL_LENGTH, PersonalKey
from andon.domain.sshsig import KEY_NAMESPACE, fingerprint
from andon.domain.values import Frozen, Instant, PersonId, Sha256Hex


class NewKey(Frozen):
    """The public half of an SSH key. Passkeys are made in the browser, on the page of one's keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    public_key: str = Field(
        min_length=1, max_length=1000, description="the line in the file that ends in .pub"
    )
    label: str = Field(
        "", max_length=LABEL_LENGTH, description="what you call it; the line's comment if left out"
    )


class ProvenKey(NewKey):
    """An SSH key with the proof that whoever adds it has its private half."""

    nonce: str = Field(min_length=1, max_length=128, description="that of the claim")
    signature: str = Field(
        min_length=1,
        max_length=4000,
        description="armoured SSHSIG over the claim's text, as ssh-keygen makes",
    )


class ClaimShown(Frozen):
    """What to sign with a key before it is added."""

    claim: Claim
    text: str = Field(description="the claim as RFC 8785 JSON: these bytes are signed, without a line end")
    namespace: str = Field(KEY_NAMESPACE, description="for `ssh-keygen -Y sign -n`")


class KeyShown(Frozen):
    """One key of one person; a revoked key stays listed, since what it signed before still counts."""

    id: Sha256Hex
    kind: Literal["ssh", "passkey"]
    label: str
    public: str
    fingerprint: str = Field(description="of an SSH key, as `ssh-keygen -l` prints it")
    rp: str = Field(description="of a passkey, the host it was made for")
    since: Instant | None
    revoked_from: Instant | None
    in_force: bool


class KeyList(Frozen):
    """All keys of one person."""

    person: PersonId
    keys: tuple[KeyShown, ...]


def key_shown(key: PersonalKey, at: datetime) -> KeyShown:
    """Return a key as it is shown at a moment."""
    return KeyShown(
        id=key.id,
        kind=key.kind,
        label=key.label,
        public=key.public,
        fingerprint=fingerprint(key.id) if key.kind == "ssh" else "",
        rp=key.rp,
        since=key.since,
        revoked_from=key.revoked_from,
        in_force=key.in_force_at(at),
    )


def keys_shown(person: Person, at: datetime) -> KeyList:
    """Return a person's keys, those in force first."""
    shown = [key_shown(key, at) for key in person.keys]
    return KeyList(person=person.id, keys=tuple(sorted(shown, key=lambda one: not one.in_force)))
