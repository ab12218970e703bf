"""The page of access tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from andon.console.screens.moments import Moment, moment
from andon.console.screens.parts import role_name
from andon.console.screens.words import inert
from andon.register.access_tokens import AccessToken


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One token in the list."""

    id: str
    name: str
    person: str
    role: str
    limits: str
    state: str
    expires: Moment
    used: Moment | None
    in_force: bool


def token_lines(tokens: Iterable[AccessToken], now: datetime) -> list[TokenLine]:
    """Return tokens as the page lists them."""
    return [_line(one, now) for one in tokens]


def _line(token: AccessToken, now: datetime) -> TokenLine:
    in_force = token.in_force_at(now)
    state = "in force" if in_force else "expired"
    return TokenLine(
        id=token.id,
        name=inert(token.name),
        person=token.person,
        role=role_name(token.role),
        limits="all that the role may" if token.scopes is None else ", ".join(sorted(token.scopes)),
        state="revoked" if token.revoked_at else state,
        expires=moment(token.expires_at, now),
        used=moment(token.last_used_at, now) if token.last_used_at else None,
        in_force=in_force,
    )
