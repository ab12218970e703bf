"""`andon login` and `andon tokens` as a person runs them, against a console over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from andon.domain.directory import Role
from tests.access.conftest import visiting
from tests.api.server import token

ANDON = str(Path(sys.executable).with_name("andon"))


async def andon(url: str, role: Role, *words: str, key: str = "") -> tuple[int, str, str]:
    """Run the command line as a role; return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        ANDON,
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.defpath, "ANDON_CONSOLE_URL": url, "ANDON_TOKEN": key or token(role)},
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_printed_link_signs_in(console: str) -> None:
    code, out, err = await andon(console, Role.INCIDENT_LEAD, "login")
    assert code == 0, err
    assert out.startswith("http://localhost:8700/enter/")
    assert "signs in incident_lead-1 as incident_lead once" in err
    async with visiting(console) as visitor:
        await visitor.post(out.strip().removeprefix("http://localhost:8700"))
        assert "incident_lead-1" in (await visitor.get("/")).text


async def test_a_token_is_made_listed_used_and_revoked(console: str) -> None:
    words = (
        "tokens",
        "create",
        "desk monitor",
        "--person",
        "detector-1",
        "--role",
        "detector",
        "--days",
        "7",
    )
    code, out, err = await andon(console, Role.ADMIN, *words)
    assert code == 0, err
    secret = out.strip()
    assert secret.startswith("andon_t1_")
    assert "not shown again" in err
    code, out, _ = await andon(console, Role.ADMIN, "tokens", "list", "--json")
    (listed,) = json.loads(out)["tokens"]
    assert (listed["name"], listed["person"], listed["state"]) == ("desk monitor", "detector-1", "in_force")
    assert secret not in out
    assert "desk monitor" in (await andon(console, Role.ADMIN, "tokens", "list"))[1]
    code, out, _ = await andon(console, Role.ADMIN, "tokens", "revoke", listed["id"])
    assert (code, out.strip()) == (0, f"{listed['id']} is revoked")
    async with visiting(console) as client:
        answer = await client.get("/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


async def test_what_can_not_be_done_is_told_with_an_exit_code(console: str) -> None:
    code, _, err = await andon(console, Role.LEGAL, "tokens", "create", "x", "--role", "admin")
    assert (code, "a token for admin is made acting as admin" in err) == (4, True)
    code, _, err = await andon(console, Role.ADMIN, "tokens", "revoke", "tok-none")
    assert (code, "tok-none" in err) == (2, True)
    code, _, err = await andon(console, Role.DETECTOR, "login")
    assert (code, "This needs one of these roles" in err) == (4, True)
    code, _, err = await andon(console, Role.LEGAL, "login", key="andon_mistyped")
    assert (code, "token that is in force" in err) == (4, True)
