"""What one request for a page is: asked for by a person, or by their open page because something changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

BY_ITSELF: Final = "andon-live"
"""The header of a page that fetches itself again. Nobody looked: it prolongs no session and opens nothing."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page."""

    by_itself: bool = False
    token: str | None = None
    """The state of what the page shows, read before the page was; None if the page does not live."""
    now_ms: int | None = None
    """The server's clock, in milliseconds since 1970."""


_VISIT: Final[ContextVar[Visit | None]] = ContextVar("visit", default=None)
_UNKNOWN: Final = Visit()


def visit() -> Visit:
    """Return the request that is answered just now."""
    return _VISIT.get() or _UNKNOWN


@contextmanager
def visiting(one: Visit) -> Iterator[None]:
    """Answer one request within the block."""
    token = _VISIT.set(one)
    try:
        yield
    finally:
        _VISIT.reset(token)
