"""Step-up: what is sensitive asks again who is there, and loses nothing that was typed.

API tokens are exempt: a program can't be asked again, and a token that should not decide is not given the
scope for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from fastapi import Request

from andon.console.pages import ProofNeededError
from andon.console.sessions import Session, Sessions
from andon.console.slips import SealedSlips
from andon.domain.decision import DecisionKind
from andon.domain.values import Frozen, PersonId
from andon.register.slips import Slip

SENSITIVE: Final = frozenset(
    {
        DecisionKind.RESTART,
        DecisionKind.EXECUTIVE_OVERRIDE,
        DecisionKind.GATE_EXCEPTION,
        DecisionKind.THRESHOLD_CHANGE,
        DecisionKind.CUSTOMER_NOTIFICATION,
        DecisionKind.PUBLIC_STATEMENT,
        DecisionKind.NOTIFY_REGULATOR,
        DecisionKind.EXTERNAL_COUNSEL,
        DecisionKind.SHUTDOWN_REVENUE_FEATURE,
        DecisionKind.RAW_EVIDENCE,
    }
)
"""Kinds of decision whose answer needs a recent proof of presence."""

KEPT_FOR: Final = timedelta(minutes=30)
HELD: Final = "held"
NEVER_KEPT: Final = frozenset({"csrf", "token"})


class Held(Frozen):
    """A form that waits for its sender to prove who they are."""

    person: PersonId
    path: str
    fields: dict[str, str]


async def require_recent(
    request: Request, session: Session, form: dict[str, str] | None = None, *, back: str | None = None
) -> None:
    """Let a sensitive request go on only if its sender proved who they are a moment ago.

    Args:
        request: the request.
        session: whose.
        form: what they typed; it waits, sealed, and `typed_before` gives it back.
        back: the page they come back to; without it the request's own address, which must show a page.

    Raises:
        ProofNeededError: it was too long ago; the route answers by asking.
    """
    sessions: Sessions = request.app.state.sessions
    if sessions.recent(session):
        return
    kept = {name: text for name, text in (form or {}).items() if name not in NEVER_KEPT}
    held = Held(person=session.caller.person, path=back or request.url.path, fields=kept)
    slips: SealedSlips = request.app.state.slips
    raise ProofNeededError(await slips.put(Slip.HELD, held, KEPT_FOR))


async def held_for(request: Request, session: Session, secret: str) -> Held | None:
    """Return what waits under a secret, if it is this person's."""
    slips: SealedSlips = request.app.state.slips
    found = await slips.look(Slip.HELD, secret, Held)
    return found if found and found.person == session.caller.person else None


async def typed_before(request: Request, session: Session) -> dict[str, str] | None:
    """Return what the visitor had typed on this page before they were asked who they are."""
    secret = request.query_params.get(HELD, "")
    found = await held_for(request, session, secret) if secret else None
    return found.fields if found and found.path == request.url.path else None


def way_back(held: Held, secret: str) -> str:
    """Return the address of the page that somebody came from, with what they had typed there."""
    return f"{held.path}?{urlencode({HELD: secret})}" if held.fields else held.path
