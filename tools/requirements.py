"""Make docs/requirements.md from docs/requirements.yaml, or with --check say how they differ."""

from __future__ import annotations

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "docs" / "requirements.yaml"
PAGE: Final = ROOT / "docs" / "requirements.md"

HEAD: Final = """\
# Requirements

Made from [requirements.yaml](requirements.yaml) by `tools/requirements.py`; change that file, not this one.

P0 is the first usable release, P1 the whole of it, P2 valuable. *Done* means that everything the line says
holds and a test shows it; *partly* means that some of it does.
"""


class Status(StrEnum):
    """How far a requirement has come."""

    DONE = "done"
    PARTLY = "partly"
    NOT_YET = "not yet"


class Requirement(BaseModel):
    """One thing Andon must do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Z]{3}-[0-9]{2}$")
    area: str
    priority: str = Field(pattern=r"^P[012]$")
    wording: str = Field(min_length=10, max_length=240)
    status: Status
    tests: tuple[str, ...]


def requirements(source: Path = SOURCE) -> list[Requirement]:
    """Return the requirements in their order."""
    return [Requirement(**entry) for entry in yaml.safe_load(source.read_text("utf-8"))["requirements"]]


def page(wanted: list[Requirement]) -> str:
    """Return docs/requirements.md as it must be."""
    lines = [HEAD, *_counts(wanted)]
    for area, group in groupby(wanted, key=lambda one: one.area):
        lines += ["", f"## {area.replace('_', ' ').capitalize()}", "", "| id | | what | status | tests |"]
        lines += ["|---|---|---|---|---|", *(_row(one) for one in group)]
    return "\n".join(lines) + "\n"


def problems(wanted: list[Requirement], root: Path = ROOT) -> Iterator[str]:
    """Yield what is wrong with the file itself."""
    for name, count in Counter(one.id for one in wanted).items():
        if count > 1:
            yield f"{name} stands {count} times"
    for one in wanted:
        if one.status is not Status.NOT_YET and not one.tests:
            yield f"{one.id} is {one.status} but names no test"
        if one.status is Status.NOT_YET and one.tests:
            yield f"{one.id} names tests but is not yet done"
        yield from (f"{one.id}: there is no test {test}" for test in one.tests if not _exists(root, test))


def _counts(wanted: list[Requirement]) -> list[str]:
    lines = ["| priority | done | partly | not yet |", "|---|---|---|---|"]
    for priority in ("P0", "P1", "P2"):
        found = Counter(one.status for one in wanted if one.priority == priority)
        lines.append(f"| {priority} | " + " | ".join(str(found[status]) for status in Status) + " |")
    return lines


def _row(one: Requirement) -> str:
    tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in one.tests)
    status = f"**{one.status}**" if one.status is Status.DONE else one.status.value
    return f"| {one.id} | {one.priority} | {one.wording} | {status} | {tests} |"


def _exists(root: Path, test: str) -> bool:
    name, _, function = test.partition("::")
    path = root / name
    if not name.startswith("tests/") or not path.is_file():
        return False
    if not function:
        return True
    tree = ast.parse(path.read_text("utf-8"))
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function
        for node in ast.walk(tree)
    )


def main() -> int:
    """Write the page, or with --check change nothing; 0 if all is well, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if something is to be done")
    check = parser.parse_args().check
    wanted = requirements()
    found = list(problems(wanted))
    made = page(wanted)
    if not check:
        PAGE.write_text(made, "utf-8")
    elif not PAGE.is_file() or PAGE.read_text("utf-8") != made:
        found.append("docs/requirements.md differs from docs/requirements.yaml: run tools/requirements.py")
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
