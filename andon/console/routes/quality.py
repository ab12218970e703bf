"""Requests that read quality issues, near misses and suggested merges."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from andon.api.authentication import Caller, only
from andon.console.access import LISTING, READING
from andon.console.models.quality import IssueList, IssueShown, NearMissList, SuggestionList
from andon.console.routes.places import of_app
from andon.console.small_matters import LISTED_AT_MOST, IssueFilters, SmallMatters
from andon.domain.severity import Classification
from andon.register.quality import IssueState

router = APIRouter(prefix="/v1", tags=["console"])


def _filters(
    state: IssueState | None = None,
    system: Annotated[str | None, Query(max_length=64)] = None,
    classification: Classification | None = None,
) -> IssueFilters:
    return IssueFilters(state, system, classification)


Small = Annotated[SmallMatters, Depends(of_app("small_matters"))]
Lister = Annotated[Caller, Depends(only(LISTING))]
Person = Annotated[Caller, Depends(only(READING))]


@router.get("/quality-issues")
async def issues(
    caller: Lister,
    small: Small,
    filters: Annotated[IssueFilters, Depends(_filters)],
    limit: Annotated[int, Query(ge=1, le=LISTED_AT_MOST)] = 50,
    before: Annotated[str | None, Query(max_length=64)] = None,
) -> IssueList:
    """List quality issues and small near misses, newest first, and count them."""
    return await small.listed(filters, caller, limit=limit, before=before)


@router.get("/quality-issues/{issue}")
async def issue(
    issue: Annotated[str, Path(max_length=64, description="`QI-...`")], caller: Person, small: Small
) -> IssueShown:
    """Return one issue whole: its detections, what became of it, what it is linked to."""
    return await small.issue(issue, caller)


@router.get("/near-misses")
async def near_misses(
    caller: Lister, small: Small, system: Annotated[str | None, Query(max_length=64)] = None
) -> NearMissList:
    """List near misses with their actual and potential severity, whether or not they needed a workflow."""
    return await small.near_misses(caller, system=system)


@router.get("/suggestions", dependencies=[Depends(only(READING))])
async def suggestions(small: Small) -> SuggestionList:
    """List pairs of open incidents that may be one; merging them is for a person to decide."""
    return await small.suggestions()
