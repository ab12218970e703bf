"""A worker that kills itself once at each boundary of a lever's calls; run by test_lever_kills."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.levers.kinds import Means
from andon.adapters.levers.service import ServicePoint
from andon.adapters.proofs.proven import ProvenLever
from andon.adapters.store.ledger import LockedLedger
from andon.config import DatabaseSettings
from andon.domain.containment import Hold, Lever
from andon.domain.errors import NotFoundError, StoreConflictError
from andon.domain.values import sha256
from andon.register.engine import Databases, open_databases
from andon.register.held import HeldLevers
from andon.register.ledger import Ledger
from tests.adapters.levers.means import means_for
from tests.adapters.levers.vendor import TOKEN
from tests.workflows.case import Parts
from workers.compose import evaluation_duty, evidence_duty, notices_duty, respond_duty, worker_for
from workers.outbox import TemporalOutbox

CALLS: Final = ("capture", "intend", "put", "note", "look", "let_go", "restore", "note_release")
BOUNDARIES: Final = tuple(f"{side}_{call}" for call in CALLS for side in ("before", "after"))


def settings_in(folder: Path) -> DatabaseSettings:
    """Return the three databases of a folder."""
    return DatabaseSettings(
        **{f"{one}_url": f"sqlite:///{folder}/{one}.db" for one in ("switches", "register", "recorder")}
    )


class Fate:
    """Lets each boundary be passed from the second time on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def reach(self, boundary: str) -> None:
        """Die here, if nobody has died here before."""
        try:
            (self._folder / boundary).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


class MortalPoint(ServicePoint):
    """The adapter's own calls, each between two boundaries."""

    def __init__(self, means: Means, fate: Fate) -> None:
        super().__init__(means)
        self._fate = fate

    async def read(self, lever: Lever) -> bytes:
        self._fate.reach("before_capture")
        found = await super().read(lever)
        self._fate.reach("after_capture")
        return found

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:
        self._fate.reach("before_put")
        await super().put(lever, hold, key)
        self._fate.reach("after_put")

    async def look(self, lever: Lever, hold: Hold) -> Seen:
        self._fate.reach("before_look")
        found = await super().look(lever, hold)
        self._fate.reach("after_look")
        return found

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:
        self._fate.reach("before_restore")
        await super().restore(lever, resting, key)
        self._fate.reach("after_restore")


class MortalHolds(HeldLevers):
    """The record of holds, each transaction between two boundaries."""

    def __init__(self, databases: Databases, fate: Fate) -> None:
        super().__init__(databases.switches)
        self._fate = fate

    def intend(self, *args: Any, **named: Any) -> None:
        self._fate.reach("before_intend")
        super().intend(*args, **named)
        self._fate.reach("after_intend")

    def let_go_of(self, order: str, *, at: datetime) -> bool:
        self._fate.reach("before_let_go")
        taken_off = super().let_go_of(order, at=at)
        self._fate.reach("after_let_go")
        return taken_off

    def note(self, lever: str, order: str, key: str, verb: str, *, at: datetime) -> None:
        call = "note_release" if verb == "release" else "note"
        self._fate.reach(f"before_{call}")
        super().note(lever, order, key, verb, at=at)
        self._fate.reach(f"after_{call}")


class FolderStore:
    """Ledger batches in files: they outlive the process, and none is written twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, key: str, content: bytes, *, content_type: str) -> None:
        path = self._folder / key
        if path.is_file():
            if path.read_bytes() != content:
                raise StoreConflictError(key, sha256(path.read_bytes()))
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting = path.with_suffix(f".{os.getpid()}")
        waiting.write_bytes(content)
        waiting.replace(path)

    async def get(self, key: str) -> bytes:
        path = self._folder / key
        if not path.is_file():
            raise NotFoundError("object", key)
        return path.read_bytes()

    async def keys(self, prefix: str) -> list[str]:
        found = (self._folder / prefix).rglob("*.jsonl")
        return sorted(str(path.relative_to(self._folder)) for path in found)


async def serve(address: str, folder: Path, vendor: str) -> None:
    """Serve every queue until killed."""
    databases = open_databases(settings_in(folder))
    fate = Fate(folder / "deaths")
    means = means_for(databases, vendor.removeprefix("http://"), secrets={"token": TOKEN})
    held = MortalHolds(databases, fate)
    parts: Any = Parts()
    parts.levers = {"http": ProvenLever(HeldLever(MortalPoint(means, fate), held), held.changed_at, {})}
    parts.ledger = LockedLedger(FolderStore(folder / "locked"), Ledger(databases.register))  # type: ignore[arg-type] # has what a ledger needs
    parts.statements = parts.ledger
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    duties = (
        respond_duty(parts, TemporalOutbox(client)),
        notices_duty(parts),
        evidence_duty(parts),
        evaluation_duty(parts),
    )
    async with AsyncExitStack() as workers:
        for duty in duties:
            await workers.enter_async_context(worker_for(client, duty))
        await asyncio.Event().wait()


def keep_serving(address: str, folder: Path, vendor: str) -> int:
    """Fork a worker, and another whenever one has been killed; to load everything anew takes seconds."""
    child = 0

    def end(*_: object) -> None:
        if child:
            os.kill(child, signal.SIGKILL)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            asyncio.run(serve(address, folder, vendor))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != -signal.SIGKILL:
            return code or 1


if __name__ == "__main__":
    sys.exit(keep_serving(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
