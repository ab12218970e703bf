"""The stylesheet, the scripts and the icon; the same for everybody, so no sign-in is asked for."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from andon.api.problems import ProblemError

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Statics:
    """Serves the few files in `static/` from memory."""

    def __init__(self) -> None:
        self._files = {
            one.name: StaticFile.of(one.read_bytes(), TYPES[suffix])
            for one in files("andon.console").joinpath("static").iterdir()
            if (suffix := "." + one.name.rpartition(".")[2]) in TYPES
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        name = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        found = self._files.get(name)
        if found is None or scope["method"] not in ("GET", "HEAD"):
            answer: Response = ProblemError(404, "not-found", "There is no such file.").response()
        else:
            answer = found.answer(Headers(scope=scope))
        await answer(scope, receive, send)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file, with what is sent for it made once."""

    content: bytes
    packed: bytes
    media_type: str
    tag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> StaticFile:
        """Return a file ready to be sent."""
        # Without a time in it the same file is packed into the same bytes.
        return cls(
            content, gzip.compress(content, mtime=0), media_type, f'"{sha256(content).hexdigest()[:32]}"'
        )

    def answer(self, asked: Headers) -> Response:
        """Return the file, packed for a browser that takes that; nothing for one that has it already."""
        headers = {"Cache-Control": "no-cache", "ETag": self.tag, "Vary": "Accept-Encoding"}
        if self.tag in asked.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in asked.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(self.packed, media_type=self.media_type, headers=headers)
        return Response(self.content, media_type=self.media_type, headers=headers)
