"""Which options a lever's kind knows, so that a mistyped one is refused when the file is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from andon.domain.containment import Lever
from andon.domain.errors import InvalidInputError
from andon.domain.proof import ARRIVAL, CACHE, LOOKS

OF_PROOF: Final = frozenset({CACHE, ARRIVAL, LOOKS, "flag", "span"})
"""Options of proof, and those that begin with `request_`: any lever may have them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The options of one kind and verb."""

    known: tuple[str, ...]
    needed: tuple[str, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)
    """Options that mean nothing without another one."""

    def check(self, lever: Lever) -> None:
        """Refuse options nobody reads, and the lack of those that are needed.

        Raises:
            InvalidInputError: the message names them.
        """
        given = lever.options
        unknown = sorted(
            one for one in set(given) - set(self.known) - OF_PROOF if not one.startswith("request_")
        )
        if unknown:
            raise InvalidInputError(
                f"lever {lever.id}: {lever.adapter} knows no option {', '.join(unknown)}; "
                f"it knows: {', '.join(sorted(self.known))}"
            )
        missing = [one for one in self.needed if not given.get(one)]
        missing += [other for one, other in self.pairs.items() if one in given and not given.get(other)]
        if missing:
            raise InvalidInputError(f"lever {lever.id}: {lever.adapter} needs option {', '.join(missing)}")
