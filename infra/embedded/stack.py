"""The embedded stack as a whole: what it is made of, its start, its ready file, its end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.embedded.credentials import Credentials, make_keys
from infra.embedded.folder import DataFolder, write_private_json
from infra.embedded.leftovers import reap
from infra.embedded.part import Part
from infra.embedded.ports import settle
from infra.embedded.progress import Display
from infra.embedded.python_parts import python_parts
from infra.embedded.settings_file import STORE, Policies, url, write_settings
from infra.embedded.store import Store
from infra.embedded.supervisor import supervise
from infra.embedded.temporal import temporal_part
from infra.embedded.tokens import Tokens, settle_tokens
from infra.embedded.weed import weed_part


@dataclass(frozen=True)
class Prepared:
    """A data folder made ready for a start: all that parts are built from."""

    folder: DataFolder
    ports: Mapping[str, int]
    credentials: Credentials
    tokens: Tokens
    display: Display
    inherited: Mapping[str, str]

    def store(self) -> Store:
        """Return the object store of this stack."""
        return Store(self.ports["s3"], STORE, self.credentials)

    def announcement(self, started_at: datetime) -> dict[str, Any]:
        """Return what the ready file says: where everything is, and how to sign in."""
        auditor = self.credentials.identities["auditor"]
        return {
            "pid": os.getpid(),
            "started_at": started_at.isoformat(),
            "door": url(self.ports["door"]),
            "ofrep": url(self.ports["door"]),
            "otlp": url(self.ports["recorder"]),
            "console": url(self.ports["console"]),
            "temporal": f"localhost:{self.ports['temporal']}",
            "temporal_ui": url(self.ports["temporal_ui"]),
            "s3": {
                "endpoint": url(self.ports["s3"]),
                "bucket": STORE.bucket,
                "access_key": auditor.access_key,
                "secret_key": auditor.secret_key,
            },
            "tokens": self.tokens.tokens,
            "people": self.tokens.people,
        }


PartsTable = Callable[[Prepared], Sequence[Part]]


def stores(prepared: Prepared) -> tuple[Part, ...]:
    """Return Temporal and SeaweedFS."""
    weed = weed_part(
        prepared.folder, prepared.ports, prepared.credentials, prepared.store(), prepared.display
    )
    return temporal_part(prepared.folder, prepared.ports), weed


def whole(prepared: Prepared) -> tuple[Part, ...]:
    """Return every part of Andon."""
    identities = prepared.credentials.identities
    return (
        *stores(prepared),
        *python_parts(prepared.folder, prepared.ports, prepared.inherited, identities),
    )


def prepare(
    folder: DataFolder, policies: Policies, display: Display, inherited: Mapping[str, str]
) -> Prepared:
    """End leftovers and settle ports, keys, tokens and settings; call it with the folder held.

    Raises:
        StackError: something in the folder can't be used.
    """
    for leftover in reap(folder):
        display.note(f"ended what an earlier run left: {leftover}")
    ports, moved = settle(folder)
    for line in moved:
        display.warn(line)
    make_keys(folder)
    credentials = Credentials.of(folder)
    tokens, notes = settle_tokens(folder, policies.people)
    for line in notes:
        display.warn(line)
    write_settings(folder, ports, credentials, policies, tokens.recorder)
    return Prepared(folder, ports, credentials, tokens, display, inherited)


async def run(
    prepared: Prepared,
    parts: Sequence[Part],
    *,
    ready_files: Sequence[Path],
    on_ready: Callable[[float], None],
) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP; a second signal kills it at once.

    Args:
        prepared: the data folder.
        parts: what to run.
        ready_files: written when all is ready, removed at the end.
        on_ready: called then, with the seconds that the start took.

    Raises:
        StackError: a part can't be brought up.
    """
    started_at, began = datetime.now(UTC), time.monotonic()

    def announce() -> None:
        for path in ready_files:
            write_private_json(path, prepared.announcement(started_at))
        on_ready(time.monotonic() - began)

    def withdraw() -> None:
        for path in ready_files:
            path.unlink(missing_ok=True)

    stop = _stop_on_signals(withdraw)
    try:
        await supervise(parts, prepared.folder, prepared.display, stop=stop, on_ready=announce, adopting=True)
    finally:
        withdraw()


def _stop_on_signals(withdraw: Callable[[], None]) -> asyncio.Event:
    stop = asyncio.Event()

    def asked() -> None:
        withdraw()
        if stop.is_set():
            os._exit(1)  # the kernel kills every part together with this program
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked)
    return stop
