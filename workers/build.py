"""Which code a worker runs, as Temporal shows it beside each workflow task."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

DECIDING: Final = ("workflows", "activities", "andon.domain")
"""Packages whose code decides what a workflow does."""


@cache
def build_id() -> str:
    """Return the release and a digest of the code that decides; the same code gives the same id.

    Left to itself the SDK hashes every module that happens to be loaded: half a second of a core at
    each start, and another id for each order of imports.
    """
    seen = hashlib.sha256()
    for package in DECIDING:
        for module in sorted(files(package).iterdir(), key=_name):
            if module.name.endswith(".py"):
                seen.update(module.name.encode() + b"\0" + module.read_bytes())
    return f"andon-{version('andon')}-{seen.hexdigest()[:16]}"


def _name(module: Traversable) -> str:
    return module.name
