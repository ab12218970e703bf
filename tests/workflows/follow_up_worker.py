"""A worker that follows up on incidents and kills itself on the way; run by test_follow_up_kills."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.follow_up import LockedFollowUps
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.config import DatabaseSettings
from andon.domain.errors import StoreConflictError
from andon.domain.follow_up import Step
from andon.domain.notice import Notice
from andon.domain.values import sha256
from andon.ports import ObjectReceipt
from andon.register.access_chain import AccessChain
from andon.register.engine import open_databases
from andon.register.follow_ups import FollowUps
from workers.compose import worker_for
from workers.follow_up import follow_up_duty

KILLS: Final = frozenset(
    {
        ("written", "begun"),
        ("before", "change-1/change_reminded"),
        ("told", "change-1/change_reminded"),
        ("written", "change-1/done"),
        ("locked", "recurrence/30"),
        ("locked", "ended"),
    }
)
"""Where it dies, once each: before anything of a step is done, with its entry in the register and not locked,
with it locked and nobody told, and with all done and not reported."""


def databases_in(folder: Path) -> DatabaseSettings:
    """Return the databases of a folder."""
    return DatabaseSettings(
        **{f"{one}_url": f"sqlite:///{folder}/{one}.db" for one in ("switches", "register", "recorder")}
    )


class FolderStore(MemoryEvidenceStore):
    """Write-once storage in a folder, which outlives the worker."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    async def put(self, key: str, content: bytes, **more: Any) -> ObjectReceipt:
        """Store `content` unless something stands there."""
        path = self._folder / key.replace("/", "_")
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            if (standing := path.read_bytes()) != content:
                raise StoreConflictError(key, sha256(standing)) from None
        return await super().put(key, content, **more)


class Doomed:
    """Dies by SIGKILL where it is to, once each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def at(self, point: str, key: str) -> None:
        """Die here, unless that was done before."""
        mark = self._folder / f"killed-{point}-{key.replace('/', '_')}"
        if (point, key) in KILLS and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedLog(LockedAccessLog):
    """Locks the chain, and dies before it does."""

    def __init__(self, store: FolderStore, chain: AccessChain, doom: Doomed) -> None:
        super().__init__(store, chain)
        self.doom, self.key = doom, ""

    async def lock(self, incident: str) -> None:
        """Die with the entry in the register alone, and at the next attempt bring it to rest."""
        self.doom.at("written", self.key)
        await super().lock(incident)


class DoomedFollowUps(LockedFollowUps):
    """Records steps, and dies at each point."""

    def __init__(self, follow_ups: FollowUps, log: DoomedLog) -> None:
        super().__init__(follow_ups, log)
        self._log = log

    async def record(self, step: Step) -> None:
        """Die before, or after; in between it is done as always."""
        self._log.doom.at("before", step.key)
        self._log.key = step.key
        await super().record(step)
        self._log.doom.at("locked", step.key)


class Outbox:
    """Notes what is posted, a line each, and dies before that is reported."""

    def __init__(self, folder: Path, log: DoomedLog) -> None:
        self._file, self._log = folder / "posted.txt", log

    async def post(self, notices: Sequence[Notice]) -> None:
        """Note each."""
        with self._file.open("a") as file:
            file.writelines(f"{notice.id}\n" for notice in notices)
        self._log.doom.at("told", self._log.key)


async def serve(address: str, queue: str, folder: Path) -> None:
    """Serve a queue until killed."""
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    register, doom = open_databases(databases_in(folder)).register, Doomed(folder)
    log = DoomedLog(FolderStore(folder), AccessChain(register), doom)
    duty = follow_up_duty(DoomedFollowUps(FollowUps(register), log), Outbox(folder, log), queue)
    async with worker_for(client, duty):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
