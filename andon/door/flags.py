"""Which flags there are, and what each says: holds from the switch store over each system's normal state."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from andon.domain.containment import FLAG_SHAPES, FlagAnswer, Hold, Verb, answer_flag, flag_key
from andon.domain.system import AISystem
from andon.register.switches import Switches

THREADS: Final = 4


class Flags:
    """Answers for the flags of registered AI systems."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._normal: dict[str, bool | int] = {}
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="flags")
        """Evaluations run on these alone: a storm of detections must not hold them up."""

    def close(self) -> None:
        """Let go of the threads."""
        self.threads.shutdown(wait=False, cancel_futures=True)

    def register(self, systems: Iterable[AISystem]) -> None:
        """Serve the flags of these systems, and no others, from now on."""
        self._normal = {key: value for system in systems for key, value in normal_flags(system).items()}

    def add(self, system: AISystem) -> None:
        """Serve the flags of one more system."""
        self._normal = {**self._normal, **normal_flags(system)}

    def answer(self, key: str) -> FlagAnswer | None:
        """Return what a flag says; None: there is no such flag."""
        normal = self._normal.get(key)
        return None if normal is None else self._switches.answer(key, normal)

    def answers(self) -> list[FlagAnswer]:
        """Return what every flag says at one moment, in the order of the keys."""
        by_system: dict[str, list[Hold]] = {}
        for hold in self._switches.holds():
            by_system.setdefault(hold.lever.split(".", 1)[0], []).append(hold)
        return [
            answer_flag(key, by_system.get(key.split(".", 1)[0], ()), normal=normal)
            for key, normal in sorted(self._normal.items())
        ]


def normal_flags(system: AISystem) -> dict[str, bool | int]:
    """Return a system's flags and what they say when nothing holds them.

    The pause flag is always there: it stops a system whose file declares no lever at all.
    """
    flags: dict[str, bool | int] = {flag_key(system.id, Verb.PAUSE_SYSTEM): True}
    for lever in system.lever_list():
        if lever.adapter == "flag" and lever.verb in FLAG_SHAPES:
            flags[lever.id] = system.normal(lever.id)
    return flags
