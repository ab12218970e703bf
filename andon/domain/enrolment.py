"""Enrolling an SSH key: its owner signs, with the key itself, that it is theirs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.domain.errors import SignatureError
from andon.domain.personal_keys import PersonalKey
from andon.domain.sshsig import KEY_NAMESPACE, check_sshsig, read_public_line
from andon.domain.values import Carried, Instant, PersonId, Sha256Hex, canonical


class Claim(Carried):
    """What the owner of a new key signs with it; good for one key of one person, once, for minutes."""

    statement: Literal["andon.key/1"] = "andon.key/1"
    console: str = Field(max_length=500, description="address of the console that asked")
    person: PersonId
    key: Sha256Hex = Field(description="SHA-256 of the key's wire form")
    nonce: str = Field(min_length=16, max_length=64)
    expires_at: Instant

    def text(self) -> str:
        """Return what is signed: RFC 8785 JSON on one line, without a line end."""
        return canonical(self).decode()


def check_possession(claim: Claim, key: PersonalKey, signature: str) -> None:
    """Check that whoever has the private half of `key` has signed `claim`.

    Raises:
        SignatureError: they have not, and why.
    """
    if key.kind != "ssh" or claim.key != key.id:
        raise SignatureError("it was signed for another key")
    wire = read_public_line(key.public)
    check_sshsig(claim.text().encode(), signature, wire, KEY_NAMESPACE)
