"""The same report sent twice under one key: one receipt, and the answer as things stand by then."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakValueDictionary

from sqlalchemy.exc import SQLAlchemyError

from andon.door.answers import Answer
from andon.register.detections import Detection, Detections

BYTES: Final = 12


class Repeats:
    """Lets each keyed report through once."""

    def __init__(self, detections: Detections, stands: Callable[[Detection], Awaitable[Answer]]) -> None:
        self._detections = detections
        self._stands = stands
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def once(self, receipt: str, take: Callable[[], Awaitable[Answer]]) -> Answer:
        """Take a report, unless the register holds one under its receipt."""
        async with self._turns.setdefault(receipt, asyncio.Lock()):
            try:
                kept = await asyncio.to_thread(self._detections.get, receipt)
            except SQLAlchemyError:
                kept = None  # it is taken into the spool, and found again when that is drained
            return await (self._stands(kept) if kept else take())


def receipt_of(source: str, key: str, body: bytes) -> str:
    """Return the receipt of a report that was sent under a key.

    Other words under the same key are another report: whoever corrects a form and sends it again
    must not lose what they wrote.
    """
    named = json.dumps([source, key, hashlib.sha256(body).hexdigest()]).encode()
    digest = hashlib.sha256(b"andon/receipt/1\0" + named).digest()[:BYTES]
    return f"DET-{base64.urlsafe_b64encode(digest).decode()}"
