"""Options that a kind of source or evaluator takes, and what a file may write of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from andon.domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a kind."""

    meaning: str
    needed: bool = False


def check_options(given: Mapping[str, str], known: Mapping[str, Option], *, place: str, kind: str) -> None:
    """Refuse options that a kind does not know, and those that it needs and does not get.

    Raises:
        InvalidInputError: the message begins with the place in the file, and names what to change.
    """
    unknown = sorted(set(given) - set(known))
    if unknown:
        knows = ", ".join(sorted(known)) or "none"
        raise InvalidInputError(f"{place}: {kind} knows no option {', '.join(unknown)}; it knows: {knows}")
    missing = [name for name, one in known.items() if one.needed and not given.get(name)]
    if missing:
        raise InvalidInputError(f"{place}: {kind} needs option {', '.join(missing)}")
