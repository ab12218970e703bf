"""The command line as a whole: what it offers, how fast, and how it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from andon.cli.main import NAMES
from tests.cli.running import andon

HEAVY = ("httpx", "boto3", "sqlalchemy", "fastapi", "temporalio", "pydantic", "apprise")


def test_the_overview_names_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    done = andon("--help", cwd=tmp_path, check=0)
    assert all(f" {name} " in done.stdout for name in NAMES)
    assert "Exit codes: 0 done" in done.stdout
    assert andon(cwd=tmp_path, check=0).stdout == done.stdout


def test_the_overview_loads_no_part_of_andon_that_is_slow_to_load(tmp_path: Path) -> None:
    program = (
        "import sys; from andon.cli.main import main; main(['--help']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", [one for one in NAMES if one not in {"door", "recorder", "console"}])
def test_each_command_explains_itself(name: str, tmp_path: Path) -> None:
    done = andon(name, "--help", cwd=tmp_path, check=0)
    assert f"Usage: andon {name}" in done.stdout


BAD = {
    "an unknown command": (["reprot"], "did you mean 'report'?"),
    "an unknown option before the command": (["--bogus"], "there is no option '--bogus'"),
    "an unknown option of a command": (["list", "--bogus"], "--bogus"),
    "a missing argument": (["show"], "INCIDENT"),
    "a missing option": (["stop", "refund_desk"], "--reason"),
    "a pair without its sign": (["report", "s", "t", "--fact", "x"], "--fact takes name=value"),
    "a pair given twice": (["report", "s", "t", "--fact", "x=1", "--fact", "x=2"], "given twice"),
    "a number that is none": (["list", "--limit", "many"], "--limit"),
    "a question for nobody": (["audit", "replay"], "name a bundle or an incident, or histories"),
    "a time without its zone": (["audit", "timeline", "INC-1", "--at", "2026-01-01T10:00:00"], "its zone"),
    "a file that is not there": (["audit", "verify", "nothing.json"], "there is no bundle"),
    "a terminal escape": (["\x1b[31mred"], "\\u001b[31mred"),
}


@pytest.mark.parametrize("name", BAD)
def test_input_that_cant_be_used_ends_with_2_and_says_why(name: str, tmp_path: Path) -> None:
    words, says = BAD[name]
    done = andon(*words, cwd=tmp_path, check=2)
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_without_any_andon_it_says_where_it_looked_and_ends_with_3(tmp_path: Path) -> None:
    done = andon("list", cwd=tmp_path, check=3)
    assert "no Andon found: .andon/ready.json is not there" in done.stderr
    assert "ANDON_CONSOLE_URL" in done.stderr


def test_settings_that_cant_be_used_are_named(tmp_path: Path) -> None:
    done = andon("migrate", cwd=tmp_path, env={"ANDON_DOOR__PORT": "many"}, check=2)
    assert "door.port" in done.stderr


def test_migrate_makes_the_databases_where_the_settings_say_and_may_be_repeated(tmp_path: Path) -> None:
    names = ("switches", "register", "recorder")
    env = {f"ANDON_DATABASES__{name.upper()}_URL": f"sqlite:///{tmp_path / name}.db" for name in names}
    andon("migrate", cwd=tmp_path, env=env, check=0)
    andon("migrate", cwd=tmp_path, env=env, check=0)
    assert {path.name for path in tmp_path.glob("*.db")} == {f"{name}.db" for name in names}


def test_migrate_makes_no_database_that_nobody_named(tmp_path: Path) -> None:
    env = {"ANDON_DATABASES__REGISTER_URL": f"sqlite:///{tmp_path}/register.db"}
    done = andon("migrate", cwd=tmp_path, env=env, check=2)
    assert "set ANDON_SETTINGS to the settings file" in done.stderr
    assert "ANDON_DATABASES__RECORDER_URL and ANDON_DATABASES__SWITCHES_URL" in done.stderr
    assert list(tmp_path.iterdir()) == []
