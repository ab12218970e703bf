"""`andon people` against a real console: what it prints, changes and ends with."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from andon.console.app import create_app
from andon.domain.directory import Role
from playbooks.shipped import SHIPPED, policy_text
from tests.api.server import running, token
from tests.cli.running import andon
from tests.console.desk import Office, open_office
from tests.console.test_directory import NOWHERE, crowd
from tests.domain.test_overlay import key

OK, NEGATIVE, BAD_INPUT, UNREACHABLE, NOT_ALLOWED = range(5)
SOON = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")


@dataclass
class Terminal:
    """Runs `andon people` in a folder, against one console."""

    folder: Path
    ready: Path
    office: Office

    async def people(self, *words: str | Path, check: int = OK) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            andon, "people", *words, "--ready-file", self.ready, cwd=self.folder, check=check
        )

    async def told(self, *words: str | Path) -> Any:
        return json.loads((await self.people(*words, "--json")).stdout)


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    (tmp_path / "office").mkdir()
    office = open_office(tmp_path / "office", NOWHERE)
    office.queries.people.import_file(crowd(), datetime.now(UTC))
    async with running(create_app(office.parts)) as url:
        ready = tmp_path / "ready.json"
        tokens = {role.value: token(role) for role in Role}
        ready.write_text(json.dumps({"console": url, "door": url, "tokens": tokens}))
        yield Terminal(tmp_path, ready, office)
    office.queries.databases.close()


async def test_people_are_listed_and_shown_as_the_role_may_see_them(terminal: Terminal) -> None:
    listed = (await terminal.people("list", "--role", "responder")).stdout
    assert "Ana Ibáñez" in listed
    assert "legal-1" not in listed
    assert [one["id"] for one in (await terminal.told("list", "--team", "night"))["people"]] == ["ana"]
    for role, seen in (("responder", False), ("admin", True)):
        shown = (await terminal.people("show", "ana", "--as", role)).stdout
        assert ("mailto://ana:secret@example.org" in shown) is seen
        assert key(1).id[:16] in shown
    nobody = await terminal.people("show", "an", check=BAD_INPUT)
    assert "nobody has the id 'an'" in nobody.stderr
    assert "Nobody fits." in (await terminal.people("list", "--search", "zzz")).stdout


async def test_who_is_on_call_is_shown_in_order(terminal: Terminal) -> None:
    told = (await terminal.told("on-call", "--at", "2999-01-08T12:00:00+01:00", "--role", "responder"))[
        "roles"
    ]
    assert {one["person"] for one in told[0]["reached"]} == {"responder-1", "ana", "both-as-reporter"}
    shown = (await terminal.people("on-call")).stdout
    assert "turn ends" in shown
    assert "incident_lead-1" in shown
    for moment in ("tomorrow", "2026-01-08T12:00:00"):
        refused = await terminal.people("on-call", "--at", moment, check=BAD_INPUT)
        assert "--at: write a moment with its zone" in refused.stderr


async def test_an_admin_suspends_and_restores(terminal: Terminal) -> None:
    done = await terminal.people("suspend", "legal-1", "--reason", "laptop stolen")
    assert "legal-1: suspended since" in done.stdout
    assert "version 3" in done.stdout
    assert (await terminal.people("list", "--as", "legal", check=NOT_ALLOWED)).stdout == ""
    again = await terminal.people("suspend", "legal-1", "--reason", "twice")
    assert "nothing changed" in again.stdout
    assert "legal-1: there" in (await terminal.people("restore", "legal-1", "-r", "found it")).stdout
    await terminal.people("list", "--as", "legal")


async def test_who_may_not_suspend_is_told_so(terminal: Terminal) -> None:
    refused = await terminal.people(
        "suspend", "legal-1", "-r", "x", "--as", "incident_lead", check=NOT_ALLOWED
    )
    assert "one of these roles: admin" in refused.stderr
    own = await terminal.people("restore", "admin-1", "-r", "x", check=NOT_ALLOWED)
    assert "Ask another admin" in own.stderr
    unknown = await terminal.people("suspend", "nobody", "-r", "x", check=BAD_INPUT)
    assert "no person 'nobody'" in unknown.stderr
    await terminal.people("suspend", "legal-1", check=BAD_INPUT)


async def test_one_notes_that_one_is_away_and_back(terminal: Terminal) -> None:
    done = await terminal.people("away", "--until", SOON, "--as", "legal")
    assert "legal-1: away; away from" in done.stdout
    assert "legal-1: there" in (await terminal.people("back", "--as", "legal")).stdout
    other = await terminal.people("away", "--until", SOON, "--of", "hr-1", "--as", "legal", check=NOT_ALLOWED)
    assert "Only hr-1 and admins" in other.stderr
    assert (
        "hr-1: away"
        in (await terminal.people("away", "--until", SOON, "--of", "hr-1", "--as", "admin")).stdout
    )
    naive = await terminal.people("away", "--until", "2999-01-01", "--as", "legal", check=BAD_INPUT)
    assert "--until: write a moment with its zone" in naive.stderr


async def test_the_list_is_exported_changed_and_applied(terminal: Terminal) -> None:
    text = (await terminal.people("export")).stdout
    file = terminal.folder / "people.yaml"
    file.write_text(text.replace("The legal", "The lawyer"))
    before = (await terminal.told("list"))["digest"]
    applied = await terminal.people("apply", file, "--expect", before)
    assert "version 3 of the directory is in force" in applied.stdout
    assert "The lawyer" in (await terminal.people("list")).stdout
    assert "nothing changed" in (await terminal.people("apply", file)).stdout
    stale = await terminal.people("apply", file, "--expect", before, check=NEGATIVE)
    assert "has changed since you read it" in stale.stderr
    assert (await terminal.told("list"))["base"] == "api"


async def test_a_file_with_mistakes_is_not_sent(terminal: Terminal) -> None:
    file = terminal.folder / "people.yaml"
    file.write_text(policy_text("people.yaml").replace("Asia/Tokyo", "Mars/Base"))
    line = 1 + next(n for n, text in enumerate(file.read_text().splitlines()) if "Mars/Base" in text)
    refused = await terminal.people("apply", file, check=NEGATIVE)
    assert f"{file}:{line}: people.13: zone of hana: Mars/Base is not known" in refused.stdout
    assert "nothing was sent" in refused.stderr
    assert len(terminal.office.queries.people.versions()) == 2


async def test_the_shipped_people_can_be_applied(terminal: Terminal) -> None:
    told = await terminal.told("apply", SHIPPED / "people.yaml")
    assert (told["changed"], told["base"]) == (True, "api")


def test_a_file_is_checked_without_a_server(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(policy_text("people.yaml"))
    assert "no mistakes" in andon("people", "check", file, cwd=tmp_path, check=OK).stdout
    file.write_text(yaml.safe_dump({"people": [{"id": "x", "colour": "\x1b[31mred"}]}))
    wrong = andon("people", "check", file, cwd=tmp_path, check=NEGATIVE)
    assert "people.0.name: is missing: add it" in wrong.stdout
    assert "5 to correct" in wrong.stderr
    told = json.loads(andon("people", "check", file, "--json", cwd=tmp_path, check=NEGATIVE).stdout)
    assert {one["field"] for one in told["mistakes"]} == {
        "people",
        "people.0.name",
        "people.0.roles",
        "people.0.colour",
    }
    file.write_text("people: [")
    assert "is not YAML" in andon("people", "check", file, cwd=tmp_path, check=BAD_INPUT).stderr
    assert "can't be read" in andon("people", "check", tmp_path / "no", cwd=tmp_path, check=BAD_INPUT).stderr


def test_without_a_server_the_exit_code_says_so(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps({"console": "http://127.0.0.1:9", "tokens": {"responder": "x"}}))
    andon("people", "list", "--ready-file", ready, cwd=tmp_path, check=UNREACHABLE)
