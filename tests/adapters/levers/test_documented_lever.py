"""The example in docs/reference/levers.md is a lever: it passes what every lever must, and is found."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import SecretStr

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.kinds import Means
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.config import LeverSettings
from andon.domain.containment import Lever, Verb
from andon.register.engine import Databases
from andon.register.held import HeldLevers
from andon.register.switches import Switches
from tests.adapters.levers.contract import LeverContract, Subject

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "levers.md").read_text("utf-8")
LISTING = """
from andon.adapters.levers import kinds
from andon.domain.containment import Lever
lever = Lever(id="batch.pause_system", adapter="stop_file", system="batch", verb="pause_system",
              options={"stop_file": "/run/stop", "journal": "/run/journal"})
kinds.check(lever)
print("stop_file" in kinds.names())
"""


def block(language: str) -> str:
    """The one example of its language after the title."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.partition("## Write your own")[2], re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def example(tmp_path: Path) -> ModuleType:
    file = tmp_path / "stop_file_lever.py"
    file.write_text(block("python"))
    spec = importlib.util.spec_from_file_location("stop_file_lever", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
class TestTheExample(LeverContract):
    @pytest.fixture
    def subject(self, example: ModuleType, tmp_path: Path, databases: Databases) -> Subject:
        stop, journal = tmp_path / "stop", tmp_path / "journal"
        journal.write_text("done\n")
        switches = Switches(databases.switches)
        means = Means(
            settings=LeverSettings(),
            switches=switches,
            held=HeldLevers(databases.switches),
            flags=FlagLever(switches, OpenFeatureProbe("http://127.0.0.1:1", SecretStr(""))),
        )
        lever = Lever(
            id="batch.pause_system",
            adapter="stop_file",
            system="batch",
            verb=Verb.PAUSE_SYSTEM,
            options={"stop_file": str(stop), "journal": str(journal)},
        )

        async def in_force() -> bool:
            return stop.exists()

        async def job() -> None:
            with journal.open("a") as written:
                written.write("stopped\n" if stop.exists() else "done\n")

        return Subject(control=example.KIND.make(means), lever=lever, in_force=in_force, settle=job)


def test_its_entry_point_is_all_that_andon_needs_to_find_it(example: ModuleType, tmp_path: Path) -> None:
    named = tmp_path / "stop_file_lever-1.dist-info"
    named.mkdir()
    (named / "METADATA").write_text("Metadata-Version: 2.1\nName: stop-file-lever\nVersion: 1\n")
    entry = block("toml").splitlines()
    assert entry[0] == '[project.entry-points."andon.levers"]'
    (named / "entry_points.txt").write_text("[andon.levers]\n" + entry[1].replace('"', "") + "\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ran = subprocess.run(
        [sys.executable, "-c", LISTING],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "True\n"), ran.stderr
