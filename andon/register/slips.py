"""Slips: short-lived, sealed, and given out once. One-time links, sign-ins under way, forms held back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine, delete, select

from andon.domain.values import Sha256Hex
from andon.register.access_tables import slips
from andon.register.engine import reading, writing


class Slip(StrEnum):
    """What a slip is for."""

    LINK = "link"
    FLOW = "flow"
    CHOICE = "choice"
    HELD = "held"
    KEY = "key"
    ORIGINAL = "original"
    VIEW = "view"


class Slips:
    """Slips by the SHA-256 of the secret that gets them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, digest: Sha256Hex, kind: Slip, sealed: bytes, now: datetime, expires_at: datetime) -> None:
        """Keep a slip, and throw away those whose time is over."""
        row = {"hash": digest, "kind": kind.value, "sealed": sealed, "expires_at": expires_at}
        with writing(self._engine) as connection:
            connection.execute(delete(slips).where(slips.c.expires_at <= now))
            connection.execute(slips.insert().values(**row))

    def look(self, digest: Sha256Hex, kind: Slip, now: datetime) -> bytes | None:
        """Return what is on a slip and leave it there; None if there is none in time."""
        wanted = select(slips.c.sealed).where(
            slips.c.hash == digest, slips.c.kind == kind.value, slips.c.expires_at > now
        )
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar()

    def take(self, digest: Sha256Hex, kind: Slip, now: datetime) -> bytes | None:
        """Return what is on a slip to one caller only, whoever else asks at the same moment."""
        with writing(self._engine) as connection:
            wanted = (
                delete(slips)
                .where(slips.c.hash == digest, slips.c.kind == kind.value, slips.c.expires_at > now)
                .returning(slips.c.sealed)
            )
            return connection.execute(wanted).scalar()
