"""Making, listing and revoking access tokens.

Nobody gains by it: a person makes tokens for themselves, in the role they act in, within the limits they act
under. An admin makes tokens for programs and for others, but none that can answer a question or make tokens:
whoever configures may not decide in somebody's name.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import timedelta
from typing import Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.api.token_form import hash_of, new_token
from andon.console.models.tokens import NewToken
from andon.console.parts import Parts
from andon.domain.access import EXPLAINED, Scope, bar_of
from andon.domain.directory import Role
from andon.domain.errors import NotFoundError
from andon.domain.values import PersonId
from andon.register.access_tokens import AccessToken

logger = logging.getLogger(__name__)

FOR_OTHERS: Final = frozenset({Scope.READ, Scope.INTAKE})


class TokenDesk:
    """Looks after the tokens of one installation."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def make(self, new: NewToken, caller: Caller) -> tuple[str, AccessToken]:
        """Put a new token in force; return it, and what is kept of it.

        Raises:
            ProblemError: the caller may not make this one.
        """
        person, role = new.person or caller.person, new.role or caller.role
        if role is None:
            raise ProblemError(403, "forbidden", "This token stands for no person.")
        if person == caller.person:
            scopes = _own(new, caller, role)
        else:
            scopes = await self._for_another(new, caller, person)
        now = self._parts.now()
        kept = AccessToken(
            id=f"tok-{secrets.token_hex(6)}",
            name=new.name,
            person=person,
            role=role,
            scopes=scopes,
            created_by=caller.person,
            created_at=now,
            expires_at=now + timedelta(days=new.days or self._parts.sign_in.token_days),
        )
        secret = new_token()
        await asyncio.to_thread(self._parts.issued.add, hash_of(secret), kept)
        logger.info(
            "a token was made",
            extra={"token": kept.id, "person": person, "role": role.value, "by": caller.person},
        )
        return secret, kept

    async def listed(self, caller: Caller) -> list[AccessToken]:
        """Return the caller's tokens; an admin's caller sees everybody's."""
        whose = None if caller.role is Role.ADMIN else caller.person
        return await asyncio.to_thread(self._parts.issued.listed, whose)

    async def revoke(self, token: str, caller: Caller) -> AccessToken:
        """Take a token out of force; every process refuses it from the next request on.

        Raises:
            NotFoundError: there is none, or it is somebody else's.
        """
        issued = self._parts.issued
        found = await asyncio.to_thread(issued.get, token)
        if found is None or (found.person != caller.person and caller.role is not Role.ADMIN):
            raise NotFoundError("token", token)
        await asyncio.to_thread(issued.revoke, token, caller.person, self._parts.now())
        logger.info("a token was revoked", extra={"token": token, "by": caller.person})
        revoked = await asyncio.to_thread(issued.get, token)
        assert revoked is not None  # noqa: S101 - tokens are never removed
        return revoked

    async def _for_another(self, new: NewToken, caller: Caller, person: PersonId) -> frozenset[Scope]:
        if caller.role is not Role.ADMIN:
            raise ProblemError(403, "forbidden", "Only an admin makes tokens for others.")
        if new.role is None:
            raise ProblemError(400, "invalid-input", "role: name the role that the token acts in.")
        wanted = new.scopes or FOR_OTHERS
        if not wanted <= FOR_OTHERS:
            raise ProblemError(
                403,
                "forbidden",
                "A token made for somebody else may have the scopes read and intake only: people make those "
                "they answer with themselves.",
            )
        now = self._parts.now()
        directory = await asyncio.to_thread(self._parts.people.directory_at, now)
        if bar := bar_of(directory, person, new.role, now):
            raise ProblemError(400, "invalid-input", f"{person} can't act as {new.role}: {EXPLAINED[bar]}")
        return wanted


def _own(new: NewToken, caller: Caller, role: Role) -> frozenset[Scope] | None:
    if role is not caller.role:
        raise ProblemError(
            403, "forbidden", f"You act as {caller.role}; a token for {role} is made acting as {role}."
        )
    if caller.scopes is None:
        return new.scopes
    wanted = caller.scopes if new.scopes is None else new.scopes
    if not wanted <= caller.scopes:
        has = ", ".join(sorted(caller.scopes))
        raise ProblemError(403, "forbidden", f"This token is limited to: {has}. It can't make one with more.")
    return wanted
