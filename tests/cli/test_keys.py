"""`andon keys` and `andon respond --key` at a real console, with keys that `ssh-keygen` made."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

from andon.cli.outcome import Exit
from andon.domain.directory import Role
from andon.domain.response import read_statement
from andon.domain.signing import Envelope
from tests.api.server import bearer, token
from tests.cli.running import andon
from tests.console.alone import alone
from tests.console.conftest import http, office, temporal
from tests.console.desk import Office, opened
from tests.openssh import agent_with, needs_ssh_keygen, new_key, public_line_of, ssh_keygen

__all__ = ["alone", "http", "office", "temporal"]
pytestmark = needs_ssh_keygen

REASON = ("--reason", "seen in the traces")


class Terminal:
    """Where somebody types commands."""

    def __init__(self, client: httpx.AsyncClient, role: Role, folder: Path) -> None:
        url = str(client.base_url).rstrip("/")
        self._env = {"ANDON_CONSOLE_URL": url, "ANDON_TOKEN": token(role)}
        self._folder = folder

    async def run(self, *words: str | Path, check: int = 0) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(andon, *words, cwd=self._folder, env=self._env, check=check)


def at(office: Office, role: Role, folder: Path) -> Terminal:
    assert office.http is not None
    return Terminal(office.http, role, folder)


async def test_a_key_is_added_listed_and_revoked(alone: Office, tmp_path: Path) -> None:
    terminal = at(alone, Role.LEGAL, tmp_path)
    new_key(tmp_path / "id", comment="legal on her laptop")
    added = await terminal.run("keys", "add", tmp_path / "id")
    assert "(legal on her laptop) counts from now on" in added.stdout
    fingerprint = added.stdout.split()[0]
    assert fingerprint in (await terminal.run("keys", "list")).stdout
    listed = json.loads((await terminal.run("keys", "list", "--json")).stdout)
    key = next(one for one in listed["keys"] if one["fingerprint"] == fingerprint)
    await terminal.run("keys", "revoke", key["id"][:12])
    assert "revoked" in (await terminal.run("keys", "list")).stdout
    back = await terminal.run("keys", "add", tmp_path / "id", check=Exit.BAD_INPUT)
    assert "was revoked" in back.stderr


async def test_a_key_is_named_by_its_fingerprint_too(alone: Office, tmp_path: Path) -> None:
    terminal = at(alone, Role.PRIVACY, tmp_path)
    new_key(tmp_path / "id")
    added = json.loads((await terminal.run("keys", "add", tmp_path / "id", "--json")).stdout)
    revoked = await terminal.run("keys", "revoke", added["fingerprint"], "--json")
    assert json.loads(revoked.stdout)["revoked_from"]
    unknown = await terminal.run("keys", "revoke", "0" * 64, check=Exit.BAD_INPUT)
    assert "there is no key" in unknown.stderr


async def test_a_key_that_the_agent_holds_is_added_by_its_public_half_or_as_the_only_one(
    alone: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with agent_with(new_key(tmp_path / "id", comment="in the agent"), tmp_path) as place:
        monkeypatch.setenv("SSH_AUTH_SOCK", place)
        terminal = at(alone, Role.COMPLIANCE, tmp_path)
        (tmp_path / "id").unlink()
        added = await terminal.run("keys", "add", tmp_path / "id.pub")
        assert "(in the agent) counts from now on" in added.stdout
        assert "You sign that this key is yours, compliance-1" in added.stderr
        assert "counts from now on" in (await terminal.run("keys", "add", "--key", "agent")).stdout


async def test_a_key_of_no_accepted_kind_is_refused(alone: Office, tmp_path: Path) -> None:
    new_key(tmp_path / "id", kind="ecdsa")
    refused = await at(alone, Role.HR, tmp_path).run("keys", "add", tmp_path / "id", check=Exit.BAD_INPUT)
    assert "no other kind is accepted" in refused.stderr


async def test_an_admin_revokes_the_key_of_somebody_else_and_nobody_else_does(
    alone: Office, tmp_path: Path
) -> None:
    new_key(tmp_path / "id")
    key = json.loads(
        (await at(alone, Role.FINANCE, tmp_path).run("keys", "add", tmp_path / "id", "--json")).stdout
    )["id"]
    words = ("keys", "revoke", key, "--of", "finance-1")
    refused = await at(alone, Role.SECURITY, tmp_path).run(*words, check=Exit.NOT_ALLOWED)
    assert "(403)" in refused.stderr
    assert "counts no more" in (await at(alone, Role.ADMIN, tmp_path).run(*words)).stdout


async def test_an_answer_signed_on_the_command_line_counts_and_ssh_keygen_verifies_it(
    office: Office, http: httpx.AsyncClient, temporal: Client, tmp_path: Path
) -> None:
    incident = await opened(office, temporal)
    terminal = Terminal(http, Role.RESPONDER, tmp_path)
    new_key(tmp_path / "id")
    await terminal.run("keys", "add", tmp_path / "id")
    words = ("respond", incident, "triage-1", "confirm", *REASON, "--key", tmp_path / "id", "--json")
    answer = json.loads((await terminal.run(*words)).stdout)
    assert answer["outcome"] == "confirm"
    path = f"/v1/incidents/{incident}/statements/{answer['statement']}"
    envelope = Envelope.model_validate((await http.get(path, headers=bearer(Role.AUDITOR))).json())
    trust = (await http.get("/v1/trust", headers=bearer(Role.AUDITOR))).json()
    statement = read_statement(envelope, trust)
    assert statement.signature is not None
    (tmp_path / "sig").write_text(statement.signature.signature)
    (tmp_path / "allowed").write_text(f"responder-1 {public_line_of(tmp_path / 'id')}")
    verified = ssh_keygen(
        *("-Y", "verify", "-n", "andon.response", "-I", "responder-1"),
        *("-f", tmp_path / "allowed", "-s", tmp_path / "sig"),
        stdin=statement.said(),
    )
    assert verified.returncode == 0, verified.stderr


async def test_a_key_that_is_not_listed_or_was_revoked_signs_nothing(
    office: Office, http: httpx.AsyncClient, temporal: Client, tmp_path: Path
) -> None:
    incident = await opened(office, temporal)
    terminal = Terminal(http, Role.SECURITY, tmp_path)
    new_key(tmp_path / "id")
    words = ("respond", incident, "triage-1", "confirm", *REASON, "--key", tmp_path / "id")
    assert "andon keys add" in (await terminal.run(*words, check=Exit.NOT_ALLOWED)).stderr
    key = json.loads((await terminal.run("keys", "add", tmp_path / "id", "--json")).stdout)["id"]
    await terminal.run("keys", "revoke", key)
    assert "was revoked" in (await terminal.run(*words, check=Exit.NOT_ALLOWED)).stderr
    view = await office.until(incident, lambda view: view.decisions)
    assert view.decisions[0].accepted == ()
