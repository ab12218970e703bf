"""People's words: sealed by the vault, kept in the register, known to Temporal by id and digest."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime

from andon.adapters.clock import utc_now
from andon.domain.errors import SignatureError
from andon.domain.values import IncidentId, sha256
from andon.ports import SealedText, Vault
from andon.register.texts import StoredText, Texts


class SealedTexts:
    """Seals and opens texts."""

    def __init__(self, vault: Vault, texts: Texts, now: Callable[[], datetime] = utc_now) -> None:
        self._vault = vault
        self._texts = texts
        self._now = now

    async def seal(self, incident: IncidentId, kind: str, text: str) -> SealedText:
        """Encrypt and keep a text; `kind` says what it is, such as `title` or `reason`."""
        name = f"TXT-{secrets.token_urlsafe(12)}"
        stored = await self._vault.encrypt(incident, text.encode(), bound_to=f"text/{kind}/{name}")
        kept = StoredText(
            id=name, incident=incident, kind=kind, stored=stored, digest=sha256(stored), at=self._now()
        )
        await asyncio.to_thread(self._texts.put, kept)
        return SealedText(id=name, digest=kept.digest)

    async def open(self, sealed: SealedText) -> str:
        """Return a text in clear.

        Raises:
            NotFoundError: there is no such text.
            SignatureError: its bytes are not those that were sealed.
        """
        kept = await asyncio.to_thread(self._texts.get, sealed.id)
        if sha256(kept.stored) != sealed.digest:
            raise SignatureError(f"text {sealed.id} is not the one that was sealed")
        bound_to = f"text/{kept.kind}/{kept.id}"
        return (await self._vault.decrypt(kept.incident, kept.stored, bound_to=bound_to)).decode()
