"""Requests about people: who there is, who is reached, who was suspended, and changing all of that."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body, read_json
from andon.api.problems import ProblemError
from andon.api.server import described_by
from andon.console.access import ADMINISTERING, LISTING, OVERSEEING, READING
from andon.console.models.directory import (
    DirectoryChanged,
    DirectoryTold,
    NewAbsence,
    OnCall,
    VersionList,
    Why,
    on_call_told,
)
from andon.console.people_desk import PeopleDesk
from andon.console.routes.places import Stock
from andon.domain.access import Scope
from andon.domain.directory import Directory, Person, Role
from andon.domain.values import PersonId, Slug

BODY_BYTES = 1024 * 1024
SMALL_BYTES = 16 * 1024
DEPTH = 8
VERSIONS_AT_MOST = 200

router = APIRouter(prefix="/v1/directory", tags=["console"])


def people_desk_of(stock: Stock) -> PeopleDesk:
    """Return where the directory is read and changed."""
    return PeopleDesk(stock)


Desk = Annotated[PeopleDesk, Depends(people_desk_of)]
Reader = Annotated[Caller, Depends(only(READING))]
Admin = Annotated[Caller, Depends(only(ADMINISTERING, Scope.ADMIN))]
Someone = Annotated[Caller, Depends(only(LISTING))]
Whom = Annotated[PersonId, Path(description="id of a person")]
IfMatch = Annotated[
    str | None, Header(max_length=200, description="the digest of the directory you changed, in quotes")
]


@router.get("")
async def directory(
    caller: Reader,
    desk: Desk,
    response: Response,
    role: Role | None = None,
    team: Slug | None = None,
    q: Annotated[str, Query(max_length=100, description="a part of an id or a name")] = "",
) -> DirectoryTold:
    """List people. How somebody is reached is told to themselves and to admins only."""

    def wanted(person: Person) -> bool:
        fits = (role is None or role in person.roles) and (team is None or team in person.teams)
        return fits and q.casefold() in f"{person.id} {person.name}".casefold()

    told = await desk.told(caller, wanted)
    response.headers["ETag"] = f'"{told.digest}"'
    return told


@router.get("/document")
async def document(
    _: Annotated[Caller, Depends(only(ADMINISTERING))], stock: Stock, response: Response
) -> Directory:
    """Return the list of people as it can be changed and sent back, without what was changed since."""
    _directory, version, _origin = await asyncio.to_thread(stock.people.current)
    response.headers["ETag"] = f'"{version.digest}"'
    return await asyncio.to_thread(stock.people.base)


@router.put("", openapi_extra=described_by(Directory))
async def replace(
    request: Request, response: Response, caller: Admin, desk: Desk, if_match: IfMatch = None
) -> DirectoryChanged:
    """Put a list of people in the place of the file's, until the file says something new."""
    if not if_match:
        raise ProblemError(
            412, "outdated", 'Say which directory you changed: send its digest as If-Match: "DIGEST".'
        )
    content = await read_body(request, BODY_BYTES, instead="Leave out people who hold no role any more.")
    changed = await desk.replace(caller, read_json(content, DEPTH), if_match.removeprefix("W/").strip('"'))
    response.headers["ETag"] = f'"{changed.digest}"'
    return changed


@router.get("/versions", dependencies=[Depends(only(OVERSEEING))])
async def versions(
    desk: Desk,
    limit: Annotated[int, Query(ge=1, le=VERSIONS_AT_MOST)] = 50,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> VersionList:
    """List the versions of the directory, newest first, and who made each of them."""
    found = await desk.versions(limit + 1, before)
    onward = found[limit - 1].version if len(found) > limit else None
    return VersionList(versions=tuple(found[:limit]), next=onward)


@router.get("/on-call", dependencies=[Depends(only(READING))])
async def on_call(
    stock: Stock,
    at: Annotated[AwareDatetime | None, Query(description="now if left out")] = None,
    role: Annotated[list[Role] | None, Query(description="all roles if left out")] = None,
) -> OnCall:
    """Tell who is reached for each role at a moment, in this order."""
    moment = at or stock.now()
    found = await asyncio.to_thread(stock.people.directory_at, moment)
    return on_call_told(found, moment, role or tuple(Role))


@router.post("/people/{person}/suspend", openapi_extra=described_by(Why))
async def suspend(request: Request, person: Whom, caller: Admin, desk: Desk) -> DirectoryChanged:
    """Suspend somebody: nothing they answer from now on counts, and their tokens open nothing."""
    return await desk.suspend(caller, person, (await _sent(Why, request)).reason)


@router.post("/people/{person}/restore", openapi_extra=described_by(Why))
async def restore(request: Request, person: Whom, caller: Admin, desk: Desk) -> DirectoryChanged:
    """Lift a suspension. Nobody restores themselves."""
    return await desk.restore(caller, person, (await _sent(Why, request)).reason)


@router.post("/people/{person}/absences", openapi_extra=described_by(NewAbsence))
async def go_away(request: Request, person: Whom, caller: Someone, desk: Desk) -> DirectoryChanged:
    """Note that you will be away, or as an admin that somebody will."""
    return await desk.go_away(caller, person, await _sent(NewAbsence, request))


@router.delete("/people/{person}/absences")
async def come_back(person: Whom, caller: Someone, desk: Desk) -> DirectoryChanged:
    """End the present absence; those to come stay."""
    return await desk.come_back(caller, person)


async def _sent(model: Any, request: Request) -> Any:
    content = await read_body(request, SMALL_BYTES, instead="A reason is 2000 characters at most.")
    return parse_body(model, content, DEPTH)
