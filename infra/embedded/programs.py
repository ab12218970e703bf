"""Where the server programs are: beside this Python, as their packages install them."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

from infra.embedded.errors import StackError


def program(distribution: str, name: str) -> str:
    """Return the full path of the program `name` that `distribution` installed.

    Raises:
        StackError: the package is missing or holds no such program.
    """
    candidates = [Path(sys.executable).with_name(name)]
    try:
        listed = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise StackError(f"the package {distribution} is not installed in {sys.prefix}") from error
    candidates += [Path(str(file.locate())).resolve() for file in listed if file.name == name]
    for candidate in candidates:
        if candidate.is_file():
            return str(candidate)
    raise StackError(f"the package {distribution} holds no program {name}; install it again")
