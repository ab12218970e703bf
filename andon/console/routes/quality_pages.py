"""The pages of quality issues, near misses and suggested merges."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from andon.api.problems import ProblemError
from andon.console.access import READING, TYING
from andon.console.models.quality import SuggestionList
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.reading import Reading as Incidents
from andon.console.routes.places import Reader, Stock
from andon.console.routes.quality import Small
from andon.console.routes.review import Reviews
from andon.console.screens.moments import zone_key
from andon.console.screens.quality import issue_line, issue_screen, missed_lines, suggestion_lines
from andon.console.screens.tying import settle_sure, who_settles
from andon.console.sessions import Session
from andon.console.small_matters import IssueFilters, SmallMatters
from andon.console.visitors import Listing, Reading, Visitor, check_csrf, form_of
from andon.domain.directory import STOPPING
from andon.register.quality import IssueState

LINES: Final = 50
NOTHING: Final = SuggestionList(suggestions=())

LONGEST_REASON: Final = 2000
Name = Annotated[str, Path(max_length=64)]
Settling = Annotated[Session, Depends(Visitor(STOPPING))]

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
        may_tie=session.role in TYING,
        suggestions=suggestion_lines(await small.suggestions() if linked else NOTHING, at),
        zone=zone_key(at),
    )


@router.get("/quality/{issue}")
async def issue(issue: Name, session: Reading, reading: Reader, small: Small) -> Response:
    """Show one quality issue."""
    return await _page(issue, session, reading, small, {})


@router.post("/quality/{issue}")
async def settle(
    request: Request, *, issue: Name, session: Settling, reading: Reader, small: Small, stock: Stock
) -> Response:
    """Promote or close an issue; it is asked about once more first, and a second click changes nothing."""
    form = await form_of(request)
    check_csrf(form, session)
    way: Literal["promote", "close"] = "promote" if form.get("way") == "promote" else "close"
    try:
        reason = _reason(form)
        found = await small.issue(issue, session.caller)
        if found.state is IssueState.OPEN and not form.get("sure"):
            at = await reading.now_of(session.caller)
            fields = {"way": way, "reason": reason}
            return render("sure.html", session=session, sure=settle_sure(issue, fields), zone=zone_key(at))
        if found.state is IssueState.OPEN:
            await stock.doorway.settle(session.caller.person, session.role, issue, way, reason)
    except ProblemError as problem:
        return await _page(issue, session, reading, small, form, problem)
    return RedirectResponse(f"/quality/{issue}", 303, headers=HEADERS)


def _reason(form: dict[str, str]) -> str:
    reason = form.get("reason", "").strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise ProblemError(400, "invalid-input", f"Say why, in at most {LONGEST_REASON} characters.")
    return reason


async def _page(
    issue: str,
    session: Session,
    reading: Incidents,
    small: SmallMatters,
    typed: dict[str, str],
    problem: ProblemError | None = None,
) -> Response:
    found = await small.issue(issue, session.caller)
    at = await reading.now_of(session.caller)
    return render(
        "quality_issue.html",
        session=session,
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        screen=issue_screen(found, at),
        may_settle=session.role in STOPPING,
        who=who_settles(),
        typed=typed,
        problem=problem.detail if problem else "",
        longest=LONGEST_REASON,
        zone=zone_key(at),
    )
