"""Keys that belong to one person: SSH keys and passkeys, and what they have signed."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.exact import exact_base64, to_base64, to_base64url
from andon.domain.passkeys import check_assertion, check_rp, read_cose_key
from andon.domain.sshsig import check_sshsig, line_of, read_public_line
from andon.domain.values import Carried, Frozen, Instant, Sha256Hex, sha256

LABEL_LENGTH: Final = 80


class PersonalKey(Frozen):
    """One key of one person. Only the public half is ever known here."""

    id: Sha256Hex = Field(description="SHA-256 of the public key: the SSH wire form, or the COSE key")
    kind: Literal["ssh", "passkey"]
    public: str = Field(
        max_length=1000, description="`ssh-ed25519 AAAA...` without a comment, or base64 of the COSE key"
    )
    credential: str = Field("", max_length=500, description="base64url id of a passkey's credential")
    rp: str = Field("", max_length=253, description="the relying party a passkey was made for: a host name")
    label: str = Field("", max_length=LABEL_LENGTH)
    since: Instant | None = Field(None, description="from when it counts; None: always")
    revoked_from: Instant | None = Field(None, description="from when it counts no more")

    @model_validator(mode="after")
    def _refuse_what_can_not_sign(self) -> PersonalKey:
        if self.id != sha256(_public_bytes(self.kind, self.public)):
            raise InvalidInputError(f"key {self.id[:16]} is not the digest of its public half")
        if self.kind == "passkey":
            check_rp(self.rp)
        return self

    def in_force_at(self, at: Instant) -> bool:
        """Whether what it signs counts at a moment."""
        begun = self.since is None or self.since <= at
        return begun and (self.revoked_from is None or at < self.revoked_from)


class PersonalSignature(Carried):
    """What a person's own key signed over the canonical JSON of what they said."""

    key: Sha256Hex
    kind: Literal["ssh", "passkey"]
    signature: str = Field(max_length=4000, description="armoured SSHSIG, or base64 of the raw signature")
    authenticator: str = Field("", max_length=2000, description="base64 of a passkey's authenticator data")
    client: str = Field("", max_length=4000, description="base64 of a passkey's client data JSON")


def ssh_key(line: str, label: str = "", since: Instant | None = None) -> PersonalKey:
    """Return the key in a line of an SSH public key file; without a label its comment is the label.

    Raises:
        InvalidInputError: Andon does not take it, and what to do instead.
    """
    wire = read_public_line(line)
    comment = " ".join(line.split()[2:])
    return PersonalKey(
        id=sha256(wire), kind="ssh", public=line_of(wire), label=_label(label or comment), since=since
    )


def passkey(
    cose: bytes, credential: bytes, rp: str, label: str = "", since: Instant | None = None
) -> PersonalKey:
    """Return the key of a passkey.

    Args:
        cose: its public key, as the authenticator gave it.
        credential: id of its credential.
        rp: the relying party it was made for.
        label: what its person calls it.
        since: from when it counts.

    Raises:
        InvalidInputError: Andon does not take it.
    """
    read_cose_key(cose)
    return PersonalKey(
        id=sha256(cose),
        kind="passkey",
        public=to_base64(cose),
        credential=to_base64url(credential),
        rp=check_rp(rp),
        label=_label(label),
        since=since,
    )


def check_signature(content: bytes, signature: PersonalSignature, key: PersonalKey) -> None:
    """Check that `key` has signed `content`. Whether it was in force then is for the caller to say.

    Raises:
        SignatureError: it has not, and why.
    """
    if (signature.key, signature.kind) != (key.id, key.kind):
        raise SignatureError("it was signed with another key")
    public = _public_bytes(key.kind, key.public)
    if key.kind == "ssh":
        if signature.authenticator or signature.client:
            raise SignatureError("an SSH signature has no authenticator or client data")
        check_sshsig(content, signature.signature, public)
        return
    check_assertion(
        content,
        cose=public,
        rp=key.rp,
        authenticator=exact_base64(signature.authenticator),
        client=exact_base64(signature.client),
        signature=exact_base64(signature.signature),
    )


def _public_bytes(kind: str, public: str) -> bytes:
    """What a key's id is the digest of; the public half of a `PersonalKey` is always readable.

    Raises:
        InvalidInputError: it is no public key of this kind.
    """
    if kind == "ssh":
        wire = read_public_line(public)
        if public != line_of(wire):
            raise InvalidInputError("the public half of an SSH key is kept as `ssh-ed25519 AAAA...`, no more")
        return wire
    try:
        cose = exact_base64(public)
    except SignatureError as error:
        raise InvalidInputError("the public half of a passkey is base64 of its COSE key") from error
    read_cose_key(cose)
    return cose


def _label(text: str) -> str:
    label = "".join(character for character in text if character.isprintable()).strip()
    return label[:LABEL_LENGTH]
