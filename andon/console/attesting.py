"""What the console vouches for when people speak of their own accord, and how their word is delivered."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from typing import Any, TypeVar

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.delivery import EndedError, EngineAwayError
from andon.console.models.declaration import DeclarationBody
from andon.console.models.proposal import ProposalBody
from andon.console.parts import Parts
from andon.console.refusals import away, ended
from andon.console.responding import NONCE_BYTES, check_role, keyed_nonce, policy_of
from andon.domain.directory import Role
from andon.register.incidents import IncidentRow

Taken = TypeVar("Taken")


Body = DeclarationBody | ProposalBody


def acting_role(caller: Caller, body: Body) -> Role:
    """Return the role somebody speaks in.

    Raises:
        ProblemError: 403, the token stands for no person.
    """
    role = body.role or caller.role
    if role is None:
        raise ProblemError(403, "forbidden", "This token stands for no person; people speak here.")
    return role


class Attesting:
    """Makes the fields that `andon.domain.attested` asks for."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def fields(
        self, what: str, row: IncidentRow, caller: Caller, body: Body, idempotency_key: str | None
    ) -> dict[str, Any]:
        """Return what is vouched for; the reason is sealed.

        Args:
            what: `proposal` or `declaration`; one key serves each of them once.
            row: the incident.
            caller: who speaks.
            body: what they say.
            idempotency_key: the same one gives the same nonce to the same words.

        Raises:
            ProblemError: 403, this token may not speak for that role.
        """
        at, role = self._parts.now(), acting_role(caller, body)
        standing = await self._parts.directory.standing(caller.person, at)
        check_role(caller, role, standing)
        reason = await self._parts.texts.seal(row.incident, "reason", body.reason)
        named = [what, row.incident, caller.person, role.value, body.model_dump(mode="json")]
        return {
            "incident": row.incident,
            "kind": body.kind,
            "about": body.about,
            "reason": reason.digest,
            "reason_text": reason.id,
            "policy": policy_of(row),
            "person": caller.person,
            "role": role,
            "standing": standing,
            "nonce": keyed_nonce(self._parts.session_key, idempotency_key, named)
            if idempotency_key is not None
            else secrets.token_urlsafe(NONCE_BYTES),
            "received_at": at,
        }


async def delivered(row: IncidentRow, sending: Awaitable[Taken]) -> Taken:
    """Return what the incident's workflow answered.

    Raises:
        ProblemError: it could not be delivered, or the incident has ended.
    """
    try:
        return await sending
    except EngineAwayError as error:
        raise away() from error
    except EndedError as error:
        raise ended(row) from error
