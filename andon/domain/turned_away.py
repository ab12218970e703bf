"""What counts as turned away when an AI system is sent a synthetic request, as its file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andon.domain.errors import InvalidInputError

WELL: Final = 300
"""Statuses below say that the request was worked on."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """One of some statuses, or a field of the answer that has a value."""

    statuses: frozenset[int]
    field: str = ""
    value: str = ""

    @classmethod
    def read(cls, text: str) -> TurnedAway:
        """Read `403,503` or `action=denied`; a field inside another is named `outcome.action`.

        Raises:
            InvalidInputError: it is neither.
        """
        name, equals, value = text.partition("=")
        if equals and name and value:
            return cls(frozenset(), name, value)
        words = [word.strip() for word in text.split(",")]
        if not all(word.isascii() and word.isdigit() and len(word) == 3 for word in words):
            raise InvalidInputError(
                f"request_stopped: {text!r} is neither statuses (403,503) nor a field with its value "
                "(action=denied)"
            )
        return cls(frozenset(int(word) for word in words))

    def says(self, status: int, found: str) -> bool | None:
        """Whether the request was turned away; `found` is the named field of the answer.

        None: it was not worked on either, for another reason.
        """
        if status in self.statuses or (self.field and status < WELL and found == self.value):
            return True
        return False if status < WELL else None
