"""Redacted views as they were made; each is made once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, select

from andon.domain.values import Sha256Hex, sha256
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.view_tables import evidence_views


@dataclass(frozen=True, slots=True)
class KeptView:
    """A view under its item's key, and the digest of what is under it."""

    digest: Sha256Hex
    sealed: bytes


class Views:
    """Keeps views by incident, item and engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, incident: str, item: str, engine: str) -> KeptView | None:
        """Return the view of an item that an engine made."""
        wanted = select(evidence_views.c.digest, evidence_views.c.sealed).where(
            evidence_views.c.incident == incident,
            evidence_views.c.name == sha256(item.encode()),
            evidence_views.c.engine == engine,
        )
        with reading(self._engine) as connection:
            found = connection.execute(wanted).first()
        return KeptView(found.digest, found.sealed) if found is not None else None

    def put_if_absent(self, incident: str, item: str, engine: str, view: KeptView, at: datetime) -> None:
        """Keep a view; the first one stays."""
        row = {
            "incident": incident,
            "name": sha256(item.encode()),
            "engine": engine,
            "digest": view.digest,
            "sealed": view.sealed,
            "made_at": at,
        }
        with writing(self._engine) as connection:
            insert_if_absent(connection, evidence_views, row, on=("incident", "name", "engine"))

    def forget(self, incident: str, item: str) -> None:
        """Remove all views of an item whose content is erased."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(evidence_views).where(
                    evidence_views.c.incident == incident, evidence_views.c.name == sha256(item.encode())
                )
            )
