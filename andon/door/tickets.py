"""Tickets for streams: an EventSource can send no header, so the address of a stream carries who it is for.

A ticket opens the stream and nothing else, for half an hour at most. It is authenticated with a key derived
from the master key and kept nowhere, so every door of an installation takes the tickets of the others.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from andon.api.authentication import Caller, Rule, TokenBook
from andon.api.marked import Marked
from andon.api.problems import ProblemError
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.values import Frozen, Instant, PersonId

LABEL: Final = b"andon/stream/1"
PERIOD: Final = timedelta(minutes=15)
"""Within one a caller gets the same ticket, so that answers stay the same and clients keep their stream."""
LONGEST: Final = 1000


class Ticket(Frozen):
    """Whom a stream is for, and until when."""

    audience: Literal["stream"] = "stream"
    person: PersonId
    role: Role
    until: Instant


class Tickets:
    """Makes tickets and reads them."""

    def __init__(self, master: bytes, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._marked = Marked(hmac.digest(master, LABEL, hashlib.sha256), Ticket)
        self._now = now

    def issue(self, caller: Caller) -> str:
        """Return a caller's ticket: good to the end of the next period."""
        assert caller.role is not None  # noqa: S101 - the probe gets none
        seconds = PERIOD.total_seconds()
        until = datetime.fromtimestamp((self._now().timestamp() // seconds + 2) * seconds, UTC)
        return self._marked.write(Ticket(person=caller.person, role=caller.role, until=until))

    def read(self, sent: str) -> Ticket | None:
        """Return what a ticket says; None if it is none, was altered, or has run out."""
        ticket = self._marked.read(sent[:LONGEST])
        return ticket if ticket is not None and ticket.until > self._now() else None

    def until(self, sent: str) -> datetime | None:
        """Return when a ticket runs out; None: it has."""
        ticket = self.read(sent)
        return ticket.until if ticket else None


@dataclass(frozen=True)
class Bearer(Rule):
    """Lets in whoever brings a ticket, if they may act by the directory in force."""

    roles: frozenset[Role] = frozenset(Role)
    scope: Scope | None = Scope.READ

    async def known(self, request: Request) -> Caller:
        """Return whom the ticket was made for.

        Raises:
            ProblemError: 401, it is none that is good now.
        """
        tickets: Tickets = request.app.state.tickets
        ticket = tickets.read(request.query_params.get("ticket", ""))
        if ticket is None:
            told = "This address has run out or was altered. Evaluate all flags: the answer names a new one."
            raise ProblemError(401, "ticket", told)
        tokens: TokenBook = request.app.state.tokens
        try:
            bar = await tokens.bar(ticket.person, ticket.role)
        except SQLAlchemyError:
            # A stream tells nothing but that something changed, and a stop must be told without the register.
            bar = None
        request.state.person = ticket.person
        return Caller(ticket.person, ticket.role, frozenset({Scope.READ}), bar=bar)
