"""Files that are handed out: as attachments in a sandbox, and evidence from a host without sessions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from fastapi import Response
from pydantic import Field
from starlette.types import ASGIApp, Receive, Scope, Send

from andon.api.problems import ProblemError
from andon.api.server import ORIGINALS, SANDBOXED, SECURITY_HEADERS
from andon.domain.values import Frozen

HEALTH: Final = "/healthz"
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": SANDBOXED,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
"""What somebody wrote to an AI system is never run, guessed at or kept by a browser."""


class Apart(StrEnum):
    """Whether files with evidence in them come from a host that no session reaches."""

    YES = "yes"
    NOT_SET = "not_set"
    SAME_HOST = "same_host"


WORDS: Final = {
    Apart.YES: "Files with evidence in them come from a host of their own, which has no session and serves "
    "nothing else.",
    Apart.NOT_SET: "Files with evidence in them come from the console's own host, as attachments in a "
    "sandbox. Set `custody.originals_url` to a second host, so that nothing in one can ever reach a session.",
    Apart.SAME_HOST: "Files with evidence in them come from the console's own host under another port, "
    "and browsers send cookies to every port of a host. Set `custody.originals_url` to another host name.",
}


class DownloadsShown(Frozen):
    """From where files with evidence in them are downloaded."""

    url: str
    apart: Apart
    detail: str = Field(description="what that means, and what to do about it")


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A file somebody gets."""

    name: str
    media_type: str
    content: bytes

    def response(self) -> Response:
        """Return it as an attachment that no browser opens."""
        name = f'attachment; filename="{self.name}"'
        return Response(
            self.content, media_type=self.media_type, headers={**HEADERS, "Content-Disposition": name}
        )


def downloads_of(originals_url: str, console_url: str) -> DownloadsShown:
    """Return whether the two are hosts of their own: a cookie belongs to a host, whatever the port."""
    apart = Apart.YES
    if not originals_url:
        apart = Apart.NOT_SET
    elif urlsplit(originals_url).hostname == urlsplit(console_url).hostname:
        apart = Apart.SAME_HOST
    return DownloadsShown(url=originals_url or console_url, apart=apart, detail=WORDS[apart])


class OnlyDownloads:
    """On the second host nothing is served but downloads: nobody can be led to sign in there."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        self._url = url
        self._host = urlsplit(url).netloc.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and self._refuses(scope):
            told = f"Nothing is at {self._url} but files that are downloaded once."
            await ProblemError(404, "not-found", told, headers=SECURITY_HEADERS).response()(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)

    def _refuses(self, scope: Scope) -> bool:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        path: str = scope["path"]
        return host == self._host and path != HEALTH and not path.startswith(ORIGINALS)
