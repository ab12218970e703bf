"""A console whose register, directory and clock are in the test's hands; nothing here needs Temporal."""

from __future__ import annotations

import dataclasses
import re
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from andon.config import DatabaseSettings, OidcSettings, SignInSettings
from andon.console.app import create_app
from andon.domain.directory import Directory, Role
from andon.register.migrate import migrate
from tests.api.server import bearer, running, token
from tests.console.desk import Office, everybody, open_office

SAME = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Clock:
    """The console's clock: the real one, moved by what a test says."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, **much: float) -> None:
        self.ahead += timedelta(**much)


@dataclass
class House:
    """A console that can be opened any number of times on the same register."""

    office: Office
    clock: Clock = field(default_factory=Clock)

    @asynccontextmanager
    async def open(
        self,
        *,
        oidc: OidcSettings | None = None,
        sign_in: SignInSettings | None = None,
        url: str = "http://localhost:8700",
        listening: socket.socket | None = None,
    ) -> AsyncIterator[str]:
        """Serve a console; more than one may be open at once."""
        parts = dataclasses.replace(
            self.office.parts,
            oidc=oidc or OidcSettings(),
            sign_in=sign_in or SignInSettings(),
            now=self.clock.now,
            url=url,
        )
        parts.tokens._now = self.clock.now
        async with running(create_app(parts), listening) as served:
            yield served

    def suspend(self, person: str) -> None:
        """Put a directory in force in which one person is suspended."""
        self._change(person, suspended_from=self.clock.now() - timedelta(seconds=1))

    def forget(self, person: str) -> None:
        """Put a directory in force that does not know one person."""
        kept = tuple(one for one in self._latest().people if one.id != person)
        self._put(Directory(people=kept))

    def reset(self) -> None:
        """Put everybody back."""
        self._put(everybody())

    def _change(self, person: str, **changes: Any) -> None:
        people = tuple(
            one.model_copy(update=changes) if one.id == person else one for one in self._latest().people
        )
        self._put(Directory(people=people))

    def _put(self, directory: Directory) -> None:
        self.office.queries.people.put_directory(directory, self.clock.now())

    def _latest(self) -> Directory:
        return self.office.queries.people.latest()


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Databases at their newest form, to be copied: to migrate for each test takes longer than the test."""
    folder = tmp_path_factory.mktemp("fresh")
    migrate(
        DatabaseSettings(
            switches_url=f"sqlite:///{folder}/switches.db",
            register_url=f"sqlite:///{folder}/register.db",
            recorder_url=f"sqlite:///{folder}/recorder.db",
        )
    )
    return folder


@pytest.fixture
def house(tmp_path: Path, fresh: Path) -> Iterator[House]:
    for database in fresh.glob("*.db"):
        shutil.copy(database, tmp_path)
    office = open_office(tmp_path, "127.0.0.1:1")
    yield House(office)
    office.parts.tokens.close()
    office.queries.databases.close()


@pytest.fixture
async def console(house: House) -> AsyncIterator[str]:
    async with house.open() as url:
        yield url


@asynccontextmanager
async def visiting(url: str, **cookies: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser's way to a console: it keeps cookies and says where its forms come from."""
    async with httpx.AsyncClient(
        base_url=url, timeout=20, trust_env=False, headers=SAME, cookies=cookies
    ) as visitor:
        yield visitor


async def sign_in(visitor: httpx.AsyncClient, role: Role) -> httpx.Response:
    answer = await visitor.post("/sign-in", data={"token": token(role)})
    assert answer.status_code == 303, answer.text
    return answer


def shown(page: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


async def asked(url: str, path: str, as_role: Role, **body: Any) -> httpx.Response:
    """Send a request of the API as a role."""
    async with visiting(url) as client:
        if body:
            return await client.post(path, json=body, headers=bearer(as_role))
        return await client.get(path, headers=bearer(as_role))
