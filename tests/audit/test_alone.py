"""A bundle is verified, replayed and looked back into with nothing but itself: no network, no server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.audit.moments import relive
from andon.audit.offline import read_bundle, said_of_code
from andon.audit.write import Staging
from andon.cli.main import main
from andon.domain.ledger import Kind
from andon.domain.relived import line_of, moment_at
from andon.domain.values import sha256
from tests.audit.bundled import TRUST, Made

NO_SOCKETS = """
import sys
def refuse(event, _):
    if event.startswith("socket."):
        raise RuntimeError(f"the verifier asked for {event}")
sys.addaudithook(refuse)
from andon.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_it_verifies_where_no_socket_can_be_made(bundle: Path, tmp_path: Path) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text(TRUST.model_dump_json())
    done = subprocess.run(
        [sys.executable, "-c", NO_SOCKETS, "audit", "verify", str(bundle), "--trust", str(trust)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_what_was_known_at_a_moment_is_what_the_workflow_remembered(bundle: Path, made: Made) -> None:
    with read_bundle(bundle) as (opened, _):
        relived = await relive(opened.histories())
    entries = made.entries()
    line = line_of(relived, entries)
    assert line.fits
    moments = line.moments
    contained = next(entry for entry in entries if entry.kind == Kind.CONTAINED)
    settled = [entry for entry in entries if entry.kind == Kind.DECISION_SETTLED]
    before = moment_at(moments, settled[0].at)
    assert before is not None
    assert "triage-1" in {**before.open, **before.decided}
    assert moments[-1].sequence == entries[-1].sequence
    assert moments[-1].open == {}
    assert moments[-1].knew["p-responder"] == ("said confirm to triage-1",)
    assert any("question triage" in told for told in moments[-1].told["responder"])
    assert moment_at(moments, contained.at.replace(year=2020)) is None


@pytest.mark.long
def test_its_moments_are_listed_and_told_by_the_command_line(
    bundle: Path, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "moments", str(bundle), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["departs_at"], found["untold"]) == (None, [])
    assert found["moments"][-1]["name"] == str(made.entries()[-1].sequence)
    assert main(["audit", "moments", str(bundle)]) == 0
    assert "Run by andon-" in capsys.readouterr().out
    at = found["moments"][0]["at"]
    assert main(["audit", "timeline", str(bundle), "--at", at]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"As entry {found['moments'][0]['name']} was written" in told


def test_which_build_ran_it_is_said(bundle: Path) -> None:
    with read_bundle(bundle) as (opened, _):
        assert "this is the build that ran it" in said_of_code(opened)


def pieces(*given: bytes, broken: bool = False) -> Iterator[bytes]:
    yield from given
    if broken:
        raise ConnectionError("the store went away")


def test_an_export_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    first = Staging(tmp_path / "out")
    first.stream("evidence/INC-20261121-aaaaaa/one", pieces(b"o", b"ne"))
    with pytest.raises(ConnectionError):
        first.stream("evidence/INC-20261121-aaaaaa/two", pieces(b"t", broken=True))
    again = Staging(tmp_path / "out")
    assert again.kept("evidence/INC-20261121-aaaaaa/one") == sha256(b"one")
    assert again.kept("evidence/INC-20261121-aaaaaa/two") is None
