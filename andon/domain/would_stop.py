"""Which requests a lever would have stopped, told from the spans that they left in the flight recorder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from andon.domain.containment import Lever, Verb
from andon.domain.mode import Foreseen
from andon.domain.values import Frozen, Instant

EVERYTHING: Final = frozenset({Verb.PAUSE_SYSTEM, Verb.SWITCH_TO_FALLBACK})
"""These stop each request, whatever it would have used."""
SPANS: Final = {Verb.DISABLE_TOOL: "execute_tool", Verb.BLOCK_SOURCE: "retrieval"}
"""How the GenAI conventions name the span of what the others stop, before its target."""


class SpanSeen(Frozen):
    """One span, as far as this needs it."""

    trace: str
    name: str
    start: Instant


def requests_stopped(spans: Iterable[SpanSeen], foreseen: Sequence[Foreseen]) -> dict[str, frozenset[str]]:
    """Return the traces of the requests each lever would have stopped, from when it would have been held.

    A lever of which spans tell nothing is left out: its count is not known, and never zero.
    """
    seen = tuple(spans)
    return {
        one.lever.id: frozenset(
            span.trace for span in seen if span.start >= one.since and _uses(span, one.lever)
        )
        for one in foreseen
        if one.lever.verb in EVERYTHING or one.lever.verb in SPANS
    }


def _uses(span: SpanSeen, lever: Lever) -> bool:
    if lever.verb in EVERYTHING:
        return True
    return span.name == (lever.options.get("span") or f"{SPANS[lever.verb]} {lever.target}")
