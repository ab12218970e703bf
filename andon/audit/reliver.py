"""Replays as a program of its own: asked line by line on its input, it answers line by line.

Started as `python -I -m andon.audit.reliver` by a console, whose own answers must not wait for a replay. A
line is an object of JSON: `incident`, and either `temporal` with `namespace`, or `archive`, the objects of
its newest archive by key. The answer is `relived`, or `problem`: `not_found`, `away` or `unusable`.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import sys
import threading
from collections.abc import Sequence
from typing import Any, BinaryIO, Final

from temporalio.client import WorkflowHistory
from temporalio.service import RPCError

from andon.audit.archived import read_archive
from andon.audit.moments import relive
from andon.audit.replay import histories, replayer_of
from andon.domain.errors import AndonError, NotFoundError
from andon.domain.relived import Relived

NICE: Final = 10
"""Whoever answers people goes first."""
ANSWERS: Final = 50
"""After so many it ends, and is started again when it is needed: what the SDK keeps can't grow for ever."""
EVENTS_AT_MOST: Final = 200_000
TEXT_AT_MOST: Final = 500


def main() -> int:
    """Answer until there are no more questions."""
    out = os.fdopen(os.dup(1), "wb")
    # The SDK's core writes its log to the standard output.
    os.dup2(2, 1)
    os.nice(NICE)
    replayer_of()  # loads what is needed, while the first question is on its way
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, lines), daemon=True).start()
    for _ in range(ANSWERS):
        out.write(json.dumps(asyncio.run(_answer(json.loads(lines.get())))).encode() + b"\n")
        out.flush()
    return 0


def _read(given: BinaryIO, lines: queue.SimpleQueue[bytes]) -> None:
    """Pass on what is asked; once nobody is there to ask, end at once, in the midst of a replay too."""
    for line in given:
        lines.put(line)
    os._exit(0)


async def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"relived": (await _relived(asked)).model_dump(mode="json")}
    except NotFoundError as error:
        return {"problem": "not_found", "detail": str(error)[:TEXT_AT_MOST]}
    except (RPCError, RuntimeError, OSError) as error:
        return {"problem": "away", "detail": str(error)[:TEXT_AT_MOST]}
    except AndonError as error:
        return {"problem": "unusable", "detail": str(error)[:TEXT_AT_MOST]}


async def _relived(asked: dict[str, Any]) -> Relived:
    incident, namespace = str(asked["incident"]), str(asked["namespace"])
    objects = asked.get("archive")
    if objects is None:
        runs = [one async for one in histories(str(asked["temporal"]), incident, namespace)]
        return await relive(_bounded(runs), namespace)
    found = read_archive(incident, objects, lambda key: str(objects[key]).encode())
    return await relive(_bounded(found.histories), namespace, source=found.key)


def _bounded(runs: Sequence[WorkflowHistory]) -> Sequence[WorkflowHistory]:
    if sum(len(one.events) for one in runs) > EVENTS_AT_MOST:
        raise AndonError(f"more than {EVENTS_AT_MOST} events: replay them with `andon audit moments`")
    return runs


if __name__ == "__main__":
    sys.exit(main())
