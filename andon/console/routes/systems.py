"""Requests about AI systems, people and keys, and the pages of AI systems."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from andon.api.authentication import Caller, only
from andon.console.access import EVERYBODY, LISTING, READING
from andon.console.inventory import Sieve, sieved
from andon.console.models.system import SystemList, SystemWhole
from andon.console.pages import PageRoute, render
from andon.console.routes.places import Digest, Reader, Stock, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.systems import USES, inventory, system_screen
from andon.console.screens.words import plain
from andon.console.system_desk import SystemDesk
from andon.console.visitors import Listing
from andon.domain.directory import Directory, Role
from andon.domain.errors import NotFoundError, UnknownTermError
from andon.domain.signing import key_id, public_key_of
from andon.domain.system import Tier
from andon.domain.use import Use
from andon.domain.values import Frozen, PersonId, Sha256Hex

router = APIRouter(prefix="/v1", tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)

Desk = Annotated[SystemDesk, Depends(of_app("system_desk"))]
SystemId = Annotated[str, Path(max_length=64, description="its id")]


class Me(Frozen):
    """Whom a token stands for."""

    person: PersonId
    name: str
    role: Role | None
    roles: tuple[Role, ...]
    zone: str


@router.get("/me")
async def me(caller: Annotated[Caller, Depends(only(EVERYBODY))], stock: Stock) -> Me:
    """Say whom the token stands for."""
    try:
        directory = await asyncio.to_thread(stock.people.latest)
    except NotFoundError:
        directory = Directory(people=())
    person = directory.person(caller.person)
    return Me(
        person=caller.person,
        name=person.name if person else caller.person,
        role=caller.role,
        roles=person.roles if person else (),
        zone=person.zone if person else "UTC",
    )


def _sieve(
    tier: Annotated[Tier | None, Query(description="only of this tier")] = None,
    owner: Annotated[PersonId | None, Query(description="only of this business owner")] = None,
    use: Annotated[Use | None, Query(description="only those used like this")] = None,
    *,
    having_open: Annotated[bool, Query(alias="open", description="only with an open incident")] = False,
    unproven: Annotated[bool, Query(description="only with a lever that never was proven")] = False,
) -> Sieve:
    return Sieve(tier=tier, owner=owner, use=use, open=having_open, unproven=unproven)


@router.get("/systems", dependencies=[Depends(only(LISTING))])
async def systems(desk: Desk, sieve: Annotated[Sieve, Depends(_sieve)]) -> SystemList:
    """List the AI systems under protection: holds in force, incidents, when each lever was last proven."""
    return SystemList(systems=tuple(await desk.systems(sieve)))


@router.get("/systems/{system}")
async def system(
    system: SystemId, caller: Annotated[Caller, Depends(only(LISTING))], desk: Desk
) -> SystemWhole:
    """Return one AI system with its incidents, the versions it was last evaluated on, and its sources."""
    return await desk.system(system, caller)


@router.get("/trust", dependencies=[Depends(only(READING))])
async def trust(stock: Stock) -> dict[Sha256Hex, str]:
    """Return the public key that attests answers, by key id."""
    public = public_key_of(stock.attestation_seed)
    return {key_id(public): base64.b64encode(public).decode()}


@router.get("/policies/{digest}", dependencies=[Depends(only(READING))])
async def policy(digest: Digest, stock: Stock) -> dict[str, Any]:
    """Return a policy snapshot, or a text people were shown, by its digest."""
    found: dict[str, Any] = json.loads(await asyncio.to_thread(stock.policies.get, digest))
    return found


@screens.get("/systems")
async def list_page(request: Request, session: Listing, desk: Desk, reading: Reader) -> Response:
    """Show the AI systems under protection, by tier."""
    asked = {name: text for name, text in request.query_params.items() if text and name in FILTERS}
    every = await desk.systems()
    now = await reading.now_of(session.caller)
    owners = sorted({one.business_owner for one in every})
    return render(
        "systems.html",
        session=session,
        boxes=inventory(sieved(every, _asked(asked)), now),
        any=bool(every),
        asked=asked,
        choices={
            "tier": [("", "Any"), *((one.value, plain(one)) for one in reversed(Tier))],
            "owner": [("", "Anybody"), *((one, one) for one in owners)],
            "use": [("", "Any"), *((one.value, USES[one].text) for one in Use)],
        },
        zone=zone_key(now),
    )


@screens.get("/systems/{system}")
async def page(system: SystemId, session: Listing, desk: Desk, reading: Reader) -> Response:
    """Show one AI system."""
    found = await desk.system(system, session.caller)
    now = await reading.now_of(session.caller)
    screen = system_screen(found, now, linked=session.role in READING)
    return render(
        "system.html",
        session=session,
        screen=screen,
        zone=zone_key(now),
    )


FILTERS: Final = ("tier", "owner", "use", "open", "unproven")


def _asked(given: dict[str, str]) -> Sieve:
    """Return what a form of filters asks for.

    Raises:
        UnknownTermError: a tier or use there is not.
    """
    for name, known in (("tier", tuple(Tier)), ("use", tuple(Use))):
        if name in given and given[name] not in known:
            raise UnknownTermError(name, given[name][:40], known)
    return Sieve(
        tier=Tier(given["tier"]) if "tier" in given else None,
        owner=given.get("owner"),
        use=Use(given["use"]) if "use" in given else None,
        open="open" in given,
        unproven="unproven" in given,
    )
