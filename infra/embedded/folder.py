"""The data folder: where everything of the embedded stack is kept, and who may use it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.embedded.errors import FolderInUseError, StackError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path` by rename, readable by this user only.

    A reader sees the old bytes or the new ones, and a crash leaves one of the two.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(descriptor)
    beside.replace(path)


def write_private_json(path: Path, value: Any) -> None:
    """Put `value` at `path` as JSON, as `write_private` does."""
    write_private(path, (json.dumps(value, indent=1) + "\n").encode())


def read_json(path: Path) -> Any:
    """Return the JSON value at `path`, or None when there is no such file.

    Raises:
        StackError: the file is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StackError(f"{path} is damaged ({error}); restore it or remove it") from error


class DataFolder:
    """Names the places inside the data folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.lock = self.root / "lock"
        self.settings = self.root / "settings.json"
        self.secrets = self.root / "secrets.json"
        self.tokens = self.root / "tokens.json"
        self.token_hashes = self.root / "token_hashes.json"
        self.capabilities = self.root / "capabilities.json"
        self.ports = self.root / "ports.json"
        self.ready = self.root / "ready.json"
        self.keys = self.root / "keys"
        self.run = self.root / "run"
        self.logs = self.root / "logs"
        self.weed = self.root / "weed"
        self.register = self.root / "register.db"
        self.temporal_database = self.root / "temporal.db"
        self.started_parts = self.run / "parts.json"

    def worker_ready(self, part: str) -> Path:
        """Return the file that a worker writes, by rename, when it polls its queue."""
        return self.run / f"{part}.ready"

    def make(self) -> None:
        """Make the folder and its subfolders, for this user only.

        Raises:
            StackError: the folder holds something that Andon did not put there.
        """
        if self.root.is_dir() and any(self.root.iterdir()) and not self.lock.exists():
            raise StackError(f"{self.root} is not empty and is no data folder of Andon; name another one")
        for folder in (self.root, self.keys, self.run, self.logs, self.weed):
            folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            folder.chmod(PRIVATE_FOLDER)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this program; the kernel lets go of it however the program ends.

        Raises:
            FolderInUseError: another program holds it.
        """
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                raise FolderInUseError(self.root, holder) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)
