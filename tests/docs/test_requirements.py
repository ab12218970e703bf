"""The list of requirements: made from its data file, naming tests that exist."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.requirements import PAGE, ROOT, Requirement, page, problems, requirements


def example(**changes: object) -> Requirement:
    fields = {
        "id": "AAA-01",
        "area": "a",
        "priority": "P0",
        "wording": "Something is so.",
        "status": "done",
        "tests": ["tests/docs/test_requirements.py::test_the_page_is_made_from_the_data_file"],
    }
    return Requirement(**{**fields, **changes})


def test_the_page_is_made_from_the_data_file() -> None:
    assert PAGE.read_text("utf-8") == page(requirements()), "run tools/requirements.py"


def test_each_test_that_is_named_exists_and_each_claim_names_one() -> None:
    assert list(problems(requirements())) == []


def test_the_list_is_whole() -> None:
    wanted = requirements()
    assert len(wanted) == 154
    assert [one.area for one in wanted if one.id == "FIL-01"] == ["incident_file"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tests": []}, "names no test"),
        ({"status": "not yet"}, "not yet done"),
        ({"tests": ["tests/docs/test_requirements.py::test_gone"]}, "no test"),
        ({"tests": ["tests/docs/test_gone.py"]}, "no test"),
        ({"tests": ["tools/requirements.py"]}, "no test"),
    ],
)
def test_a_claim_that_nothing_shows_is_found(changes: dict[str, object], told: str) -> None:
    assert list(problems([example()], ROOT)) == []
    found = list(problems([example(**changes)], ROOT))
    assert len(found) == 1
    assert told in found[0]


def test_an_id_stands_once() -> None:
    assert list(problems([example(), example()], ROOT)) == ["AAA-01 stands 2 times"]


@pytest.mark.parametrize("tool", ["requirements.py", "settings_reference.py"])
def test_the_check_passes_on_the_page_that_is_committed(tool: str) -> None:
    subprocess.run([sys.executable, Path("tools") / tool, "--check"], cwd=ROOT, timeout=60, check=True)
