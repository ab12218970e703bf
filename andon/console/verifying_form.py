"""A form with a bundle in it, taken piece by piece: the file goes to disk and is never held in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import anyio
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from andon.api.problems import ProblemError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

TRUST_BYTES: Final = 256 * 1024
VALUE_BYTES: Final = 4 * 1024
PARTS_AT_MOST: Final = 8
HEADER_BYTES: Final = 8 * 1024
WITHIN_SECONDS: Final = 600.0
DRAIN_SECONDS: Final = 60.0
DRAINED_TIMES: Final = 3
"""How many times the limit is thrown away of a body that is too large, so that its sender reads why."""
ZIPPED: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip begins (APPNOTE.TXT 4.3.7 and 4.3.16)."""
SENT_AS: Final = "multipart/form-data"
CUT_OFF: Final = "The form was cut off. Send it again."
BUNDLE: Final = "bundle"
TRUST: Final = "trust"


class NoBundleError(ProblemError):
    """What was sent can't be a bundle."""

    def __init__(self, why: str) -> None:
        super().__init__(422, "no-bundle", why)


@dataclass
class Sent:
    """What a form held."""

    size_bytes: int = 0
    trust: bytes = b""
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class _Part:
    name: str = ""
    header: bytes = b""
    said: bytes = b""
    content: bytes = b""


class _Taking:
    """The parts of one form, as they come in."""

    def __init__(self, file: IO[bytes], most: int, before_file: Callable[[dict[str, str]], None]) -> None:
        self.sent = Sent()
        self.complete = False
        self._file = file
        self._most = most
        self._before_file = before_file
        self._part = _Part()
        self._parts = 0
        self._begin = b""

    def callbacks(self) -> MultipartCallbacks:
        """Return what a parser calls."""
        return {
            "on_part_begin": self._begins,
            "on_header_field": self._header,
            "on_header_value": self._value,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._content,
            "on_part_end": self._ends,
            "on_end": self._over,
        }

    def _begins(self) -> None:
        self._parts += 1
        if self._parts > PARTS_AT_MOST:
            raise ProblemError(400, "invalid-input", "The form has too many fields.")
        self._part = _Part()

    def _header(self, content: bytes, start: int, end: int) -> None:
        self._part.header += content[start:end]

    def _value(self, content: bytes, start: int, end: int) -> None:
        self._part.said += content[start:end]
        if len(self._part.said) > HEADER_BYTES:
            raise ProblemError(400, "invalid-input", "The form can't be read. Open the page again.")

    def _header_ends(self) -> None:
        if self._part.header.lower() == b"content-disposition":
            _, options = parse_options_header(self._part.said)
            self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        self._part.header = self._part.said = b""

    def _headers_end(self) -> None:
        if self._part.name == BUNDLE:
            if self._begin:
                raise ProblemError(400, "invalid-input", "Send one bundle at a time.")
            self._before_file(self.sent.values)

    def _content(self, content: bytes, start: int, end: int) -> None:
        if self._part.name == BUNDLE:
            self._keep(content[start:end])
            return
        self._part.content += content[start:end]
        if len(self._part.content) > (TRUST_BYTES if self._part.name == TRUST else VALUE_BYTES):
            raise ProblemError(413, "body-too-large", f"The field {self._part.name[:32]} is too long.")

    def _keep(self, content: bytes) -> None:
        self.sent.size_bytes += len(content)
        if self.sent.size_bytes > self._most:
            raise _too_large(self._most)
        if len(self._begin) < len(ZIPPED[0]):
            self._begin = (self._begin + content)[: len(ZIPPED[0])]
            if len(self._begin) == len(ZIPPED[0]) and self._begin not in ZIPPED:
                raise NoBundleError("The file is no bundle: it does not begin as a zip does.")
        self._file.write(content)

    def _ends(self) -> None:
        part = self._part
        if part.name == TRUST:
            self.sent.trust = part.content
        elif part.name != BUNDLE:
            self.sent.values[part.name] = part.content.decode("utf-8", "replace")

    def _over(self) -> None:
        self.complete = True


async def take_form(
    request: Request, to: Path, most: int, before_file: Callable[[dict[str, str]], None]
) -> Sent:
    """Write the bundle of a form to `to`, and return what else it holds.

    Args:
        request: a form, `multipart/form-data`.
        to: a file that is not there yet.
        most: largest bundle, in bytes.
        before_file: is called with the fields that came before the bundle, and may raise.

    Raises:
        ProblemError: it is no such form, too large, too slow, or holds no bundle.
    """
    try:
        return await _taken(request, to, most, before_file)
    except ProblemError:
        await drained(request, DRAINED_TIMES * most)
        raise


async def drained(request: Request, most: int) -> None:
    """Throw away what is left of a body, so that its sender gets to read why it was refused."""
    size = 0
    # The stream was read to its end, or its sender is gone.
    with suppress(RuntimeError, ClientDisconnect), anyio.move_on_after(DRAIN_SECONDS):
        async for part in request.stream():
            size += len(part)
            if size > most:
                return


async def _taken(
    request: Request, to: Path, most: int, before_file: Callable[[dict[str, str]], None]
) -> Sent:
    boundary = _boundary(request, most)
    # Opened here and not in a thread: a file on this machine opens at once.
    with to.open("xb") as file:
        taking = _Taking(file, most, before_file)
        await _parsed(request, MultipartParser(boundary, taking.callbacks()))
    if not taking.complete:
        raise ProblemError(400, "invalid-input", CUT_OFF)
    if not taking.sent.size_bytes:
        raise NoBundleError("Choose the file of a bundle.")
    return taking.sent


async def _parsed(request: Request, parser: MultipartParser) -> None:
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            async for part in request.stream():
                await asyncio.to_thread(parser.write, part)
        parser.finalize()
    except ClientDisconnect as error:
        raise ProblemError(400, "invalid-input", CUT_OFF) from error
    except FormParserError as error:
        raise ProblemError(400, "invalid-input", "The form can't be read. Send it again.") from error
    except TimeoutError as error:
        raise ProblemError(408, "upload-too-slow", "The upload took longer than 10 minutes.") from error


def _boundary(request: Request, most: int) -> bytes:
    """Return what stands between the parts of a form, once its head says nothing against it."""
    announced = request.headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdigit():
        raise ProblemError(400, "content-length", "Content-Length is not a number of bytes.")
    if int(announced) > most + TRUST_BYTES + PARTS_AT_MOST * (VALUE_BYTES + HEADER_BYTES):
        raise _too_large(most)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind.decode("latin-1") != SENT_AS or b"boundary" not in options:
        raise ProblemError(415, "unsupported-type", f"Send a form as {SENT_AS}, with the file in `{BUNDLE}`.")
    return options[b"boundary"]


def _too_large(most: int) -> ProblemError:
    told = (
        f"The file is larger than {most // (1024 * 1024):,} MiB, the most that is verified here. "
        "Verify it on your own machine: andon audit verify FILE --trust KEYS"
    )
    return ProblemError(413, "body-too-large", told, headers={"Connection": "close"})
