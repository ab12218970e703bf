"""Every route of the three servers against every role and every kind of token that must not open it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest
import yaml
from fastapi import FastAPI

from andon.api.authentication import Caller
from andon.api.guards import UnguardedRouteError, guards_of, refuse_unguarded
from andon.api.server import new_app
from andon.api.token_form import hash_of, new_token
from andon.console.app import create_app
from andon.console.sessions import COOKIE, Sessions
from andon.domain.access import Scope
from andon.domain.directory import Directory, Person, Role
from andon.door.app import create_app as create_door
from andon.recorder.app import create_app as create_recorder
from andon.register.access_tokens import AccessToken, AccessTokens
from andon.register.engine import open_databases
from andon.register.migrate import migrate
from andon.register.sessions import How
from tests.access.conftest import SAME, House
from tests.access.table import CONSOLE_API, DOOR, DOOR_OPEN, OPEN, PAGES, RECORDER, Row
from tests.api.server import token
from tests.door.conftest import PROBE_TOKEN, make_settings

REFUSED: Final = {401, 403}
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
FILLED: Final = {
    "incident": "INC-20200101-aaaaaa",
    "decision": "triage-1",
    "digest": "0" * 64,
    "key": "0" * 64,
    "token": "tok-none",
    "source": "none",
    "secret": "none",
    "kind": "external_counsel",
    "task": "look_back-1",
    "change": "change-1",
    "receipt": "DET-none",
    "taxonomy": "atlas",
    "trace": "0" * 32,
    "issue": "QI-20260101-000000",
    "erasure": "ER-none",
    "part": "controls",
    "ticket": "none",
    "sheet": "none",
    "system": "none",
}
pytestmark = pytest.mark.timeout(600)
some_or_every = pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.long)], ids=["some", "every"]
)


@dataclass(frozen=True)
class Cell:
    """One way to send one request, and whether it must be let in."""

    who: str
    person: str
    token: str
    let_in: bool


def people() -> Directory:
    """One person a role, one more who is suspended, and one who holds another role by now."""
    found = []
    for role in Role:
        other = Role.DETECTOR if role is Role.DETECTOR else Role.REPORTER
        found += [
            Person(id=f"{role}-1", name="in force", roles=(role,)),
            Person(id=f"{role}-suspended", name="suspended", roles=(role,), suspended_from=LONG_AGO),
            Person(id=f"{role}-moved", name="moved", roles=(other,)),
        ]
    return Directory(people=tuple(found))


class Issuer:
    """Puts tokens of every kind in the register, one of each kind a role."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens
        self._made: dict[tuple[object, ...], str] = {}

    def of(self, role: Role, kind: str, scopes: frozenset[Scope] | None = None) -> tuple[str, str]:
        person = f"{role}-{kind}" if kind in ("suspended", "moved", "forgotten") else f"{role}-1"
        key = (role, kind, scopes)
        if key not in self._made:
            self._made[key] = new_token()
            self._add(self._made[key], role, kind, person, scopes)
        return person, self._made[key]

    def _add(self, secret: str, role: Role, kind: str, person: str, scopes: frozenset[Scope] | None) -> None:
        now = datetime.now(UTC)
        kept = AccessToken(
            id=f"tok-{hash_of(secret)[:12]}",
            name=kind,
            person=person,
            role=role,
            scopes=scopes,
            created_by=person,
            created_at=now - timedelta(days=1),
            expires_at=now - timedelta(seconds=1) if kind == "expired" else now + timedelta(days=1),
        )
        self._tokens.add(hash_of(secret), kept)
        if kind == "revoked":
            self._tokens.revoke(kept.id, "admin-1", now)

    def cells(self, row: Row, number: int, *, every: bool) -> Iterator[Cell]:
        """Return every way to send a request: 18 roles, and all that must not open it.

        Unless every one is wanted, every other role sends one kind of token, the rest at the next row, and
        one that is let in sends the others.
        """
        for at, role in enumerate(Role):
            if every or (at + number) % 4 == 0:
                yield Cell(f"{role}, of the file", f"{role}-1", token(role), role in row.roles)
            if every or (at + number) % 4 == 2:
                person, secret = self.of(role, "made")
                yield Cell(f"{role}, of the register", person, secret, role in row.roles)
        yield Cell("nobody", "nobody", "", let_in=False)
        yield Cell("an unknown token", "nobody", "andon_nobody", let_in=False)
        yield Cell("a well formed unknown token", "nobody", new_token(), let_in=False)
        yield Cell("the probe", "nobody", PROBE_TOKEN, row.probe)
        for role in sorted(row.roles) if every else _one(row, number):
            for kind in ("expired", "revoked", "forgotten", "suspended", "moved"):
                if kind == "moved" and role in (Role.DETECTOR, Role.REPORTER):
                    continue
                barred = kind in ("forgotten", "suspended", "moved") and row.barred_too
                person, secret = self.of(role, kind)
                yield Cell(f"{role}, {kind}", person, secret, barred)
            for right, scopes in ((True, {row.scope}), (False, set(Scope) - {row.scope})):
                person, secret = self.of(role, f"limited-{right}", frozenset(scopes))
                let_in = right and not row.whole
                yield Cell(f"{role}, limited to {sorted(scopes)}", person, secret, let_in)


def _one(row: Row, number: int) -> list[Role]:
    """Return one of the roles that a row lets in, another from row to row."""
    let_in = sorted(row.roles)
    return [let_in[number % len(let_in)]] if let_in else []


async def wrong_cells(
    app: FastAPI, table: dict[str, Row], issuer: Issuer, *, every: bool
) -> tuple[list[str], int]:
    """Send every request in every way; return the cells that are wrong, and how many there are."""
    wrong, count = [], 0
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        for number, (request, row) in enumerate(table.items()):
            method, _, path = request.partition(" ")
            for cell in issuer.cells(row, number, every=every):
                where = path.format(**FILLED, person=cell.person)
                headers = {"Authorization": f"Bearer {cell.token}"} if cell.token else {}
                answer = await client.request(method, where, headers=headers, content=b"no JSON")
                count += 1
                if (answer.status_code not in REFUSED) != cell.let_in:
                    wrong.append(f"{request}: {cell.who}: {answer.status_code} {answer.text[:120]}")
    return wrong, count


def routes_of(app: FastAPI) -> set[str]:
    return set(guards_of(app.routes)) - OPEN - DOOR_OPEN


@pytest.fixture
def office(house: House) -> House:
    house._put(people())
    return house


@some_or_every
async def test_the_api_of_the_console(
    office: House, capsys: pytest.CaptureFixture[str], *, every: bool
) -> None:
    parts = dataclasses.replace(office.office.parts, now=office.clock.now)
    app = create_app(parts)
    assert routes_of(app) == set(CONSOLE_API) | set(PAGES)
    parts.tokens._fixed[hash_of(PROBE_TOKEN)] = Caller("containment-probe", None)
    parts.tokens._seen = (0, 0, 0)
    wrong, count = await wrong_cells(app, CONSOLE_API, Issuer(parts.issued), every=every)
    _tell(capsys, "console API", len(CONSOLE_API), count, wrong)
    assert wrong == []


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[FastAPI]:
    async with app.router.lifespan_context(app):
        yield app


@some_or_every
async def test_door_and_recorder(tmp_path: Path, capsys: pytest.CaptureFixture[str], *, every: bool) -> None:
    settings = make_settings(tmp_path, "127.0.0.1:1", 1)
    listed = people().model_dump(mode="json", exclude_defaults=True)
    settings.policy.people.write_text(yaml.safe_dump(listed))
    migrate(settings.databases)
    databases = open_databases(settings.databases)
    issuer = Issuer(AccessTokens(databases.register))
    door, recorder = create_door(settings), create_recorder(settings)
    async with served(door), served(recorder):
        for name, app, table in (("door", door, DOOR), ("recorder", recorder, RECORDER)):
            assert routes_of(app) == set(table)
            wrong, count = await wrong_cells(app, table, issuer, every=every)
            _tell(capsys, name, len(table), count, wrong)
            assert wrong == []
    databases.close()


@some_or_every
async def test_the_pages(office: House, capsys: pytest.CaptureFixture[str], *, every: bool) -> None:
    parts = dataclasses.replace(office.office.parts, now=office.clock.now)
    app = create_app(parts)
    sessions: Sessions = app.state.sessions
    ended = await sessions.begin(Caller("legal-1", Role.LEGAL), How.OIDC)
    signed_out = await sessions.read(ended)
    assert signed_out
    await sessions.end(signed_out)
    office.clock.pass_by(minutes=-31)
    idle = await sessions.begin(Caller("legal-1", Role.LEGAL), How.OIDC)
    office.clock.pass_by(minutes=31)
    issuer = Issuer(parts.issued)
    _, revoked = issuer.of(Role.LEGAL, "revoked")
    begun_with_it = await sessions.begin(Caller("legal-1", Role.LEGAL, token=hash_of(revoked)), How.TOKEN)
    nobody = {
        "no session": "",
        "rubbish": "x" * 43,
        "signed out": ended,
        "idle": idle,
        "revoked": begun_with_it,
    }
    held = {
        (role, kind): await sessions.begin(Caller(f"{role}-{kind}", role), How.OIDC)
        for role in Role
        for kind in ("1", "suspended", "forgotten")
    }
    wrong, count = [], 0
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        for number, (request, row) in enumerate(PAGES.items()):
            cells = [(name, cookie, False) for name, cookie in nobody.items()]
            for at, ((role, kind), cookie) in enumerate(held.items()):
                # Kinds come in threes: every other role at this page, the rest at the next.
                sampled = (at // 3 + number) % 2 if kind == "1" else role in _one(row, number)
                if not every and not sampled:
                    continue
                cells.append(
                    (f"{role}-{kind}", cookie, role in row.roles and (kind == "1" or row.barred_too))
                )
            for who, cookie, let_in in cells:
                count += 1
                if await _shows(client, request, cookie) != let_in:
                    wrong.append(f"{request}: {who} should be {'let in' if let_in else 'kept out'}")
    _tell(capsys, "pages", len(PAGES), count, wrong)
    assert wrong == []


async def _shows(client: httpx.AsyncClient, request: str, cookie: str) -> bool:
    """Whether the guard of a page lets a session through; a form without its token is refused after that."""
    method, _, path = request.partition(" ")
    headers = {"Cookie": f"{COOKIE}={cookie}", **SAME}
    answer = await client.request(method, path.format(**FILLED), headers=headers)
    if answer.status_code == 401:
        return False
    if answer.status_code == 303:
        return not answer.headers["location"].startswith("/sign-in")
    kept_out = ("who may not read this", "You are suspended", "does not know you any more")
    return not (answer.status_code == 403 and any(words in answer.text for words in kept_out))


async def test_what_is_open_is_listed_and_nothing_else_is(office: House) -> None:
    guards = guards_of(create_app(office.office.parts).routes)
    assert {request for request, rule in guards.items() if rule is None} == OPEN


def test_a_route_that_names_nobody_stops_the_server_from_being_made(house: House) -> None:
    app = new_app("test", house.office.parts.tokens)

    @app.get("/new")
    async def new() -> None:
        """Somebody forgot to say for whom this is."""

    with pytest.raises(UnguardedRouteError, match="/new names nobody"):
        refuse_unguarded(app.router)


def _tell(capsys: pytest.CaptureFixture[str], name: str, rows: int, count: int, wrong: list[str]) -> None:
    with capsys.disabled():
        print(f"\n{name}: {rows} requests, {count} cells, {len(wrong)} wrong")
