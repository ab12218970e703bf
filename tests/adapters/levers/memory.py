"""A lever whose vendor is a dictionary, and that can be told to misbehave as real ones do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from andon.adapters.levers.held import Seen
from andon.domain.containment import Hold, Lever
from andon.domain.errors import LeverAwayError


@dataclass
class MemoryPoint:
    """Keeps each lever's state; `on_put` and `on_look` may raise, or stand in for what would be done."""

    states: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    normals: dict[str, str] = field(default_factory=dict)
    away: bool = False
    on_put: Callable[[str, str], None] | None = None
    on_look: Callable[[str], Seen] | None = None

    async def read(self, lever: Lever) -> bytes:
        self._answer(lever)
        return json.dumps(self.states.get(lever.id, "free")).encode()

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:
        self._answer(lever)
        self.keys.append(key)
        if self.on_put is not None:
            self.on_put(lever.id, f"held/{hold.limit}")
        else:
            self.states[lever.id] = f"held/{hold.limit}"

    async def is_put(self, lever: Lever, hold: Hold) -> bool:
        self._answer(lever)
        return self.states.get(lever.id) == f"held/{hold.limit}"

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:
        self._answer(lever)
        self.keys.append(key)
        self.states[lever.id] = json.loads(resting)

    def normal(self, lever: Lever) -> bytes | None:
        named = self.normals.get(lever.id)
        return None if named is None else json.dumps(named).encode()

    async def look(self, lever: Lever, hold: Hold) -> Seen:
        self._answer(lever)
        if self.on_look is not None:
            return self.on_look(lever.id)
        state = self.states.get(lever.id, "free")
        return Seen(held=state == f"held/{hold.limit}", saw=state, via="memory")

    def _answer(self, lever: Lever) -> None:
        if self.away:
            raise LeverAwayError(lever.id, "refused")
