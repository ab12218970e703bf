"""No interface deletes an incident or any part of its record: failures are not hidden."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import andon
from andon.cli.main import COMMANDS
from tests.access.table import CONSOLE_API

RECORD = frozenset(
    {
        "archives",
        "checkpoints",
        "detections",
        "evidence_gaps",
        "evidence_items",
        "incidents",
        "ledger_entries",
        "log_heads",
        "log_leaves",
        "log_nodes",
        "manifests",
        "statements",
    }
)
"""Tables that hold what happened."""

ROOT = Path(next(iter(andon.__path__)))


def test_no_request_deletes_anything_of_an_incident() -> None:
    deleting = {request for request in CONSOLE_API if request.startswith("DELETE ")}
    assert deleting
    for word in ("incident", "detection", "ledger", "evidence", "statement", "log"):
        assert not [request for request in deleting if f"/{word}" in request], word


def test_no_command_deletes_an_incident() -> None:
    names = [name for name, *_ in COMMANDS]
    assert not [name for name in names if any(word in name for word in ("delete", "remove", "purge", "drop"))]


@pytest.mark.parametrize("table", sorted(RECORD))
def test_no_query_deletes_from_what_happened(table: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted(ROOT.rglob("*.py"))
        if table in (text := path.read_text())
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and _deletes(call, table)
    ]
    assert found == []


def _deletes(call: ast.Call, table: str) -> bool:
    """Whether a call is `delete(<table>)` or `<table>.delete()`."""
    named = [one.id for one in call.args if isinstance(one, ast.Name)]
    if isinstance(call.func, ast.Name) and call.func.id == "delete":
        return table in named
    on = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "delete" else None
    return isinstance(on, ast.Name) and on.id == table
