"""What a token may be limited to, and why somebody who is known is let in nowhere."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from andon.domain.directory import Directory, Role
from andon.domain.values import Instant, PersonId


class Scope(StrEnum):
    """A limit within the rights of a token's role; a token without any has all of them."""

    READ = "read"
    RESPOND = "respond"
    INTAKE = "intake"
    ADMIN = "admin"


MEANING: Final = {
    Scope.READ: "read incidents, AI systems and flags",
    Scope.RESPOND: "answer questions",
    Scope.INTAKE: "report, stop, and send traces",
    Scope.ADMIN: "make and revoke tokens, change keys and the directory",
}


class Bar(StrEnum):
    """Why a person may do nothing but answer, which the incident's workflow then refuses on record."""

    SUSPENDED = "suspended"
    UNKNOWN = "unknown"
    ROLE_NOT_HELD = "role_not_held"


EXPLAINED: Final = {
    Bar.SUSPENDED: "You are suspended: nothing you do counts. Ask an admin.",
    Bar.UNKNOWN: "The directory does not know you any more. Ask an admin.",
    Bar.ROLE_NOT_HELD: "You no longer hold the role that you act in. Sign in as one you hold.",
}


def bar_of(directory: Directory, person: PersonId, role: Role, at: Instant) -> Bar | None:
    """Return what keeps a person from acting in a role at a moment; None: nothing."""
    found = directory.person(person)
    if found is None:
        return Bar.UNKNOWN
    if found.suspended_at(at):
        return Bar.SUSPENDED
    return None if role in found.roles else Bar.ROLE_NOT_HELD
