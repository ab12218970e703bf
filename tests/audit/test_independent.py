"""The page docs/reference/bundle.md is enough: a verifier written from it finds most forgeries too."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.audit import independent
from tests.audit.bundled import TRUST, Made
from tests.audit.forging import Scene
from tests.audit.test_forgeries import FORGERIES

PAGE = Path(__file__).parents[2] / "docs/reference/bundle.md"
KEYS = json.loads(TRUST.model_dump_json())
BEYOND = {
    *("judgement", "course", "consistency", "histories"),
    *("package", "evidence", "checkpoint", "head"),
}
"""Steps of which it leaves something out: answers judged again, the course, Temporal's format, witnesses."""
AT_LEAST = 60


def findings(path: Path, made: Made) -> list[str]:
    try:
        return independent.findings(path, KEYS, made.pinned)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        return [f"can't be read: {error!r}"]


def test_it_imports_nothing_of_andon() -> None:
    tree = ast.parse(Path(independent.__file__).read_text())
    names = {one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
    names |= {name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names}
    assert not {name.split(".")[0] for name in names} & {
        "andon",
        "workflows",
        "activities",
        "workers",
        "tests",
    }


def test_a_real_bundle_holds_for_it_too(bundle: Path, made: Made) -> None:
    assert findings(bundle, made) == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_it_finds_a_good_number_of_the_forgeries_too(bundle: Path, made: Made, tmp_path: Path) -> None:
    found: list[str] = []
    missed: list[str] = []
    for number, (name, forgery) in enumerate(FORGERIES.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = forgery.build(Scene(bundle, made, folder))
        if path.suffix != ".zip":
            (found if findings(path, made) else missed).append(name)
    print(f"{len(found)} of {len(found) + len(missed)} forgeries")
    assert len(found) >= AT_LEAST
    assert {FORGERIES[name].step.value for name in missed} <= BEYOND, missed


def test_the_worked_example_of_the_page_is_right() -> None:
    text = PAGE.read_text()
    example = text[text.index("## Worked example") :]
    blocks = re.findall(r"```text\n(.*?)```", example, re.DOTALL)
    (entry, digest), (leaf, hashed, root), (signed,) = (one.splitlines() for one in blocks)
    assert hashlib.sha256(entry.encode()).hexdigest() == digest
    whole = hashlib.sha256(b"\0" + leaf.encode()).digest()
    assert (whole.hex(), hashlib.sha256(b"\1" + whole + whole).hexdigest()) == (hashed, root)
    kind = b"application/vnd.andon.response.v1+json"
    assert hashlib.sha256(b"DSSEv1 %d %b 2 {}" % (len(kind), kind)).hexdigest() == signed
