"""Who calls: bearer tokens, known by their SHA-256, each bound to one person and role."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from andon.api.problems import ProblemError
from andon.config import Settings
from andon.domain.directory import Role
from andon.domain.values import Frozen, PersonId

logger = logging.getLogger(__name__)

HASHES_FILE = "token_hashes.json"
PROBE = "containment-probe"
MAX_TOKEN = 512


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request; `role` is None for Andon's own probe, which may only read flags."""

    person: PersonId
    role: Role | None


class _Entry(Frozen):
    person: PersonId
    role: Role


_ENTRIES = TypeAdapter(dict[str, _Entry])


class TokenBook:
    """The tokens in force; the file is read again when it changes.

    Without a readable file nobody is let in.
    """

    def __init__(self, path: Path, fixed: Mapping[str, Caller] | None = None) -> None:
        self._path = path
        self._fixed = {_hash(token): caller for token, caller in (fixed or {}).items() if token}
        self._seen: tuple[int, int, int] | None = None
        self._callers: dict[str, Caller] = dict(self._fixed)

    def find(self, token: str) -> Caller | None:
        """Return whom `token` belongs to; takes the same time whichever entry matches, or none."""
        self._refresh()
        digest = _hash(token)
        found: Caller | None = None
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, digest):
                found = caller
        return found

    def _refresh(self) -> None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            seen = None
        else:
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if seen == self._seen:
            return
        self._seen = seen
        self._callers = {**self._fixed, **(self._read() if seen else {})}

    def _read(self) -> dict[str, Caller]:
        try:
            entries = _ENTRIES.validate_python(json.loads(self._path.read_bytes()))
        except (OSError, ValueError, ValidationError):
            logger.critical("%s can't be read: nobody is let in until it can", self._path.name)
            return {}
        return {digest: Caller(entry.person, entry.role) for digest, entry in entries.items()}


def token_book(settings: Settings) -> TokenBook:
    """Return the tokens of this installation, the containment probe's included."""
    probe = settings.probe_token.get_secret_value()
    fixed = {probe: Caller(PROBE, None)} if probe else {}
    return TokenBook(settings.data_dir / HASHES_FILE, fixed)


def caller(request: Request) -> Caller:
    """Return who calls, from the `Authorization` header.

    Raises:
        ProblemError: 401, no token or an unknown one.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    book: TokenBook = request.app.state.tokens
    known = None
    if scheme.lower() == "bearer" and 0 < len(token) <= MAX_TOKEN:
        known = book.find(token.strip())
    if known is None:
        challenge = {"WWW-Authenticate": 'Bearer realm="andon"'}
        raise ProblemError(
            401,
            "unauthenticated",
            "Send a token that is in force as 'Authorization: Bearer TOKEN'.",
            headers=challenge,
        )
    request.state.person = known.person
    return known


Dependency = Callable[[Request], Coroutine[Any, Any, Caller]]


def anyone() -> Dependency:
    """Return a dependency that lets any known caller in, the probe included."""

    async def check(request: Request) -> Caller:
        return caller(request)

    return check


def only(roles: Collection[Role]) -> Dependency:
    """Return a dependency that lets callers with one of `roles` in, and nobody else."""
    allowed = frozenset(roles)
    names = ", ".join(role.value for role in Role if role in allowed)

    async def check(request: Request) -> Caller:
        found = caller(request)
        if found.role not in allowed:
            held = found.role or "no role"
            raise ProblemError(
                403, "forbidden", f"You act as {held}. This needs one of these roles: {names}."
            )
        return found

    return check


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
