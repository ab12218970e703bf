"""Making redacted views: of an item when it is first asked for, of anything else at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.adapters.redaction.content import Masked, Masker, NotTextError
from andon.adapters.redaction.patterns import ALL_PASSES
from andon.adapters.store.packs import open_item
from andon.domain.errors import SignatureError
from andon.domain.evidence import EvidenceItem
from andon.domain.redaction import ENGINE, RULES, View, Withheld, visible
from andon.domain.values import IncidentId, Instant, Sha256Hex, canonical, sha256
from andon.ports import EvidenceStore, Vault
from andon.register.views import KeptView, Views

MOST_BYTES: Final = 32 * 1024 * 1024
"""Larger originals have no view: nobody could read it, and making it would hold up everybody else."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A view, and the digest under which the access chain names it."""

    view: View
    digest: Sha256Hex


class Viewer:
    """Makes each view once and keeps it under the key of its item."""

    def __init__(self, store: EvidenceStore, vault: Vault, views: Views, now: Callable[[], datetime]) -> None:
        self._store = store
        self._vault = vault
        self._views = views
        self._now = now

    async def view(self, incident: IncidentId, item: EvidenceItem) -> Shown:
        """Return the redacted view of an item.

        Raises:
            NotFoundError: the stored object is gone.
            EvidenceStoreError: the store has other bytes than were sealed.
            SignatureError: the bytes do not open, or a kept view was changed.
        """
        kept = await asyncio.to_thread(self._views.get, incident, item.id, ENGINE)
        if kept is None:
            large = item.size_bytes > MOST_BYTES
            content = b"" if large else await open_item(self._store, self._vault, incident, item)
            made = await asyncio.to_thread(view_of, item, content, self._now())
            written = canonical(made)
            sealed = await self._vault.encrypt(incident, written, bound_to=item.id)
            kept = KeptView(sha256(written), sealed)
            await asyncio.to_thread(self._views.put_if_absent, incident, item.id, ENGINE, kept, made.made_at)
            # Whoever came first has the view that is kept; both say the same but for the time.
            kept = await asyncio.to_thread(self._views.get, incident, item.id, ENGINE) or kept
        return await self._opened(incident, item, kept)

    async def _opened(self, incident: IncidentId, item: EvidenceItem, kept: KeptView) -> Shown:
        written = await self._vault.decrypt(incident, kept.sealed, bound_to=item.id)
        # Originals lie under the same key: one that was put here in a view's place must not be shown.
        if sha256(written) != kept.digest:
            raise SignatureError(f"the view of {item.id} is not the one that was made")
        view = View.model_validate_json(written)
        if view.redaction_of != item.id or view.original != item.sha256:
            raise SignatureError(f"the view of {item.id} is of another item")
        return Shown(view, kept.digest)


def view_of(item: EvidenceItem, content: bytes, at: Instant) -> View:
    """Return the redacted view of an item's content."""
    withheld: Withheld | None = Withheld.TOO_LARGE if item.size_bytes > MOST_BYTES else None
    masked = Masked(b"")
    if withheld is None:
        try:
            masked = redacted(content, item.content_type)
        except NotTextError:
            withheld = Withheld.BINARY
    return View(
        redaction_of=item.id,
        original=item.sha256,
        made_at=at,
        content_type=item.content_type,
        text=None if withheld else readable(masked.content),
        withheld=withheld,
        found=dict(sorted(masked.found.items())),
    )


def redacted(content: bytes, content_type: str) -> Masked:
    """Return content with every recognised passage replaced by its rule; alike passages get one number.

    Raises:
        NotTextError: it is neither JSON nor text.
    """
    numbers: dict[tuple[str, str], int] = {}
    of_rule: dict[str, int] = {}

    def mask(rule: str, passage: str) -> str:
        if (rule, passage) not in numbers:
            of_rule[rule] = numbers[rule, passage] = of_rule.get(rule, 0) + 1
        return f"[{rule}:{numbers[rule, passage]}]"

    return Masker(ALL_PASSES, frozenset(RULES), mask).masked(content, content_type)


def readable(content: bytes) -> str:
    """Return content as lines that can be read, in which nothing hides."""
    text = content.decode("utf-8-sig", "replace")
    if text[:1] in ("{", "["):
        try:
            text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        except (ValueError, RecursionError):
            return visible(text)
    return visible(text)
