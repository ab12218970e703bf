"""Telling an open page that something changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.routing import BaseRoute, compile_path

from andon.api.authentication import Rule
from andon.api.guards import guards_of
from andon.api.problems import ProblemError
from andon.console.access import LISTING
from andon.console.live import Live
from andon.console.live_rules import place_of
from andon.console.live_visit import Visit, visiting
from andon.console.pages import SignInNeededError
from andon.console.sessions import Session
from andon.console.visitors import Visitor

HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Nothing on the way may keep a stream, or wait for more of it."""

router = APIRouter(include_in_schema=False)


class PageRules:
    """Who may open the page at a path: what its own route says."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        pages = {request.removeprefix("GET "): rule for request, rule in guards_of(routes).items()}
        self._rules = [(compile_path(path)[0], rule) for path, rule in pages.items() if path.startswith("/")]

    def of(self, path: str) -> Rule | None:
        """Return the rule of the first route that takes a path, as the router would; None: it is no page."""
        return next((rule for regex, rule in self._rules if regex.match(path)), None)


class Watcher:
    """As a dependency: lets in whoever is signed in. A stream is no page, so nobody is sent to sign in."""

    def __init__(self) -> None:
        self._visitor = Visitor(LISTING)
        self.rule = self._visitor.rule

    async def __call__(self, request: Request) -> Session:
        """Return the session.

        Raises:
            ProblemError: 401 not signed in, 403 this is not for them.
        """
        try:
            with visiting(Visit(by_itself=True)):
                return await self._visitor(request)
        except SignInNeededError as error:
            raise ProblemError(401, "unauthenticated", "Sign in, and open the page again.") from error


@router.get("/live", response_class=StreamingResponse)
async def live(
    request: Request,
    session: Annotated[Session, Depends(Watcher())],
    of: Annotated[str, Query(max_length=300, description="path of the page")],
    since: Annotated[str, Query(max_length=64, description="the state the page shows")] = "",
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> StreamingResponse:
    """Tell of each change of what a page shows, to whoever may open the page."""
    rules: PageRules = request.app.state.page_rules
    place, rule = place_of(of), rules.of(of)
    if place is None or rule is None:
        raise ProblemError(404, "not-found", "No page that changes by itself is there.")
    if session.role not in rule.roles:
        raise ProblemError(403, "forbidden", "You may not open that page in your role.")
    streams: Live = request.app.state.live
    streams.refuse_if_full()
    return StreamingResponse(
        streams.events(session, place, last_event_id or since),
        media_type="text/event-stream",
        headers=HEADERS,
    )
