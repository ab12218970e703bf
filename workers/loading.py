"""Reads the code of workflows once per process, though the sandbox loads their modules anew for each run.

Where no bytecode is kept (containers often forbid it), each incident would otherwise compile all of it
again: 44 ms of a core instead of 10. It also keeps a running worker to the code it began with.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Final

PACKAGE: Final = "workflows"


class _Loader(SourceFileLoader):
    """Gives a module its code from memory."""

    _code: Final[dict[str, CodeType | None]] = {}

    def get_code(self, fullname: str) -> CodeType | None:
        if fullname not in self._code:
            self._code[fullname] = super().get_code(fullname)
        return self._code[fullname]


class _Finder(MetaPathFinder):
    """Finds the modules of one package where they were found the first time."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, list[str] | None]] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - importlib's signature
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != PACKAGE:
            return None
        if fullname not in self._found:
            spec = PathFinder.find_spec(fullname, path)
            if spec is None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
                return spec
            self._found[fullname] = (spec.origin, spec.submodule_search_locations)
        place, folders = self._found[fullname]
        return spec_from_file_location(
            fullname, place, loader=_Loader(fullname, place), submodule_search_locations=folders
        )


def read_workflows_once() -> None:
    """Have later imports of a workflow's module take its code from memory; a second call does nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
