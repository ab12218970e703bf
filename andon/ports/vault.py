"""The ports of encryption: keys of incidents, and the sealed words of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import Field

from andon.domain.values import Carried, IncidentId, Sha256Hex


class SealedText(Carried):
    """A person's words, encrypted and kept outside Temporal."""

    id: str
    digest: Sha256Hex = Field(description="SHA-256 of the stored bytes")


class Vault(Protocol):
    """Encryption with one key per incident (AES-256-GCM), wrapped by the master key."""

    async def encrypt(self, incident: IncidentId, content: bytes, *, bound_to: str) -> bytes:
        """Encrypt `content`; it can only be opened with the same `bound_to`.

        The same content under the same `bound_to` gives the same bytes, so a repeated capture
        stores nothing twice.
        """

    async def encrypt_each(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[bytes]:
        """Encrypt many contents, by what each is bound to, as `encrypt` does with one."""

    async def commit(self, incident: IncidentId, content: bytes, *, bound_to: str) -> Sha256Hex:
        """Return a keyed digest of `content` in the clear, so that it can be shown to be what was stored.

        A bare digest of a short text, such as a telephone number, would give it away to guessing.
        """

    async def commit_each(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[Sha256Hex]:
        """Commit to many contents, by what each is bound to, as `commit` does to one."""

    async def decrypt(self, incident: IncidentId, stored: bytes, *, bound_to: str) -> bytes:
        """Open what `encrypt` gave.

        Raises:
            SignatureError: the bytes were altered, or belong elsewhere.
        """
