"""Requests for the words of the policy: what terms mean, and what a report can be called."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from andon.api.authentication import only
from andon.console.access import EVERYBODY, LISTING
from andon.console.models.terms import (
    Classes,
    Definitions,
    DetectionTimes,
    Taxonomies,
    TaxonomyShown,
    Triggers,
    classes_shown,
    definitions_shown,
    detection_times,
    taxonomy_shown,
    triggers_shown,
)
from andon.console.pages import PageRoute, render
from andon.console.routes.places import Stock
from andon.console.visitors import Listing
from andon.domain.errors import NotFoundError

router = APIRouter(prefix="/v1", tags=["console"], dependencies=[Depends(only(EVERYBODY))])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/definitions")
async def definitions(stock: Stock) -> Definitions:
    """Say what the words mean here, and whose definition each is."""
    return definitions_shown((await asyncio.to_thread(stock.policy.shelf)).lexicon.definitions)


@router.get("/triggers")
async def triggers(stock: Stock) -> Triggers:
    """List the known kinds of trouble, and the facts that naming one fills in."""
    return triggers_shown((await asyncio.to_thread(stock.policy.shelf)).triggers)


@router.get("/classification")
async def classification(stock: Stock) -> Classes:
    """List classes, categories, types and tags, with what they mean here."""
    return classes_shown((await asyncio.to_thread(stock.policy.shelf)).lexicon.classification)


@router.get("/taxonomies")
async def taxonomies(stock: Stock) -> Taxonomies:
    """List the pinned public taxonomies."""
    found = (await asyncio.to_thread(stock.policy.shelf)).lexicon.taxonomies
    return Taxonomies(taxonomies=tuple(taxonomy_shown(one, whole=False) for one in found.values()))


@router.get("/taxonomies/{taxonomy}")
async def taxonomy(taxonomy: Annotated[str, Path(max_length=64)], stock: Stock) -> TaxonomyShown:
    """Return one pinned taxonomy with every id and name."""
    found = (await asyncio.to_thread(stock.policy.shelf)).lexicon.taxonomies.get(taxonomy)
    if found is None:
        raise NotFoundError("taxonomy", taxonomy)
    return taxonomy_shown(found, whole=True)


@router.get("/detections/times", dependencies=[Depends(only(LISTING))])
async def times(stock: Stock, days: Annotated[int, Query(ge=1, le=366)] = 90) -> DetectionTimes:
    """Say how long it took to detect what happened, by channel, in the last days."""
    since = stock.now() - timedelta(days=days)
    return detection_times(since, await asyncio.to_thread(stock.detections.lead_times, since))


@screens.get("/words")
async def words(session: Listing, stock: Stock) -> Response:
    """Show what the words mean here, and what a report can be called."""
    shelf = await asyncio.to_thread(stock.policy.shelf)
    return render(
        "words.html",
        session=session,
        definitions=definitions_shown(shelf.lexicon.definitions).definitions,
        triggers=triggers_shown(shelf.triggers).triggers,
        classes=classes_shown(shelf.lexicon.classification),
    )
