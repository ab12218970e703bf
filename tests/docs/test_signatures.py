"""The commands on the page about signatures do what the page says, with stock OpenSSH and no Andon."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from andon.cli.signing_key import open_key, sign_ssh
from andon.domain.decision import Binding
from andon.domain.directory import Directory, Person, Role, standing_at
from andon.domain.response import Said, Statement
from andon.domain.signing import sign
from tests.openssh import needs_ssh_keygen

pytestmark = needs_ssh_keygen

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/signatures.md"
SIGN, VERIFY = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SAID = Said(
    incident="INC-20260301-4f7k2a",
    decision="triage-1",
    request="1" * 64,
    option="confirmed",
    findings={"scope": "external"},
    reason="2" * 64,
    reason_text="t" * 16,
    binding=Binding(),
    policy="3" * 64,
    shown="4" * 64,
    person="ana",
    role=Role.RESPONDER,
    nonce="n" * 16,
)


def run(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-eu", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def recorded(folder: Path, *, option: str = "confirmed") -> None:
    """Write the envelope of an answer that the page's key has signed; `option` is set after that."""
    stated = Statement.model_validate({**SAID.model_dump(), "standing": _standing(), "received_at": AT})
    signature = sign_ssh(stated.said(), open_key(folder / "ana_key"))
    stated = stated.model_copy(update={"signature": signature, "option": option})
    (folder / "envelope.json").write_text(sign(stated, bytes(32)).model_dump_json())


def _standing() -> object:
    people = Directory(people=(Person(id="ana", name="Ana", roles=(Role.RESPONDER,)),))
    return standing_at(people, "ana", AT).model_dump()


def test_the_commands_on_the_page_verify_a_recorded_answer(tmp_path: Path) -> None:
    signed = run(SIGN, tmp_path)
    assert signed.returncode == 0, signed.stderr
    recorded(tmp_path)
    verified = run(VERIFY, tmp_path)
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith('Good "andon.response" signature for ana with ED25519 key')


def test_the_commands_on_the_page_refuse_an_altered_answer(tmp_path: Path) -> None:
    assert run(SIGN, tmp_path).returncode == 0
    recorded(tmp_path, option="dismissed")
    assert run(VERIFY, tmp_path).returncode != 0


def test_the_page_lists_the_fields_that_are_signed() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == set(Said.model_fields)
    attested = set(Statement.model_fields) - set(Said.model_fields)
    assert all(f"`{name}`" in PAGE.read_text("utf-8") for name in attested)
