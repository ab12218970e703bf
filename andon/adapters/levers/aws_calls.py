"""Calls to AWS for the lever of that name: whose identity, how long, and what a refusal was."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from andon.adapters.levers.kinds import Means
from andon.domain.containment import Lever
from andon.domain.errors import InvalidInputError, LeverAwayError

if TYPE_CHECKING:
    from botocore.client import BaseClient

T = TypeVar("T")
Service = Literal["iam", "sts", "s3"]
Who = Literal["access", "watch", "probe"]

OWN_HOSTS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
ATTEMPTS: Final = 2
REGION: Final = "us-east-1"
"""Where IAM is at home."""


_MAKING: Final = threading.Lock()
"""Clients may be shared by threads, but not made by several at once."""

_UNTIL: Final[ContextVar[float]] = ContextVar("until")
"""When nobody waits for a thread any more: a call it made then would be an effect that nobody knows of."""


class RefusedError(Exception):
    """AWS answered with an error code; nothing else of its answer is kept."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class AwsCalls:
    """Makes calls in threads; a client is made once for each place and identity."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._seconds = means.settings.timeout.total_seconds()
        self._clients: dict[tuple[str, ...], BaseClient] = {}

    async def in_time(self, lever: Lever, calls: Callable[[], T]) -> T:
        """Make several calls in a thread, all of them within the longest wait for one.

        Raises:
            LeverAwayError: they took longer; the one under way may still reach AWS, none after it.
        """
        _UNTIL.set(time.monotonic() + self._seconds)
        try:
            return await asyncio.wait_for(asyncio.to_thread(calls), self._seconds)
        except TimeoutError as error:
            raise LeverAwayError(lever.id, "timeout") from error

    def ask(
        self, lever: Lever, who: Who, service: Service, operation: str, **arguments: object
    ) -> dict[str, Any]:
        """Make one call, within `in_time`.

        Raises:
            RefusedError: AWS refused it.
            LeverAwayError: AWS did not answer.
            InvalidInputError: the lever's options can't be used.
        """
        client = self._client(lever, who, service)
        if time.monotonic() > _UNTIL.get():
            raise LeverAwayError(lever.id, "timeout")
        try:
            answer: dict[str, Any] = getattr(client, operation)(**arguments)
        except ClientError as error:
            raise RefusedError(str(error.response["Error"].get("Code", "unknown"))) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise LeverAwayError(lever.id, type(error).__name__) from error
        return answer

    def identity(self, lever: Lever, who: Who) -> tuple[str, ...]:
        """Return id, secret and perhaps token; empty: boto3 looks where it always looks.

        Raises:
            InvalidInputError: the secret is missing, or has another form.
        """
        named = "access" if who == "watch" and "watch" not in lever.options else who
        if named == "access" and "access" not in lever.options:
            return ()
        parts = tuple(self._means.secret(lever, named).get_secret_value().split(":"))
        if len(parts) not in (2, 3):
            raise InvalidInputError(
                f"lever {lever.id}: the secret of {named} is `id:secret` or `id:secret:token`"
            )
        return parts

    def _client(self, lever: Lever, who: Who, service: Service) -> BaseClient:
        endpoint, region = self._endpoint(lever), lever.options.get("region", REGION)
        whose = self.identity(lever, who)
        key = (who, service, endpoint or "", region, *whose)
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        with _MAKING:
            if key not in self._clients:
                self._clients[key] = _session().client(
                    service,
                    endpoint_url=endpoint,
                    region_name=region,
                    config=self._config(),
                    **dict(zip(names, whose, strict=False)),
                )
            return self._clients[key]

    def _config(self) -> Config:
        """Two attempts fit into the longest wait."""
        return Config(
            connect_timeout=self._seconds / 4,
            read_timeout=self._seconds / 4,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            s3={"addressing_style": "path"},
        )

    def _endpoint(self, lever: Lever) -> str | None:
        url = lever.options.get("endpoint_url")
        if url is None:
            return None
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        private = f"{parts.hostname}:{port}" in self._means.settings.private_hosts
        if private or (parts.scheme == "https" and (parts.hostname or "").endswith(OWN_HOSTS)):
            return url
        raise InvalidInputError(
            f"lever {lever.id}: endpoint_url is neither AWS's own nor named in levers.private_hosts"
        )


@cache
def _session() -> Any:  # its types know no service by a name that varies
    """Return the one that keeps what was read of AWS's service descriptions, which takes long to read."""
    return boto3.session.Session()
