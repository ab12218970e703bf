"""What customers send to the refund desk and what they get back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

TicketId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
AccountId = Annotated[str, StringConstraints(pattern=r"^ACC-[0-9]{3,10}$")]


class Wire(BaseModel):
    """Base of all bodies: immutable, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ticket(Wire):
    """One message of a customer, whose account the front end has authenticated."""

    ticket_id: TicketId
    account_id: AccountId
    text: str = Field(min_length=1, max_length=4000)


class Action(StrEnum):
    """How a ticket ended for the customer."""

    REFUNDED = "refunded"
    ANSWERED = "answered"
    SENT_TO_REVIEW = "sent_to_review"
    REFUSED = "refused"
    PAUSED = "paused"


class PaidRefund(Wire):
    """Where the money of a refund went."""

    account_id: str
    amount_cents: int


class Notice(Wire):
    """Why the assistant was held back, in words a customer can be shown."""

    incident: str | None
    reason: str
    contact: str


class Source(Wire):
    """A policy text that an answer was given from: its id, and the digest of what it said then."""

    id: str
    sha256: str


class Reply(Wire):
    """The answer to one ticket."""

    answer: str
    action: Action
    refund: PaidRefund | None = None
    trace_id: str
    notice: Notice | None = None
    sources: tuple[Source, ...] | None = None

    @model_serializer(mode="wrap")
    def _without_what_there_is_not(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in whole(self).items() if value is not None}


class TicketConflictError(Exception):
    """A ticket id was used before by another account."""

    def __init__(self, ticket_id: str) -> None:
        super().__init__(f"ticket {ticket_id} belongs to another account")
        self.ticket_id = ticket_id
