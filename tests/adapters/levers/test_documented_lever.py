"""The example in docs/reference/levers.md is a lever: it passes what every lever must, and is found."""

from __future__ import annotations

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
from tests.adapters.documented import Example
from tests.adapters.levers.contract import LeverContract, Subject

EXAMPLE = Example("levers.md", "stop_file_lever")
LISTING = """
from andon.adapters.levers import kinds
from andon.domain.containment import Lever
lever = Lever(id="batch.pause_system", adapter="stop_file", system="batch", verb="pause_system",
              options={"stop_file": "/run/stop", "journal": "/run/journal"})
kinds.check(lever)
print("stop_file" in kinds.names())
"""


@pytest.fixture
def example(tmp_path: Path) -> ModuleType:
    return EXAMPLE.load(tmp_path)


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


def test_its_entry_point_is_all_that_andon_needs_to_find_it(tmp_path: Path) -> None:
    EXAMPLE.load(tmp_path)
    assert EXAMPLE.installed_says(tmp_path, "andon.levers", LISTING) == "True\n"
