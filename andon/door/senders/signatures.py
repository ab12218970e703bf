"""Signatures over what a foreign sender sends: Standard Webhooks 1.0, HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import asyncio
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from fastapi import Request
from standardwebhooks import Webhook, WebhookVerificationError

from andon.api.problems import ProblemError
from andon.domain.source import Source
from andon.domain.values import PersonId

SIGNED: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
LONGEST_ID: Final = 200


class Signatures:
    """Checks signatures by the secrets that are in force."""

    def __init__(self, secrets_of: Callable[[str, datetime], list[str]]) -> None:
        self._secrets_of = secrets_of

    @staticmethod
    def on(request: Request) -> bool:
        """Whether a request is signed rather than sent with a token."""
        return "authorization" not in request.headers and SIGNED[2] in request.headers

    async def check(self, source: Source, request: Request, body: bytes) -> PersonId:
        """Return the account that a source's signature stands for.

        A time more than five minutes off either way is refused. What is sent again within them has
        the same id, so it is known as the same report and taken once.

        Raises:
            ProblemError: 401, the signature does not hold.
        """
        headers = {name: request.headers.get(name, "") for name in SIGNED}
        if source.sender is None or not 0 < len(headers[SIGNED[0]]) <= LONGEST_ID:
            raise _unsigned(f"{source.id} has no account in its file, so nothing signed is taken for it")
        secrets = await asyncio.to_thread(self._secrets_of, source.id, datetime.now(UTC))
        if not any(_holds(secret, headers, body) for secret in secrets):
            raise _unsigned(
                "the signature does not hold for a secret that is in force, or its time is more than five "
                "minutes off; check the secret, the clock, and that the body is sent as it was signed"
            )
        return source.sender


def _holds(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError, binascii.Error):
        return False
    return True


def _unsigned(why: str) -> ProblemError:
    return ProblemError(
        401, "unauthenticated", f"Not taken: {why}.", headers={"WWW-Authenticate": 'Bearer realm="andon"'}
    )
