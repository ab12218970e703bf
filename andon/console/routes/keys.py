"""Requests about the keys people sign with: one's own, and for admins a look at everybody's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.server import described_by
from andon.console.access import LISTING
from andon.console.keyring import Keyring
from andon.console.models.keys import (
    ClaimShown,
    KeyList,
    KeyShown,
    NewKey,
    ProvenKey,
    key_shown,
    keys_shown,
)
from andon.console.routes.places import Digest, Stock
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.personal_keys import ssh_key
from andon.domain.values import PersonId

BODY_BYTES = 8 * 1024
DEPTH = 2
CREATED = 201

router = APIRouter(prefix="/v1", tags=["console"])


def keyring_of(request: Request, stock: Stock) -> Keyring:
    """Return the keys this application knows."""
    return Keyring(stock, request.app.state.slips)


Keys = Annotated[Keyring, Depends(keyring_of)]
Reader = Annotated[Caller, Depends(only(LISTING, Scope.READ))]
Owner = Annotated[Caller, Depends(only(LISTING, Scope.ADMIN))]
"""A detector is a program and decides nothing; everybody else has keys of their own."""
Admin = Annotated[Caller, Depends(only({Role.ADMIN}, Scope.ADMIN))]
Whose = Annotated[PersonId, Path(description="id of a person")]


@router.get("/me/keys")
async def my_keys(caller: Reader, keys: Keys, stock: Stock) -> KeyList:
    """List your keys, the revoked ones too."""
    return keys_shown(await keys.owner(caller.person), stock.now())


@router.post("/me/keys/claims", status_code=CREATED, openapi_extra=described_by(NewKey))
async def claim_key(request: Request, caller: Owner, keys: Keys) -> ClaimShown:
    """Ask for the text to sign with an SSH key before it is added to yours; good once, for ten minutes."""
    body = parse_body(NewKey, await _body(request), DEPTH)
    claim = await keys.claim(caller.person, ssh_key(body.public_key, body.label))
    return ClaimShown(claim=claim, text=claim.text())


@router.post("/me/keys", status_code=CREATED, openapi_extra=described_by(ProvenKey))
async def add_my_key(
    request: Request, response: Response, caller: Owner, keys: Keys, stock: Stock
) -> KeyShown:
    """Add an SSH key that signed its claim; what it signs counts from now on.

    One you have already changes nothing.
    """
    body = parse_body(ProvenKey, await _body(request), DEPTH)
    key, new = await keys.add(caller.person, ssh_key(body.public_key, body.label), body.nonce, body.signature)
    if not new:
        response.status_code = 200
    return key_shown(key, stock.now())


@router.delete("/me/keys/{key}")
async def revoke_my_key(key: Digest, caller: Owner, keys: Keys, stock: Stock) -> KeyShown:
    """Revoke one of your keys; what it signs counts no more from now on. It stays listed."""
    return key_shown(await keys.revoke(caller.person, key, by=caller.person), stock.now())


@router.get("/people/{person}/keys")
async def keys_of(person: Whose, _: Admin, keys: Keys, stock: Stock) -> KeyList:
    """List somebody's keys, the revoked ones too."""
    return keys_shown(await keys.owner(person), stock.now())


@router.delete("/people/{person}/keys/{key}")
async def revoke_key(person: Whose, key: Digest, caller: Admin, keys: Keys, stock: Stock) -> KeyShown:
    """Revoke one of somebody's keys, as when it was stolen."""
    return key_shown(await keys.revoke(person, key, by=caller.person), stock.now())


async def _body(request: Request) -> bytes:
    return await read_body(request, BODY_BYTES, instead="An SSH public key is one short line.")
