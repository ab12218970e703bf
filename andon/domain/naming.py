"""Names within a policy: none is given twice, and none is spoken of that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from andon.domain.errors import InvalidInputError, UnknownTermError


def refuse_repeats(where: str, names: list[str]) -> None:
    """Raise `InvalidInputError` if a name is there more than once."""
    for name in names:
        if names.count(name) > 1:
            raise InvalidInputError(f"{where}: {name} is there more than once")


def refuse_strangers(where: str, names: Iterable[str], known: list[str]) -> None:
    """Raise `UnknownTermError` if a name is not a known one."""
    for name in names:
        if name not in known:
            raise UnknownTermError(where, name, known)
