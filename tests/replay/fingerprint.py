"""The shape of each workflow module: the commands it can send to Temporal, in source order.

A change of shape can break histories of open incidents. `python -m tests.replay.fingerprint`
writes the committed list anew, once that has been thought through.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

import workflows

COMMITTED = Path(__file__).with_name("fingerprints.json")
COMMANDS = frozenset(
    {
        "execute_activity_method",
        "execute_local_activity_method",
        "start_child_workflow",
        "continue_as_new",
        "upsert_search_attributes",
        "sleep",
        "wait_condition",
        "signal",
        "patched",
        "deprecate_patch",
    }
)


def shape(source: str) -> list[str]:
    """Return the commands of one module: what is called, and its first argument's name."""
    found: list[tuple[int, int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        timed = any(keyword.arg == "timeout" for keyword in node.keywords)
        if name not in COMMANDS or (name == "wait_condition" and not timed):
            continue
        subject = ast.unparse(node.args[0]) if node.args and name != "wait_condition" else ""
        found.append((node.lineno, node.col_offset, f"{name}({subject[:80]})"))
    return [call for *_, call in sorted(found)]


def shapes() -> dict[str, list[str]]:
    """Return the shape of every workflow module that sends commands."""
    folder = Path(workflows.__path__[0])
    found = {path.stem: shape(path.read_text()) for path in sorted(folder.glob("*.py"))}
    return {name: calls for name, calls in found.items() if calls}


if __name__ == "__main__":
    COMMITTED.write_text(json.dumps(shapes(), indent=1) + "\n")
