"""Sources: which are in force, and the secrets that they sign with."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from andon.api.authentication import Caller, only
from andon.api.problems import ProblemError
from andon.console.access import ADMINISTERING, READING
from andon.console.models.sources import SecretMade, SourceList, source_shown
from andon.console.routes.places import Stock
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.errors import NotFoundError
from andon.domain.source import Source

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/sources", tags=["console"])
Keeper = Annotated[Caller, Depends(only(ADMINISTERING, Scope.ADMIN))]


@router.get("", dependencies=[Depends(only(READING))])
async def sources(stock: Stock) -> SourceList:
    """List the sources in force, and which secrets they may sign with."""
    return await asyncio.to_thread(_listed, stock)


def _listed(stock: Stock) -> SourceList:
    found, at = stock.policy.shelf().sources, stock.now()
    return SourceList(
        sources=tuple(
            source_shown(one, stock.source_secrets.in_force(name, at)) for name, one in sorted(found.items())
        )
    )


@router.post("/{source}/secret", status_code=201)
async def make_secret(
    source: Annotated[str, Path(max_length=64)], caller: Keeper, stock: Stock
) -> SecretMade:
    """Make a source's secret anew. The answer is the only place where it is ever shown.

    The secret it replaces stays good for a day, so that the sender can be changed in peace.
    """
    found = (await asyncio.to_thread(stock.policy.shelf)).sources.get(source)
    if found is None:
        raise NotFoundError("source", source)
    sender = await asyncio.to_thread(_sender, found, stock)
    secret, ends = await asyncio.to_thread(stock.source_secrets.make, found.id, caller.person, stock.now())
    logger.warning("a source has a new secret", extra={"person": caller.person, "subject": found.id})
    return SecretMade(source=found.id, sender=sender, secret=secret, earlier_ends_at=ends)


def _sender(source: Source, stock: Stock) -> str:
    """Return the account that a signature would stand for.

    Raises:
        ProblemError: the file names none, or one that may not report as a program.
    """
    person = stock.people.latest().person(source.sender) if source.sender else None
    if person is None or Role.DETECTOR not in person.roles:
        raise ProblemError(
            409,
            "no-sender",
            f"{source.id}: name the account that sends as `sender:` in its file, and give it the role "
            "detector in the directory: what is signed counts as theirs.",
        )
    return person.id
