"""The one way to call a URL that somebody configured: to the public Internet, or to what an admin named.

The host is resolved here, every address that comes back is checked, and the connection goes to a checked
address, so that a name which answers otherwise the next time (DNS rebinding) leads nowhere. Neither a proxy
nor a .netrc file of the environment has a say.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

import httpcore
import httpx

from andon.adapters.addresses import is_inside, is_public, literal, resolved
from andon.adapters.places import Place, place_of
from andon.domain.errors import InvalidInputError, LeverAwayError

MOST_BYTES: Final = 64 * 1024

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host; raises OSError where there are none."""


class Reach(Protocol):
    """What settings say of calls; a section each for levers and for evidence sources."""

    @property
    def private_hosts(self) -> Sequence[str]:
        """`host:port` of what may be called though it is not public."""

    @property
    def timeout(self) -> timedelta:
        """Longest wait."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call brought back."""

    status: int
    body: bytes

    def object(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            ValueError: it is none.
        """
        try:
            found = json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deep") from error
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - one error for all that is no object
        return found


async def ask_the_system(host: str, port: int) -> Sequence[str]:
    """Resolve a host as this machine does."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(
        self,
        private: Iterable[str],
        resolve: Resolve,
        below: httpcore.AsyncNetworkBackend,
        section: str = "levers",
    ) -> None:
        self._private = frozenset(one.lower() for one in private)
        self._resolve = resolve
        self._below = below
        self.listed = f"{section}.private_hosts"
        """The setting that names what is not public."""

    def named(self, place: Place) -> bool:
        """Whether an admin named this place as one that may be called though it is not public."""
        return place.name in self._private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first checked address that answers.

        Raises:
            InvalidInputError: one of the host's addresses may not be called.
            httpcore.ConnectError: there is none, or none answers.
        """
        failed: Exception = httpcore.ConnectError("no address")
        for address in await self._checked(Place(host=host.lower(), port=port, secure=True), timeout):
            try:
                return await self._below.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        """Wait, for httpcore's retries."""
        await self._below.sleep(seconds)

    async def _checked(self, place: Place, within: float | None) -> list[str]:
        """Return the host's addresses, all of which may be called: one that may not spoils the others."""
        address = literal(place.host)
        named = self.named(place)
        if address is not None:
            found = [address]
            allowed = named or is_public(address)
        else:
            try:
                async with asyncio.timeout(within):
                    found = [resolved(one) for one in await self._resolve(place.host, place.port)]
            except TimeoutError as error:
                raise httpcore.ConnectTimeout("name not found in time") from error
            except OSError as error:
                raise httpcore.ConnectError("name not found") from error
            allowed = all(is_public(one) or (named and is_inside(one)) for one in found)
        if not allowed:
            raise InvalidInputError(
                f"{place.name} is not on the public Internet: if it is meant to be called, an admin "
                f"names exactly this in the settings under {self.listed}"
            )
        return [str(one) for one in dict.fromkeys(found)]


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx on guarded connections: of public parts, so that no change of httpx leads around the guard."""

    def __init__(self, network: GuardedNetwork, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=network)
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            InvalidInputError: its URL may not be called.
            httpx.TransportError: no answer came.
        """
        place = place_of(str(request.url))
        if not place.secure and not self._network.named(place):
            raise InvalidInputError(
                f"{place.name}: use https; http is for what settings name under {self._network.listed}"
            )
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=place.host, port=place.port, target=request.url.raw_path
        )
        sent = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._pool.handle_async_request(sent)
        except _FAILURES as error:
            raise _translated(error) from error
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


_FAILURES: Final = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


def _translated(error: Exception) -> httpx.TransportError:
    if isinstance(error, httpcore.TimeoutException):
        return httpx.TimeoutException(str(error))
    return httpx.NetworkError(str(error))


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except _FAILURES as error:
            raise _translated(error) from error

    async def aclose(self) -> None:
        await self._stream.aclose()


class Outgoing:
    """Calls URLs of levers and sources; each call has connections of its own, so that each is checked."""

    def __init__(
        self,
        settings: Reach,
        resolve: Resolve = ask_the_system,
        network: httpcore.AsyncNetworkBackend | None = None,
        section: str = "levers",
    ) -> None:
        self._settings = settings
        below = network if network is not None else httpcore.AnyIOBackend()
        self._network = GuardedNetwork(settings.private_hosts, resolve, below, section)
        self._tls = httpx.create_ssl_context()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client that calls nothing else: for libraries and forms of call that `call` lacks."""
        transport = GuardedTransport(self._network, self._tls)
        timeout = self._settings.timeout.total_seconds()
        async with httpx.AsyncClient(
            transport=transport, timeout=timeout, trust_env=False, follow_redirects=False
        ) as client:
            yield client

    async def call(
        self,
        lever: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Call a URL once; an answer of any status comes back, redirects too, and none is followed.

        Raises:
            InvalidInputError: it may not be called; the message says what to change.
            LeverAwayError: no whole answer came in time, or more than `MOST_BYTES`.
        """
        # Whoever answers in another encoding could make a small body large.
        sent = {"accept-encoding": "identity", "user-agent": "andon", **(headers or {})}
        try:
            async with asyncio.timeout(self._settings.timeout.total_seconds()), self.client() as client:
                place_of(url)
                async with client.stream(method, url, headers=sent, content=body) as answer:
                    return Answer(answer.status_code, await _bounded(lever, answer))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise LeverAwayError(lever, "timeout") from error
        except httpx.HTTPError as error:
            raise LeverAwayError(lever, "unreachable") from error


async def _bounded(lever: str, answer: httpx.Response) -> bytes:
    content = b""
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > MOST_BYTES:
            raise LeverAwayError(lever, f"answered with more than {MOST_BYTES} bytes")
    return content
