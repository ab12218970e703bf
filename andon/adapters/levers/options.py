"""Which options a lever's kind knows, so that a mistyped one is refused when the file is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from andon.domain.containment import Lever
from andon.domain.errors import InvalidInputError
from andon.domain.proof import ARRIVAL, CACHE, LOOKS

OF_PROOF: Final = frozenset({CACHE, ARRIVAL, LOOKS, "flag", "span"})
"""Options of proof, and those that begin with `request_`: any lever may have them, and they are checked there."""

OF_PROOF: Final = frozenset(
    {
        "cache_seconds",
        "flag",
        "looks",
        "request_backlog",
        "request_body",
        "request_secret",
        "request_span",
        "request_stopped",
        "request_url",
        "span",
        "spans_seconds",
    }
)
"""Options that say how an effect is proven, whatever the kind; andon/domain/proof.py reads them."""


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
        unknown = sorted(set(given) - set(self.known) - OF_PROOF)
        if unknown:
            raise InvalidInputError(
                f"lever {lever.id}: {lever.adapter} knows no option {', '.join(unknown)}; "
                f"it knows: {', '.join(sorted(self.known))}"
            )
        missing = [one for one in self.needed if not given.get(one)]
        missing += [other for one, other in self.pairs.items() if one in given and not given.get(other)]
        if missing:
            raise InvalidInputError(f"lever {lever.id}: {lever.adapter} needs option {', '.join(missing)}")
