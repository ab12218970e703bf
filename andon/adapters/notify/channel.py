"""One message through one Apprise URL, in a bounded time and in threads of its own."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import quote

from apprise import Apprise, NotifyFormat
from apprise.result import AppriseResultStatus

from andon.adapters.notify.wording import Message
from andon.domain.channels import kind_of
from andon.domain.notice import Code

ATTEMPT_SECONDS: Final = 8.0

THREADS: Final = 32
"""As many sends at once. They are not those of the rest of the worker: a mail server that hangs
must not hold up the ledger or a lever."""

MESSAGE_HEADER: Final = "X-Andon-Message"

TAKES_HEADERS: Final = frozenset({"json", "jsons", "form", "forms", "xml", "xmls", "mailto", "mailtos"})
"""Kinds for which an Apprise URL may set headers (`+Name=value`)."""


class Channels:
    """Sends messages."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="notice")
        # Its log lines name addresses; what became of an attempt is kept as a code instead.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)

    async def send(self, url: str, message: Message) -> Code:
        """Try one channel once."""
        loop = asyncio.get_running_loop()
        # Not timed: the first of them loads a hundred plugins.
        channel = await loop.run_in_executor(self._threads, _opened, _tagged(url, message.id))
        if channel is None:
            return Code.UNUSABLE
        sending = loop.run_in_executor(self._threads, _send, channel, message)
        try:
            return await asyncio.wait_for(sending, ATTEMPT_SECONDS)
        except TimeoutError:
            return Code.TIMEOUT

    def close(self) -> None:
        """Wait for what is on its way, and let the threads go."""
        self._threads.shutdown(cancel_futures=True)


def _opened(url: str) -> Apprise | None:
    channel = Apprise()
    return channel if channel.add(url) else None


def _send(channel: Apprise, message: Message) -> Code:
    result = channel.notify(title=message.title, body=message.body, body_format=NotifyFormat.TEXT)
    if result:
        return Code.SENT
    return Code.TIMEOUT if result.status is AppriseResultStatus.TIMEOUT else Code.FAILED


def _tagged(url: str, message: str) -> str:
    """Return the URL with the message id as a header, where its kind has headers."""
    if kind_of(url) not in TAKES_HEADERS:
        return url
    return f"{url}{'&' if '?' in url else '?'}+{MESSAGE_HEADER}={quote(message, safe='')}"
