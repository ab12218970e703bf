"""What tells when text has acted on a page: scripts that ran, dialogs, requests to elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Request, Route

ALARM: Final = """
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => window.__ran(name);
"""
GROWN: Final = """root => {
  const grown = [];
  const say = (one) => grown.push(one.outerHTML.slice(0, 120));
  const strange = "iframe, object, embed, applet, base, frame, math, style, template, video, audio, marquee, "
    + "animate, foreignObject, script:not([src^='/static/']), link[rel=stylesheet]:not([href^='/static/']), "
    + "meta[http-equiv]:not([http-equiv=refresh][content^='5'])";
  for (const one of root.querySelectorAll(strange)) say(one);
  for (const one of root.querySelectorAll("*")) {
    for (const { name, value } of one.attributes) {
      const address = value.replace(/[\\u0000-\\u0020]/g, "").toLowerCase();
      if (name.startsWith("on") || name === "style" || name === "srcdoc") say(one);
      else if (["href", "src", "action", "formaction", "poster", "data", "xlink:href"].includes(name)
        && one.tagName !== "FORM" && /^(javascript|data|vbscript|file|blob):/.test(address)) say(one);
      else if (["src", "action", "formaction", "poster", "srcset", "background"].includes(name)
        && /^([a-z]+:)?\\/\\//.test(address)) say(one);
    }
  }
  return grown;
}"""
"""Finds elements and attributes that no template of the console makes: text became markup."""
GROWN_HERE: Final = f"() => ({GROWN})(document)"
PARSED: Final = f"html => ({GROWN})(new DOMParser().parseFromString(html, 'text/html'))"
"""The same over a page that is not shown."""
OWN_HEAD: Final = (
    """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
    "<style>",
)
"""What a page that is handed out as one file has in its head, once each; found first, as heads come first."""


def beside_own_head(grown: list[str]) -> list[str]:
    """Return what grew in a file besides the head that its template makes."""
    left = list(grown)
    for own in OWN_HEAD:
        mine = next((one for one in left if one.startswith(own)), None)
        if mine is not None:
            left.remove(mine)
    return left


@dataclass
class Listener:
    """A place outside that nothing is to be asked of; it keeps what was."""

    address: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port for the length of a block."""
    listener = Listener()

    class Outside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listener.asked.append(f"{self.command} {self.path}")
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - named by the base class

        def log_message(self, *_: object) -> None:
            """Say nothing: what was asked is kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Outside)
    listener.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass
class Canary:
    """Watches one browser context; `sang` is all that should not have happened."""

    ours: frozenset[str]
    sang: list[str] = field(default_factory=list)

    async def watch(self, context: BrowserContext) -> None:
        """Begin, before the context's first page is opened."""
        await context.expose_binding("__ran", self._ran)
        await context.add_init_script(ALARM)
        context.on("dialog", self._asked_somebody)
        context.on("weberror", lambda error: self.sang.append(f"error: {error.error}"))
        await context.route("**/*", self._let_through)

    def _ran(self, source: dict[str, Any], what: object = "") -> None:
        self.sang.append(f"script ran ({what}) at {source['page'].url}")

    async def _asked_somebody(self, dialog: Any) -> None:
        self.sang.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    async def _let_through(self, route: Route, request: Request) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" in self.ours:
            await route.continue_()
            return
        self.sang.append(f"asked {request.url[:120]}")
        await route.abort()
