"""Sessions of people who signed in to the pages.

The browser holds a random id and nothing else; the register holds its SHA-256 and whose it is. So every
console knows each session, signing out ends it everywhere, and a suspension holds at the next request.
The id changes when somebody signs in and when they prove again who they are, so that one planted in a
browser beforehand is worth nothing (OWASP ASVS 5.0, 7.2.4).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.exc import OperationalError

from andon.api.authentication import Caller, TokenBook
from andon.api.token_form import MAX_TOKEN, hash_of
from andon.config import SignInSettings
from andon.console.live_visit import visit
from andon.domain.directory import Role
from andon.domain.values import PersonId, Sha256Hex
from andon.register.sessions import How, SessionRow, SessionRows

logger = logging.getLogger(__name__)

COOKIE: Final = "andon_session"
HOST_COOKIE: Final = "__Host-andon_session"
"""Over HTTPS: a browser takes it from this very host only, and never without TLS (RFC 6265bis, 4.1.3.2)."""
SEEN_EVERY: Final = timedelta(minutes=1)
MAX_COOKIE: Final = 128
BOUND_TO: Final = b"andon/console/session"


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in."""

    caller: Caller
    role: Role
    csrf: str
    id: Sha256Hex
    how: How
    ends_at: datetime
    proven_at: datetime


def session_key(master: Path) -> bytes:
    """Derive the key of forms and slips from the master key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=BOUND_TO).derive(master.read_bytes())


def cookie_name(url: str) -> str:
    """Return the name of the session cookie of a console that is reached at `url`."""
    return HOST_COOKIE if url.startswith("https://") else COOKIE


class Sessions:
    """Begins, reads, renews and ends sessions."""

    def __init__(
        self,
        key: bytes,
        rows: SessionRows,
        tokens: TokenBook,
        limits: SignInSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._key = key
        self._rows = rows
        self._tokens = tokens
        self._limits = limits
        self._now = now

    async def whose(self, token: str) -> Caller | None:
        """Return the person a token signs in; None if it is not in force, limited, or a program's."""
        found = await self._tokens.identify(token) if 0 < len(token) <= MAX_TOKEN else None
        # Detectors are programs: nothing on these pages is for them. A limited token would gain rights here.
        if found is None or found.role in (None, Role.DETECTOR) or found.scopes is not None:
            return None
        return found

    async def begin(self, caller: Caller, how: How, *, instead_of: str = "") -> str:
        """Return the cookie of a new session; the one a browser came with ends."""
        assert caller.role is not None  # noqa: S101 - `whose` and the directory give people only
        cookie, now = secrets.token_urlsafe(32), self._now()
        row = SessionRow(
            person=caller.person,
            role=caller.role,
            how=how,
            token=caller.token or None,
            created_at=now,
            seen_at=now,
            ends_at=now + self._limits.longest,
            proven_at=now,
        )
        before = hash_of(instead_of) if instead_of else None
        await asyncio.to_thread(self._rows.begin, hash_of(cookie), row, instead_of=before)
        logger.info("signed in", extra={"person": caller.person, "role": caller.role.value, "how": how.value})
        return cookie

    async def read(self, cookie: str) -> Session | None:
        """Return the session behind a cookie; None if it has ended, or its token is out of force."""
        if not 0 < len(cookie) <= MAX_COOKIE:
            return None
        digest = hash_of(cookie)
        row = await self._row(digest)
        caller = await self._caller(row) if row is not None else None
        if row is None or caller is None:
            return None
        now = self._now()
        # A page that fetches itself again says nothing of whether anybody is there.
        if now - row.seen_at >= SEEN_EVERY and not visit().by_itself:
            await self._note_use(digest, now)
        return Session(caller, row.role, self._csrf(digest), digest, row.how, row.ends_at, row.proven_at)

    async def still(self, session: Sha256Hex) -> Caller | None:
        """Return whose session this is, which does not count as using it; None if it has ended.

        Args:
            session: its `id`.
        """
        row = await self._row(session)
        return await self._caller(row) if row is not None else None

    async def ended_of(self, cookie: str, csrf: str) -> PersonId | None:
        """Return whose session a form was made in, though it may have ended; None if it was in none."""
        if not 0 < len(cookie) <= MAX_COOKIE:
            return None
        digest = hash_of(cookie)
        if not hmac.compare_digest(csrf.encode(), self._csrf(digest).encode()):
            return None
        row = await asyncio.to_thread(self._rows.get, digest)
        return row.person if row else None

    async def prove(self, session: Sha256Hex, how: How) -> str | None:
        """Return the new cookie of a session whose person just proved to be there; None if it has ended.

        Args:
            session: its `id`.
            how: by what they proved it.
        """
        cookie = secrets.token_urlsafe(32)
        if not await asyncio.to_thread(self._rows.prove, session, hash_of(cookie), self._now()):
            return None
        logger.info("proved who they are", extra={"session": session[:12], "how": how.value})
        return cookie

    def recent(self, session: Session) -> bool:
        """Whether the last proof of presence is fresh enough for what is sensitive."""
        return self._now() - session.proven_at < self._limits.recent

    async def end(self, session: Session) -> None:
        """Sign out: no console takes the cookie any more, wherever a copy of it is."""
        await asyncio.to_thread(self._rows.end, session.id)
        logger.info("signed out", extra={"person": session.caller.person})

    async def _row(self, digest: Sha256Hex) -> SessionRow | None:
        """Return a session that has not ended."""
        row = await asyncio.to_thread(self._rows.get, digest)
        over = row is None or self._now() >= min(row.ends_at, row.seen_at + self._limits.idle)
        return None if over else row

    async def _caller(self, row: SessionRow) -> Caller | None:
        if row.token is None:
            return Caller(row.person, row.role, bar=await self._tokens.bar(row.person, row.role))
        found = await self._tokens.in_force(row.token)
        same = found is not None and (found.person, found.role) == (row.person, row.role)
        return found if same else None

    async def _note_use(self, digest: Sha256Hex, now: datetime) -> None:
        try:
            await asyncio.to_thread(self._rows.note_use, digest, now)
        except OperationalError:  # a busy register: the session counts as unused a little longer
            logger.warning("the use of a session could not be noted", exc_info=True)

    def _csrf(self, digest: Sha256Hex) -> str:
        return hmac.new(self._key, b"csrf\0" + digest.encode(), "sha256").hexdigest()
