"""What doors said last, and for how long an application may go on by it."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from andon.client.doors import Answer

REMEMBERED: Final = 10_000
SECONDS_AT_MOST: Final = 3600
"""No answer is good for longer while no door is reached, whatever its metadata says."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and since when it stands."""

    answer: Answer
    asked_at: float

    def good(self, now: float) -> bool:
        """Whether an application may go on by it, as the AI system's own file says."""
        metadata = self.answer.metadata
        seconds = metadata.get("last_known_seconds", 0)
        if metadata.get("on_unreachable") != "last_known" or not isinstance(seconds, int):
            return False
        return now - self.asked_at <= min(seconds, SECONDS_AT_MOST)


class Memory:
    """The last answer for each flag and evaluation context, newest kept."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return a moment to remember an answer by: that of the question, which is before the answer."""
        return self._now()

    def keep(self, key: str, context: Mapping[str, Any], answer: Answer, asked_at: float) -> None:
        """Keep an answer, unless a question put later was answered sooner."""
        name = _name(key, context)
        with self._lock:
            before = self._kept.pop(name, None)
            newer = before is not None and before.asked_at > asked_at
            self._kept[name] = before if newer and before else Kept(answer, asked_at)
            while len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)

    def forget(self, key: str, context: Mapping[str, Any]) -> None:
        """Forget an answer: a door says that it is none any more."""
        with self._lock:
            self._kept.pop(_name(key, context), None)

    def last(self, key: str, context: Mapping[str, Any]) -> Kept | None:
        """Return the last answer, however old."""
        with self._lock:
            return self._kept.get(_name(key, context))


def _name(key: str, context: Mapping[str, Any]) -> str:
    return json.dumps([key, context], sort_keys=True, default=str)
