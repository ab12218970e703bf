"""The command line against all of Andon: pull the cord, decide, and prove it afterwards."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import andon

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
READY_WITHIN = 90.0
STOPPED_WITHIN = 40.0
TEMPORAL = Path(sys.executable).with_name("temporal")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All of Andon in a folder; gives the folder, with `ready.json` in it."""
    folder = tmp_path_factory.mktemp("stack")
    output = folder / "output.txt"
    words = ["up", "--data", str(folder / "data"), "--ready-file", str(folder / "ready.json")]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANDON_")}
    with output.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-P", "-m", "andon.cli.main", *words],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=inherited,
        )
    try:
        end = time.monotonic() + READY_WITHIN
        while not (folder / "ready.json").exists():
            assert running.poll() is None, output.read_text()
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.05)
        yield folder
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(STOPPED_WITHIN)
        finally:
            running.kill()


@pytest.fixture(scope="module")
def incident(stack: Path) -> str:
    """An incident that a person opened and two people stood down, one by a delivered statement."""
    answer = said(stack, "stop", "refund_desk", "--reason", "drill")
    assert (answer["outcome"], answer["contained"]) == ("opened", True)
    name = str(answer["incident"])
    drill = ["triage-1", "false_positive", "--reason", "a drill"]
    assert said(stack, "respond", name, *drill, "--as", "responder")["accepted"] is True
    signed = stack / "answer.json"
    andon("respond", name, *drill, "--as", "incident_lead", "--emit", signed, **at(stack, check=0))
    temporal(stack, "signal", name, "--name", "respond_signal", "--input-file", str(signed))
    andon("follow", name, "--timeout", "60", **at(stack, check=0))
    return name


def at(stack: Path, *, check: int) -> dict[str, Any]:
    return {"cwd": stack, "env": {"ANDON_READY": str(stack / "ready.json")}, "check": check}


def said(stack: Path, *words: str, check: int = 0) -> Any:
    return json.loads(andon(*words, "--json", **at(stack, check=check)).stdout)


def temporal(stack: Path, verb: str, incident: str, *more: str) -> bytes:
    """Run Temporal's own program on an incident's workflow, and return what it prints."""
    address = json.loads((stack / "ready.json").read_text())["temporal"]
    place = ["--address", address, "--namespace", "andon", "--workflow-id", f"incident/{incident}"]
    return subprocess.run(
        [TEMPORAL, "workflow", verb, *place, *more], check=True, capture_output=True, timeout=30
    ).stdout


def test_a_closed_incident_holds_live_and_offline(stack: Path, incident: str) -> None:
    live = said(stack, "audit", "verify", incident)
    outcomes = {step["title"]: step["outcome"] for step in live["steps"]}
    # There is no bundle yet and no earlier checkpoint, no authority is set, and nobody asked for a replay.
    assert {title for title, outcome in outcomes.items() if outcome == "not_checked"} == {
        *("package", "time stamp", "consistency", "replay")
    }
    assert set(outcomes.values()) == {"not_checked", "holds"}
    out, keys = stack / "one.zip", stack / "keys.json"
    andon("audit", "export", incident, out, "--trust-out", keys, **at(stack, check=0))
    offline = andon("audit", "verify", out, "--trust", keys, "--json", cwd=stack, check=0)
    assert json.loads(offline.stdout)["head"] == live["head"]


def test_its_histories_replay_live_and_from_what_temporal_shows(stack: Path, incident: str) -> None:
    live = said(stack, "audit", "replay", incident)
    assert [run["ok"] for run in live["runs"]] == [True] * len(live["runs"])
    assert len(live["runs"]) >= 2
    (stack / "run.json").write_bytes(temporal(stack, "show", incident, "--output", "json"))
    andon("audit", "replay", "--history", stack / "run.json", cwd=stack, check=0)


def test_an_answer_by_somebody_who_is_not_asked_ends_with_4(stack: Path) -> None:
    name = said(stack, "report", "refund_desk", "Too many refunds", "--wait", "10")["incident"]
    words = ["respond", name, "triage-1", "confirm", "--reason", "x", "--as", "legal"]
    assert "wrong_role" in andon(*words, **at(stack, check=4)).stderr
    assert name in {one["incident"] for one in said(stack, "decisions")["decisions"]}


def edited(stack: Path, change: str, incident: str) -> int:
    """Change the register behind everybody's back; return how many rows it took."""
    with closing(sqlite3.connect(stack / "data" / "register.db")) as register, register:
        return register.execute(change, (incident,)).rowcount


def test_one_changed_byte_in_the_register_is_named(stack: Path, incident: str) -> None:
    changed = "update ledger_entries set entry = replace(entry, '\"responder\"', '\"responded\"') "
    undone = "update ledger_entries set entry = replace(entry, '\"responded\"', '\"responder\"') "
    where = "where incident = ? and entry like '%response_accepted%'"
    assert edited(stack, changed + where, incident) == 2
    report = said(stack, "audit", "verify", incident, check=1)
    found = [(step["title"], one["where"]) for step in report["steps"] for one in step["findings"]]
    number = next(where.removeprefix("entry ") for title, where in found if title == "chain")
    assert ("locked copies", f"entry {number}") in found
    assert ("statements", f"entry {number}") in found
    edited(stack, undone + where, incident)
    assert said(stack, "audit", "verify", incident)["holds"] is True
