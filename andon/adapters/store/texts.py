"""People's words: sealed by the vault, kept in the register, known to Temporal by id and digest."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from andon.adapters.clock import utc_now
from andon.adapters.store.vault import AesVault
from andon.domain.errors import ErasedError, SignatureError
from andon.domain.values import IncidentId, Sha256Hex, sha256
from andon.ports import SealedText
from andon.register.texts import StoredText, Texts

ERASED: Final = "[erased by policy]"
"""What stands where somebody's words were."""


class SealedTexts:
    """Seals and opens texts."""

    def __init__(self, vault: AesVault, texts: Texts, now: Callable[[], datetime] = utc_now) -> None:
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

    def seal_now(self, incident: IncidentId, texts: Mapping[str, str]) -> dict[str, SealedText]:
        """Encrypt and keep texts by kind, in the calling thread and within its transaction."""
        at = self._now()
        names = {kind: f"TXT-{secrets.token_urlsafe(12)}" for kind in texts}
        contents = {f"text/{kind}/{names[kind]}": text.encode() for kind, text in texts.items()}
        sealed: dict[str, SealedText] = {}
        for kind, stored in zip(texts, self._vault.encrypt_each_now(incident, contents), strict=True):
            digest = sha256(stored)
            self._texts.put(
                StoredText(id=names[kind], incident=incident, kind=kind, stored=stored, digest=digest, at=at)
            )
            sealed[kind] = SealedText(id=names[kind], digest=digest)
        return sealed

    async def open(self, sealed: SealedText) -> str:
        """Return a text in clear, or `ERASED` where its key was destroyed.

        Raises:
            NotFoundError: there is no such text.
            SignatureError: its bytes are not those that were sealed.
        """
        kept = await asyncio.to_thread(self._texts.get, sealed.id)
        if sha256(kept.stored) != sealed.digest:
            raise SignatureError(f"text {sealed.id} is not the one that was sealed")
        bound_to = f"text/{kept.kind}/{kept.id}"
        try:
            return (await self._vault.decrypt(kept.incident, kept.stored, bound_to=bound_to)).decode()
        except ErasedError:
            return ERASED

    async def open_each(self, sealed: Collection[SealedText]) -> dict[str, str]:
        """Return texts of many incidents in clear, by id, at one go; what can't be opened is left out."""
        return await asyncio.to_thread(self._open_each, {one.id: one.digest for one in sealed})

    def _open_each(self, digests: Mapping[str, Sha256Hex]) -> dict[str, str]:
        kept = [one for one in self._texts.each(digests) if sha256(one.stored) == digests[one.id]]
        found = self._vault.decrypt_each_now(
            [(one.incident, one.stored, f"text/{one.kind}/{one.id}") for one in kept]
        )
        return {
            one.id: ERASED if isinstance(content, ErasedError) else content.decode()
            for one, content in zip(kept, found, strict=True)
            if not isinstance(content, SignatureError)
        }
