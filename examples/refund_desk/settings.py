"""How the desk's own levers stand, in `levers.db`: one setting each, and whose hold put it there."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from examples.refund_desk.clock import utc_now

TABLES: Final = """
CREATE TABLE IF NOT EXISTS settings (
    lever TEXT PRIMARY KEY,
    setting TEXT,
    hold TEXT,
    changed_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS keys (
    key TEXT PRIMARY KEY,
    body_sha256 TEXT NOT NULL,
    answer TEXT NOT NULL,
    taken_at TEXT NOT NULL
);
"""

BUSY_SECONDS: Final = 10.0
ON: Final = "on"


class KeyReusedError(Exception):
    """An idempotency key came again with another request."""


@dataclass(frozen=True)
class Setting:
    """One lever: what it is set to, None at rest, and the hold that set it."""

    value: str | None = None
    hold: dict[str, Any] | None = None

    def told(self) -> dict[str, Any]:
        """Return it in the form of the lever contract."""
        return {"held": self.hold is not None, "hold": self.hold, "state": {"setting": self.value}}


class LeverBook:
    """The desk's levers on disk; safe for threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "levers.db"
        self._setting = threading.Lock()
        with closing(self._open()) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(TABLES)

    def read(self, lever: str) -> Setting:
        """Return how a lever stands."""
        with closing(self._open()) as db:
            row = db.execute("SELECT setting, hold FROM settings WHERE lever = ?", (lever,)).fetchone()
        return Setting(row[0], json.loads(row[1]) if row[1] else None) if row else Setting()

    def put(self, lever: str, setting: Setting, key: str) -> dict[str, Any]:
        """Set a lever and return how it stands; a repeat under the same key changes nothing.

        Raises:
            KeyReusedError: the key came before with something else.
        """
        asked = json.dumps([lever, setting.value, setting.hold], sort_keys=True)
        digest = hashlib.sha256(asked.encode()).hexdigest()
        with self._setting, closing(self._open()) as db:
            db.execute("BEGIN IMMEDIATE")
            earlier = db.execute("SELECT body_sha256, answer FROM keys WHERE key = ?", (key,)).fetchone()
            if earlier is not None:
                if earlier[0] != digest:
                    raise KeyReusedError(key)
                before: dict[str, Any] = json.loads(earlier[1])
                return before
            hold = json.dumps(setting.hold) if setting.hold is not None else None
            db.execute(
                "INSERT INTO settings (lever, setting, hold, changed_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (lever) DO UPDATE SET setting = excluded.setting, hold = excluded.hold,"
                " changed_at = excluded.changed_at",
                (lever, setting.value, hold, utc_now()),
            )
            answer = setting.told()
            db.execute("INSERT INTO keys VALUES (?, ?, ?, ?)", (key, digest, json.dumps(answer), utc_now()))
            db.execute("COMMIT")
        return answer

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
