"""The pages of quality issues, near misses and suggested merges."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from andon.console.access import READING
from andon.console.models.quality import SuggestionList
from andon.console.pages import PageRoute, render
from andon.console.routes.places import Reader
from andon.console.routes.quality import Small
from andon.console.routes.review import Reviews
from andon.console.screens.moments import zone_key
from andon.console.screens.quality import issue_line, issue_screen, missed_lines, suggestion_lines
from andon.console.small_matters import IssueFilters
from andon.console.visitors import Listing, Reading
from andon.register.quality import IssueState

LINES: Final = 50
NOTHING: Final = SuggestionList(suggestions=())

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/quality")
async def issues(
    session: Listing,
    reading: Reader,
    small: Small,
    reviews: Reviews,
    before: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """List what is no incident, and what may be one incident twice."""
    caller, linked = session.caller, session.role in READING
    found = await small.listed(IssueFilters(state=IssueState.OPEN), caller, limit=LINES, before=before)
    near = await small.near_misses(caller, system=None)
    at = await reading.now_of(caller)
    return render(
        "quality.html",
        session=session,
        lines=[issue_line(one, at, linked=linked) for one in found.issues],
        count=found.count,
        onward=f"/quality?before={found.next}" if found.next else None,
        near=missed_lines(near, at, linked=linked)[:LINES],
        near_count=near.count,
        needed=await reviews.needed() if linked else (),
        suggestions=suggestion_lines(await small.suggestions() if linked else NOTHING, at),
        zone=zone_key(at),
    )


@router.get("/quality/{issue}")
async def issue(
    issue: Annotated[str, Path(max_length=64)], session: Reading, reading: Reader, small: Small
) -> Response:
    """Show one quality issue."""
    found = await small.issue(issue, session.caller)
    at = await reading.now_of(session.caller)
    return render("quality_issue.html", session=session, screen=issue_screen(found, at), zone=zone_key(at))
