"""Requests that read incidents."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from andon.api.authentication import Caller, only
from andon.api.problems import ProblemError
from andon.console.access import AUDITING, LISTING, READING
from andon.console.chronicle import oldest
from andon.console.delivery import EngineAwayError
from andon.console.filters import Filters, First
from andon.console.models.evidence import EvidenceShown
from andon.console.models.incident import IncidentList, IncidentShown
from andon.console.models.terms import Counts
from andon.console.opening import EVIDENCE, WHOLE
from andon.console.routes.places import Digest, Incident, Noting, Reader, Stock
from andon.domain.detection import Category, Channel, IncidentType, Tag
from andon.domain.directory import Directory, Role
from andon.domain.errors import NotFoundError
from andon.domain.finding import FailureClass
from andon.domain.ledger import Chain, Entry, Head, Kind
from andon.domain.severity import Band, Classification
from andon.domain.sift import About, Sift
from andon.domain.signing import Envelope
from andon.domain.stage import Stage
from andon.domain.values import Frozen, IncidentId, Instant, Sha256Hex
from andon.register.codes import Sought
from andon.register.incidents import Listed

LIST_AT_MOST = 200
ENTRIES_AT_MOST = 1000
SIGNED = frozenset({Kind.INCIDENT_OPENED, Kind.RESPONSE_ACCEPTED, Kind.PROPOSED, Kind.DECLARED})

router = APIRouter(prefix="/v1/incidents", tags=["console"])
Lister = Annotated[Caller, Depends(only(LISTING))]
Person = Annotated[Caller, Depends(only(READING))]


class LedgerPage(Frozen):
    """Some entries of a chain, oldest first."""

    chain: Chain
    entries: tuple[Entry, ...]
    next: int | None = Field(description="send it as `after` for what follows")
    head: Head
    statements: dict[Sha256Hex, Envelope] | None = None


def _sought(
    kind: Annotated[IncidentType | None, Query(alias="type")] = None,
    channel: Channel | None = None,
    category: Category | None = None,
    tag: Tag | None = None,
    external: Annotated[
        str | None, Query(max_length=128, description="`taxonomy:id`, such as owasp_llm:LLM01:2025")
    ] = None,
) -> Sought:
    return Sought(kind, channel, category, tag, external)


Seeking = Annotated[Sought, Depends(_sought)]


def _filters(
    *,
    state: Listed = Listed.ALL,
    stage: Stage | None = None,
    severity: Band | None = None,
    system: Annotated[str | None, Query(max_length=64)] = None,
    classification: Classification | None = None,
    failure: Annotated[
        FailureClass | None, Query(description="class of failure: that of the cause, or a further one")
    ] = None,
    asked_of: Annotated[
        Literal["me"] | Role | None,
        Query(description="only open ones that ask you, or a role"),
    ] = None,
    first: Annotated[First, Query(description="`due`: open ones, what runs out first at the top")] = "newest",
    sought: Seeking,
) -> Filters:
    return Filters(state, stage, severity, system, classification, asked_of, first, failure, sought)


def _sift(
    *,
    kind: Annotated[str, Query(max_length=64, description="such as `decision_settled`")] = "",
    who: Annotated[str, Query(max_length=128, description="a person's or a source's id, or `andon`")] = "",
    about: Annotated[About | None, Query(description="what it is about")] = None,
    since: Annotated[Instant | None, Query(description="with its zone")] = None,
    until: Annotated[Instant | None, Query(description="not included")] = None,
    important: Annotated[bool, Query(description="only what is important")] = False,
) -> Sift:
    return Sift(kind, who, about, since, until, important)


@router.get("")
async def incidents(
    caller: Lister,
    reading: Reader,
    filters: Annotated[Filters, Depends(_filters)],
    limit: Annotated[int, Query(ge=1, le=LIST_AT_MOST)] = 50,
    before: IncidentId | None = None,
) -> IncidentList:
    """List incidents, newest first unless asked otherwise."""
    shown, onward = await reading.listed(filters, caller, limit=limit, before=before)
    return IncidentList(incidents=tuple(shown), next=onward)


@router.get("/counts", dependencies=[Depends(only(LISTING))])
async def counts(reading: Reader, sought: Seeking, state: Listed = Listed.ALL) -> Counts:
    """Count incidents by what they are called; one with two categories counts in both."""
    found = await reading.counts(state, sought)
    return Counts(state=state.value, total=sum(found["severity"].values()), **found)


@router.get("/{incident}")
async def incident(incident: Incident, caller: Person, reading: Reader, reviewed: Noting) -> IncidentShown:
    """Return one incident whole; from then on you have opened its severity and its gate."""
    await reviewed.note(await reading.row(incident), caller.person, WHOLE)
    return await reading.incident(incident, caller)


@router.get("/{incident}/ledger", dependencies=[Depends(only(READING))])
async def ledger(
    *,
    incident: Incident,
    reading: Reader,
    stock: Stock,
    chain: Chain = Chain.RESPONSE,
    after: Annotated[int | None, Query(ge=-1)] = None,
    limit: Annotated[int, Query(ge=1, le=ENTRIES_AT_MOST)] = 200,
    statements: Annotated[bool, Query(description="with what was signed of these entries")] = False,
    sift: Annotated[Sift, Depends(_sift)],
) -> LedgerPage:
    """Return a part of one of the incident's chains: what fits, oldest first."""
    await reading.row(incident)
    head = await asyncio.to_thread(stock.ledger.head, incident, chain)
    entries, onward = await asyncio.to_thread(
        oldest, stock.ledger, incident, sift, chain=chain, after=after, limit=limit
    )
    kept = await asyncio.to_thread(stock.ledger.statements, incident) if statements else {}
    wanted = {entry.digests.get("statement") for entry in entries if entry.kind in SIGNED}
    return LedgerPage(
        chain=chain,
        entries=tuple(entries),
        next=onward,
        head=head,
        statements={digest: one for digest, one in kept.items() if digest in wanted} if statements else None,
    )


@router.get("/{incident}/statements/{digest}", dependencies=[Depends(only(READING))])
async def statement(incident: Incident, digest: Digest, stock: Stock) -> Envelope:
    """Return one signed answer."""
    found = (await asyncio.to_thread(stock.ledger.statements, incident)).get(digest)
    if found is None:
        raise NotFoundError("statement", digest)
    return found


@router.get("/{incident}/evidence")
async def evidence(incident: Incident, caller: Person, reading: Reader, reviewed: Noting) -> EvidenceShown:
    """Return what was preserved, and what could not be; from then on you have opened it.

    The bytes themselves stay in the store.
    """
    await reviewed.note(await reading.row(incident), caller.person, EVIDENCE)
    return await reading.evidence(incident)


@router.get("/{incident}/file", dependencies=[Depends(only(READING))])
async def file(incident: Incident, reading: Reader) -> dict[str, Any]:
    """Return the incident file."""
    return await reading.file(incident)


@router.get("/{incident}/history", dependencies=[Depends(only(AUDITING))])
async def history(
    incident: Incident,
    reading: Reader,
    stock: Stock,
    run: Annotated[
        str | None, Query(max_length=64, description="run id; the current one if left out")
    ] = None,
) -> JSONResponse:
    """Return the event history of the incident's workflow."""
    await reading.row(incident)
    try:
        return JSONResponse(await stock.engine.history(incident, run))
    except EngineAwayError as error:
        raise ProblemError(
            503, "temporal-away", "Temporal does not answer. Try again.", headers={"Retry-After": "2"}
        ) from error


@router.get("/{incident}/directories", dependencies=[Depends(only(AUDITING))])
async def directories(incident: Incident, reading: Reader) -> dict[Sha256Hex, Directory]:
    """Return the directories that answers were judged against."""
    return await reading.directories(incident)
