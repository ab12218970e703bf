"""Who calls: bearer tokens, known by their SHA-256, each bound to one person and role."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from andon.api.problems import ProblemError
from andon.api.token_form import MAX_TOKEN, hash_of, well_formed
from andon.api.vouching import Vouching
from andon.config import Settings
from andon.domain.access import EXPLAINED, Bar, Scope
from andon.domain.directory import Role
from andon.domain.values import Frozen, PersonId, Sha256Hex
from andon.register.access_tokens import USED_EVERY, AccessTokens
from andon.register.standings import Standings

logger = logging.getLogger(__name__)

HASHES_FILE: Final = "token_hashes.json"
PROBE: Final = "containment-probe"
THREADS: Final = 4
SAFE: Final = ("GET", "HEAD")
REMEMBERED_FOR: Final = timedelta(minutes=15)
"""How long a token is good by the register's last word, while the register can't be asked."""
MOST_REMEMBERED: Final = 1_000
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request; `role` is None for Andon's own probe, which may only read flags."""

    person: PersonId
    role: Role | None
    scopes: frozenset[Scope] | None = None
    """None: all that the role may."""
    token: Sha256Hex = ""
    bar: Bar | None = None
    """Why nothing is open to them but answering, which is then refused on record."""
    zone: str = ""
    """In which zone they are shown times, if that is settled; a name such as `Europe/Berlin`."""


class _Entry(Frozen):
    person: PersonId
    role: Role
    scopes: frozenset[Scope] | None = None


_ENTRIES = TypeAdapter(dict[str, _Entry])


class TokenBook:
    """The tokens in force: those of a file, read again when it changes, and those in the register.

    A file that can't be read lets nobody in, whatever the register says.
    """

    def __init__(
        self,
        path: Path,
        fixed: Mapping[str, Caller] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path = path
        self._now = now
        self._fixed = {hash_of(token): caller for token, caller in (fixed or {}).items() if token}
        self._seen: tuple[int, int, int] | None = None
        self._damaged = False
        self._callers: dict[str, Caller] = dict(self._fixed)
        self._issued: AccessTokens | None = None
        self._standings: Standings | None = None
        self._vouching: Vouching | None = None
        self._on_this_machine = False
        self._used: dict[Sha256Hex, datetime] = {}
        self._lately: OrderedDict[Sha256Hex, tuple[Caller, datetime]] = OrderedDict()
        # Of its own: requests for flags must not queue behind whatever else the process does in threads.
        self._threads = ThreadPoolExecutor(THREADS, "andon-tokens")

    def look_in(self, register: Engine) -> None:
        """Take the tokens in a register too, and ask its directory who may act."""
        self._issued = AccessTokens(register)
        self._standings = Standings(register)
        self._on_this_machine = register.dialect.name == "sqlite"

    def take_vouchers(self, vouching: Vouching) -> None:
        """Let the console speak for people who are signed in at its pages."""
        self._vouching = vouching

    def find(self, token: str) -> Caller | None:
        """Return whom a token of the file belongs to; in the same time whichever entry matches, or none."""
        return self._in_file(hash_of(token))

    async def identify(self, token: str) -> Caller | None:
        """Return whom `token` belongs to, and what bars them by the directory in force."""
        if self._vouching is not None and (voucher := self._vouching.read(token)):
            bar = await self.bar(voucher.person, voucher.role)
            return Caller(voucher.person, voucher.role, frozenset({voucher.scope}), bar=bar)
        digest = hash_of(token)
        found = self._in_file(digest)
        if found is None and not well_formed(token):
            return None
        return await self._judged(digest, found)

    async def in_force(self, digest: Sha256Hex) -> Caller | None:
        """Return whom the token with this SHA-256 belongs to."""
        return await self._judged(digest, self._in_file(digest))

    async def bar(self, person: PersonId, role: Role) -> Bar | None:
        """Return what keeps a person from acting in a role just now."""
        if self._standings is None:
            return None
        return await self._asked(self._standings.bar, person, role, self._now())

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

    async def _judged(self, digest: Sha256Hex, found: Caller | None) -> Caller | None:
        nothing_to_ask = self._issued is None or (found is not None and found.role is None)
        if nothing_to_ask or self._damaged:
            return found
        try:
            caller = await self._asked(self._looked_up, digest, found)
        except SQLAlchemyError as error:
            return self._remembered(digest, error)
        self._remember(digest, caller)
        if caller is not None and found is None:
            self._note_use(digest)
        return caller

    async def _asked(self, question: Callable[..., Answer], *about: object) -> Answer:
        """Ask the register; a file on this machine answers before a thread would begin, and never waits."""
        if self._on_this_machine:
            return question(*about)
        return await asyncio.get_running_loop().run_in_executor(self._threads, question, *about)

    def _remember(self, digest: Sha256Hex, caller: Caller | None) -> None:
        self._lately.pop(digest, None)
        if caller is not None:
            self._lately[digest] = (caller, self._now())
        while len(self._lately) > MOST_REMEMBERED:
            self._lately.popitem(last=False)

    def _remembered(self, digest: Sha256Hex, error: SQLAlchemyError) -> Caller:
        """Return what the register said of a token a short while ago: stops and reports must not wait for it.

        Raises:
            ProblemError: 503, nobody knows; unknown is not let in.
        """
        lately = self._lately.get(digest)
        if lately is None or self._now() - lately[1] > REMEMBERED_FOR:
            told = "Who you are can't be looked up just now. Try again in a few seconds."
            raise ProblemError(503, "register-away", told, headers={"Retry-After": "5"}) from error
        return lately[0]

    def _looked_up(self, digest: Sha256Hex, found: Caller | None) -> Caller | None:
        assert self._issued is not None  # noqa: S101 - checked by the one caller
        assert self._standings is not None  # noqa: S101 - set together with the tokens
        at = self._now()
        if found is None:
            kept = self._issued.find(digest)
            if kept is None or not kept.in_force_at(at):
                return None
            found = Caller(kept.person, kept.role, kept.scopes, digest)
        if found.role is None:
            return found
        return replace(found, bar=self._standings.bar(found.person, found.role, at))

    def _note_use(self, digest: Sha256Hex) -> None:
        """Note it beside the request: the caller does not wait for the register."""
        at = self._now()
        if (last := self._used.get(digest)) and at - last < USED_EVERY:
            return
        self._used[digest] = at
        assert self._issued is not None  # noqa: S101 - the token was found there
        self._threads.submit(_noted, self._issued, digest, at)

    def _in_file(self, digest: Sha256Hex) -> Caller | None:
        self._refresh()
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
        self._damaged = False
        self._callers = {**self._fixed, **(self._read() if seen else {})}

    def _read(self) -> dict[str, Caller]:
        try:
            entries = _ENTRIES.validate_python(json.loads(self._path.read_bytes()))
        except (OSError, ValueError, ValidationError):
            logger.critical("%s can't be read: nobody is let in until it can", self._path.name)
            self._damaged = True
            return {}
        return {digest: Caller(one.person, one.role, one.scopes, digest) for digest, one in entries.items()}


def _noted(issued: AccessTokens, digest: Sha256Hex, at: datetime) -> None:
    try:
        issued.note_use(digest, at)
    except SQLAlchemyError:
        logger.warning("the last use of a token could not be noted", exc_info=True)


def token_book(settings: Settings) -> TokenBook:
    """Return the tokens of this installation, the containment probe's included."""
    probe = settings.probe_token.get_secret_value()
    fixed = {probe: Caller(PROBE, None)} if probe else {}
    return TokenBook(settings.data_dir / HASHES_FILE, fixed)


async def caller(request: Request) -> Caller:
    """Return who calls, from the `Authorization` header.

    Raises:
        ProblemError: 401, no token or one that is not in force.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    book: TokenBook = request.app.state.tokens
    known = None
    if scheme.lower() == "bearer" and 0 < len(token) <= MAX_TOKEN:
        known = await book.identify(token.strip())
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


@dataclass(frozen=True)
class Rule:
    """Who may send a request, and which scope a limited token needs for it.

    As a dependency of a route it lets these callers in and nobody else.
    """

    roles: frozenset[Role]
    scope: Scope | None = None
    """None: reading needs `read`, anything else `respond`."""
    answering: bool = False
    """Whether somebody who is barred gets through, so that their answer is refused on record."""
    probe: bool = False
    """Whether Andon's own probe gets through too."""

    async def __call__(self, request: Request) -> Caller:
        """Return the caller.

        Raises:
            ProblemError: 401 nobody knows them, 403 this is not for them.
        """
        found = await self.known(request)
        self._check_bar(found, request)
        if found.role not in self.roles and not (self.probe and found.role is None):
            held = found.role or "no role"
            names = ", ".join(role.value for role in Role if role in self.roles)
            raise _forbidden(f"You act as {held}. This needs one of these roles: {names}.")
        needed = self.needs(request.method)
        if found.scopes is not None and needed not in found.scopes:
            has = ", ".join(sorted(found.scopes)) or "nothing"
            raise _forbidden(f"This token is limited to: {has}. This needs the scope {needed}.")
        return found

    async def known(self, request: Request) -> Caller:
        """Return who calls, however they show it.

        Raises:
            ProblemError: 401, nobody knows them.
        """
        return await caller(request)

    def needs(self, method: str) -> Scope:
        """Return the scope that a limited token needs."""
        return self.scope or (Scope.READ if method in SAFE else Scope.RESPOND)

    def _check_bar(self, found: Caller, request: Request) -> None:
        if found.bar is None:
            return
        logger.warning(
            "somebody who is barred used their token",
            extra={"person": found.person, "bar": found.bar.value, "path": request.url.path[:200]},
        )
        if not self.answering:
            raise ProblemError(403, found.bar.value.replace("_", "-"), EXPLAINED[found.bar])


def anyone() -> Rule:
    """Return a dependency that lets any known caller in, the probe included."""
    return Rule(frozenset(Role), Scope.READ, probe=True)


def only(roles: Collection[Role], scope: Scope | None = None, *, answering: bool = False) -> Rule:
    """Return a dependency that lets callers with one of `roles` in, and nobody else."""
    return Rule(frozenset(roles), scope, answering)


def _forbidden(detail: str) -> ProblemError:
    return ProblemError(403, "forbidden", detail)
