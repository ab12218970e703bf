"""What a person who pulls the cord can stop: the flags of an AI system, and always the whole of it."""

from __future__ import annotations

from typing import Final

from andon.domain.containment import Lever, Verb, flag_key
from andon.domain.system import AISystem
from andon.domain.values import Slug

FLAG: Final[Slug] = "flag"
"""The adapter of the levers that the door sets by itself, with nothing else running."""
REASON_AT_MOST: Final = 2000


def pulled_by_hand(system: AISystem) -> tuple[Lever, ...]:
    """Return the levers that a stop can hold, the whole system first; one without such a flag is paused too.

    Single sessions are named by a digest that people do not have, and are no part of it.
    """
    flags = [
        lever
        for lever in system.lever_list()
        if lever.adapter == FLAG and lever.verb is not Verb.QUARANTINE_SESSION
    ]
    pauses = [lever for lever in flags if lever.verb is Verb.PAUSE_SYSTEM]
    others = [lever for lever in flags if lever.verb is not Verb.PAUSE_SYSTEM]
    return (*(pauses or [_pause(system)]), *others)


def _pause(system: AISystem) -> Lever:
    key = flag_key(system.id, Verb.PAUSE_SYSTEM)
    return Lever(id=key, adapter=FLAG, system=system.id, verb=Verb.PAUSE_SYSTEM)
