"""Requests about AI systems, people and keys."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from andon.api.authentication import Caller, only
from andon.console.access import EVERYBODY, LISTING, READING
from andon.console.models.system import SystemList
from andon.console.routes.places import Digest, Reader, Stock
from andon.domain.directory import Directory, Role
from andon.domain.errors import NotFoundError
from andon.domain.signing import key_id, public_key_of
from andon.domain.values import Frozen, PersonId, Sha256Hex

router = APIRouter(prefix="/v1", tags=["console"])


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


@router.get("/systems", dependencies=[Depends(only(LISTING))])
async def systems(reading: Reader) -> SystemList:
    """List the AI systems under protection, with the holds in force."""
    return SystemList(systems=tuple(await reading.systems()))


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
