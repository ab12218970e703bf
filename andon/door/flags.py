"""Which flags there are, and what each says: holds from the switch store over each system's normal state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from andon.domain.containment import (
    FLAG_SHAPES,
    TARGETING_MATCH,
    FlagAnswer,
    Hold,
    Verb,
    answer_flag,
    flag_key,
    session_flag,
)
from andon.domain.share import TARGETING_KEY
from andon.domain.system import AISystem, Unreachable
from andon.domain.values import digest_of
from andon.door.session_digests import SessionDigests
from andon.register.switches import Switches

THREADS: Final = 4
DENY: Final = Unreachable(then="deny", seconds=0)


class NobodyNamedError(Exception):
    """A flag of sessions was asked without saying which session: the request has no targeting key."""


class Flags:
    """Answers for the flags of registered AI systems."""

    def __init__(self, switches: Switches, sessions: SessionDigests) -> None:
        self._switches = switches
        self._sessions = sessions
        self._normal: dict[str, bool | int] = {}
        self._unreachable: dict[str, Unreachable] = {}
        self._digest = ""
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="flags")
        """Evaluations run on these alone: a storm of detections must not hold them up."""

    def close(self) -> None:
        """Let go of the threads."""
        self.threads.shutdown(wait=False, cancel_futures=True)

    def register(self, systems: Iterable[AISystem]) -> None:
        """Serve the flags of these systems, and no others, from now on."""
        known = list(systems)
        normal = {key: value for system in known for key, value in normal_flags(system).items()}
        self._serve(normal, {system.id: system.on_unreachable or DENY for system in known})

    def add(self, system: AISystem) -> None:
        """Serve the flags of one more system."""
        unreachable = {**self._unreachable, system.id: system.on_unreachable or DENY}
        self._serve({**self._normal, **normal_flags(system)}, unreachable)

    def version(self) -> str:
        """Return what changes whenever an answer may: the same at every door of an installation."""
        if not self._digest:
            said = {system: one.model_dump(mode="json") for system, one in self._unreachable.items()}
            self._digest = digest_of({"normal": dict(self._normal), "unreachable": said})[:12]
        return f"{self._switches.version()}.{self._digest}"

    def unreachable(self, key: str) -> Unreachable:
        """Return what applications are to do with a flag while no door answers."""
        return self._unreachable.get(key.split(".", 1)[0], DENY)

    def answer(self, key: str, context: Mapping[str, object] | None = None) -> FlagAnswer | None:
        """Return what a flag says to a request with this context; None: there is no such flag.

        Raises:
            NobodyNamedError: it is a flag of sessions, and the context names none.
        """
        normal = self._normal.get(key)
        if normal is None:
            return None
        system = key.split(".", 1)[0]
        if key == session_flag(system):
            return self._of_session(system, self._switches.holds(system), context or {})
        return self._switches.answer(key, normal, context)

    def answers(self, context: Mapping[str, object] | None = None) -> list[FlagAnswer | str]:
        """Return what every flag says at one moment, in the order of the keys.

        A flag of sessions is given by its key alone if the context names no session.
        """
        by_system: dict[str, list[Hold]] = {}
        for hold in self._switches.holds():
            by_system.setdefault(hold.lever.split(".", 1)[0], []).append(hold)
        return [
            self._one_of_all(key, by_system.get(key.split(".", 1)[0], ()), normal, context or {})
            for key, normal in sorted(self._normal.items())
        ]

    def _serve(self, normal: dict[str, bool | int], unreachable: dict[str, Unreachable]) -> None:
        if (normal, unreachable) != (self._normal, self._unreachable):
            self._normal, self._unreachable, self._digest = normal, unreachable, ""

    def _one_of_all(
        self,
        key: str,
        holds: Sequence[Hold],
        normal: bool | int,  # noqa: FBT001 - a flag's value, not a switch
        context: Mapping[str, object],
    ) -> FlagAnswer | str:
        system = key.split(".", 1)[0]
        if key != session_flag(system):
            return answer_flag(key, holds, normal=normal, context=context)
        try:
            return self._of_session(system, holds, context)
        except NobodyNamedError:
            return key

    def _of_session(self, system: str, holds: Sequence[Hold], context: Mapping[str, object]) -> FlagAnswer:
        named = context.get(TARGETING_KEY)
        if not isinstance(named, str) or not named:
            raise NobodyNamedError(system)
        own = flag_key(system, Verb.QUARANTINE_SESSION, self._sessions.sought(system, named))
        found = answer_flag(own, holds, normal=True, context=context)
        matched = any(hold.lever == own for hold in found.holds)
        reason = TARGETING_MATCH if matched else found.reason
        return found.model_copy(update={"key": session_flag(system), "reason": reason})


def normal_flags(system: AISystem) -> dict[str, bool | int]:
    """Return a system's flags and what they say when nothing holds them.

    The pause flag is always there: it stops a system whose file declares no lever at all.
    """
    flags: dict[str, bool | int] = {flag_key(system.id, Verb.PAUSE_SYSTEM): True}
    for lever in system.lever_list():
        if lever.adapter == "flag" and lever.verb in FLAG_SHAPES:
            flags[lever.id] = system.normal(lever.id)
    return flags
