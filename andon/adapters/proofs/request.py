"""Proof by a synthetic request: the AI system is asked as its users ask it, and must turn it away.

The request is signed by Standard Webhooks and marked, so that the system can tell it from its users' and
need not count, bill or train on it. What counts as turned away is named beforehand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from andon.adapters.clock import utc_now
from andon.adapters.outgoing import Answer
from andon.domain.containment import Lever, Order
from andon.domain.errors import LeverAwayError
from andon.domain.proof import Finding, Ground, Part, requests_of
from andon.domain.turned_away import TurnedAway

MARK: Final = "andon-probe"
"""Header that names the order; users' requests never have it."""
MOST_BACKLOG: Final = 10**9


_FINDINGS: Final = {True: Finding.HELD, False: Finding.NOT_HELD, None: Finding.UNPROVEN}


class Calls(Protocol):
    """Calls a URL that somebody configured."""

    async def call(
        self, lever: str, method: str, url: str, *, headers: dict[str, str], body: bytes
    ) -> Answer:
        """Call once.

        Raises:
            InvalidInputError: it may not be called.
            LeverAwayError: no whole answer came in time.
        """


class RequestLook:
    """Sends synthetic requests to the AI system."""

    def __init__(
        self,
        calls: Calls,
        secret: Callable[[Lever, str], SecretStr],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._calls = calls
        self._secret = secret
        self._now = now

    async def look(self, order: Order, *, since: datetime, sent: int) -> Part:  # noqa: ARG002 - a look of any kind
        """Send as many requests as the proof needs; the first that is not turned away decides."""
        options = order.lever.options
        stopped = TurnedAway.read(options["request_stopped"])
        at = self._now()
        found = await asyncio.gather(
            *(self._one(order, at, number) for number in range(requests_of(order.lever.proofs)))
        )
        judged = [_FINDINGS[stopped.says(one.status, _field(one, stopped.field))] for one in found]
        finding = next((one for one in (Finding.NOT_HELD, Finding.UNPROVEN) if one in judged), Finding.HELD)
        answer = found[judged.index(finding)]
        backlog = _field(answer, options.get("request_backlog", ""))
        return Part(
            ground=Ground.REQUEST,
            finding=finding,
            saw=str(answer.status),
            backlog=min(int(backlog), MOST_BACKLOG) if backlog.isascii() and backlog.isdigit() else 0,
        )

    async def _one(self, order: Order, at: datetime, number: int) -> Answer:
        lever, options = order.lever, order.lever.options
        body = options.get("request_body", "{}")
        name = f"{order.id}/probe/{int(at.timestamp() * 1000)}/{number}"
        try:
            signature = Webhook(self._secret(lever, "request_secret").get_secret_value()).sign(name, at, body)
        except ValueError as error:
            raise LeverAwayError(lever.id, "the secret of its probe is no base64") from error
        headers = {
            "content-type": "application/json",
            MARK: order.id,
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        }
        return await self._calls.call(
            lever.id, "POST", options["request_url"], headers=headers, body=body.encode()
        )


def _field(answer: Answer, path: str) -> str:
    """Return a field of a JSON answer as text; empty where there is none."""
    if not path:
        return ""
    try:
        found: Any = answer.object()
    except ValueError:
        return ""
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return str(found).lower() if isinstance(found, bool) else "" if found is None else str(found)
