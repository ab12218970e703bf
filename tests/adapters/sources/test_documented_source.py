"""The page on evidence sources tells the truth: its example is one, and its tables are the kinds' own."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from andon.adapters.sources.kinds import KINDS, check
from andon.config import SourceSettings
from andon.domain.evidence import GapReason
from andon.domain.system import EvidencePlaces
from tests.adapters.documented import Example
from tests.adapters.sources.asked import came_of, entry, means
from tests.adapters.sources.contract import SourceContract, Subject

EXAMPLE = Example("evidence-sources.md", "ticket_source")
PAGE = EXAMPLE.text
LISTING = """
from andon.adapters.sources import kinds
from andon.domain.system import SourceEntry
kinds.check(SourceEntry(id="desk", kind="tickets", supplies=("complaint",), options={"folder": "desk"}))
print("tickets" in kinds.KINDS.names())
"""


@pytest.fixture
def example(tmp_path: Path) -> ModuleType:
    return EXAMPLE.load(tmp_path)


class TestTheExample(SourceContract):
    @pytest.fixture
    def subject(self, example: ModuleType, tmp_path: Path) -> Subject:
        folder = tmp_path / "tickets"
        folder.mkdir()
        for number in (1001, 1002):
            filed = {"filed": datetime.now(UTC).isoformat(), "text": "I was paid twice."}
            (folder / f"{number}.json").write_text(json.dumps(filed))

        def away() -> None:
            folder.rename(tmp_path / "elsewhere")

        return Subject(
            kind=example.KIND,
            entry=entry("tickets", "complaint", options={"folder": "desk"}),
            means=means(SourceSettings(folders={"desk": folder})),
            take_away=away,
        )


@pytest.mark.long
def test_its_entry_point_is_all_that_andon_needs_to_find_it(tmp_path: Path) -> None:
    EXAMPLE.load(tmp_path)
    assert EXAMPLE.installed_says(tmp_path, "andon.sources", LISTING) == "True\n"


@pytest.mark.parametrize("name", KINDS.names())
def test_every_kind_is_documented_with_the_options_it_takes(name: str) -> None:
    section = PAGE.partition(f"### {name}\n")[2].partition("\n#")[0]
    for option, one in KINDS.load(name).options.items():
        assert f"| `{option}` | {'yes' if one.needed else 'no'} | {one.meaning} |" in section


async def test_the_first_example_is_a_file_that_is_accepted() -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    places = EvidencePlaces.model_validate(yaml.safe_load(found[1])["evidence"])
    for source in places.sources:
        check(source)
        assert {gap.reason for gap in (await came_of(source, means())).gaps} == {GapReason.NOT_CONFIGURED}


def test_every_reason_for_a_gap_is_explained() -> None:
    for reason in GapReason:
        assert f"| `{reason}` |" in PAGE
