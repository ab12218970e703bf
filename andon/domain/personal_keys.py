"""Keys that belong to one person: SSH keys and passkeys, and what they have signed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.domain.errors import SignatureError
from andon.domain.values import Carried, Frozen, Instant, Sha256Hex


class PersonalKey(Frozen):
    """One key of one person. Only the public half is ever known here."""

    id: Sha256Hex = Field(description="SHA-256 of the public key: the SSH wire form, or the COSE key")
    kind: Literal["ssh", "passkey"]
    public: str = Field(
        max_length=1000, description="`ssh-ed25519 AAAA...` without a comment, or base64 of the COSE key"
    )
    credential: str = Field("", max_length=500, description="base64url id of a passkey's credential")
    rp: str = Field("", max_length=253, description="the relying party a passkey was made for: a host name")
    label: str = Field("", max_length=80)
    since: Instant | None = Field(None, description="from when it counts; None: always")
    revoked_from: Instant | None = Field(None, description="from when it counts no more")

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


def check_signature(content: bytes, signature: PersonalSignature, key: PersonalKey) -> None:
    """Check that `key` has signed `content`.

    Raises:
        SignatureError: it has not.
    """
    raise SignatureError(f"{key.kind} signatures over {len(content)} bytes can't be checked: {signature.key}")
