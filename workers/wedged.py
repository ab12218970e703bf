"""A worker that can't let go of a workflow ends, so that whoever supervises it starts another.

The SDK tears a workflow down before it forgets it. Where that fails it tries again for ever: the slot stays
taken, and once the cache is full the worker takes no workflow task at all, while its process lives on.
Seen with `temporalio` 1.35, after a collection of garbage that the SDK took for a deadlock and interrupted.
It says so in its log and nowhere else.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Final

SDK: Final = "temporalio.worker._workflow"
SAYS: Final = "Failed running eviction job"
EX_SOFTWARE: Final = 70
"""As in sysexits.h: an internal error."""

log = logging.getLogger(__name__)


class EndsWhenWedged(logging.Handler):
    """Ends the process at once when the SDK says so; what it was at is done again by the next one."""

    def __init__(self, end: Callable[[int], object] = os._exit) -> None:
        super().__init__(logging.ERROR)
        self._end = end

    def emit(self, record: logging.LogRecord) -> None:
        """End, if this is it."""
        if str(record.msg).startswith(SAYS):
            log.critical("a workflow can't be evicted: this worker ends, so that another takes over")
            self._end(EX_SOFTWARE)


def end_when_wedged() -> None:
    """Look out for it in this process from now on."""
    logging.getLogger(SDK).addHandler(EndsWhenWedged())
