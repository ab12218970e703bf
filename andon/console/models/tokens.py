"""Access tokens as the API shows them; the token itself is shown once, to whoever made it."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field

from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.values import Frozen, Instant, PersonId
from andon.register.access_tokens import AccessToken


class NewToken(Frozen):
    """A token to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=80, description="what it is for, such as `laptop`")
    person: PersonId | None = Field(None, description="whom it stands for; you, if left out")
    role: Role | None = Field(None, description="the role it acts in; yours, if left out")
    scopes: frozenset[Scope] | None = Field(None, description="limits; none: all that the role may")
    days: int | None = Field(None, ge=1, le=366, description="days it is in force")


class TokenShown(Frozen):
    """A token without the token itself."""

    id: str
    name: str
    person: PersonId
    role: Role
    scopes: tuple[Scope, ...] | None = Field(description="null: all that the role may")
    state: str = Field(description="in_force, expired or revoked")
    created_by: PersonId
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None = Field(description="to within five minutes")
    revoked_at: Instant | None
    revoked_by: PersonId | None


class TokenMade(TokenShown):
    """A token that was just made, with the token itself: it is not kept and not shown again."""

    token: str


class TokenList(Frozen):
    """Tokens, newest first."""

    tokens: tuple[TokenShown, ...]


def token_shown(token: AccessToken, at: datetime) -> TokenShown:
    """Return a token as it is shown at a moment."""
    return TokenShown(**_fields(token, at))


def token_made(token: AccessToken, at: datetime, secret: str) -> TokenMade:
    """Return a token with the token itself."""
    return TokenMade(**_fields(token, at), token=secret)


def _fields(token: AccessToken, at: datetime) -> dict[str, object]:
    in_force = "in_force" if token.in_force_at(at) else "expired"
    return {
        "id": token.id,
        "name": token.name,
        "person": token.person,
        "role": token.role,
        "scopes": None if token.scopes is None else tuple(sorted(token.scopes)),
        "state": "revoked" if token.revoked_at else in_force,
        "created_by": token.created_by,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
        "revoked_by": token.revoked_by,
    }
