"""The stylesheet, the script and the icon; the same for everybody, so no sign-in is asked for."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

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
            one.name: (one.read_bytes(), TYPES[suffix])
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
            content, media_type = found
            answer = Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})
        await answer(scope, receive, send)
