"""One JSON object a line on standard error. Bodies, headers and tokens are never logged."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

EXTRA: Final = ("request_id", "method", "path", "status", "ms", "person", "incident", "order", "count")


class JsonLines(logging.Formatter):
    """Formats a record as one line of ASCII JSON with a fixed set of fields; nothing acts on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; line breaks in a message can't start a line of their own."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: getattr(record, name) for name in EXTRA if hasattr(record, name)})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def set_up_logging(level: str) -> None:
    """Send every log record of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("httpx", "httpcore", "urllib3", "alembic", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
