"""An incident's own ticket as a case: what Andon kept of it, read back into the form of the suite.

Andon adds one line for each incident: `id`, `incident`, `input` (the messages of the span that took
the ticket, after the GenAI conventions) and `attributes` (what else that span said).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from examples.refund_desk.tickets import AccountId


class Part(BaseModel):
    """One part of a message; a ticket is made of text."""

    model_config = ConfigDict(extra="ignore")

    type: str
    content: str = ""


class Message(BaseModel):
    """One message, after the GenAI conventions."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["user", "system", "assistant", "tool"]
    parts: list[Part]


class SpanFacts(BaseModel):
    """The attributes of the desk's own span that a ticket is made from."""

    model_config = ConfigDict(extra="ignore")

    account_id: AccountId = Field(alias="refund_desk.account_id")


class IncidentLine(BaseModel):
    """A line that Andon adds to the suite."""

    model_config = ConfigDict(extra="ignore")

    id: str
    incident: str
    input: list[Message]
    attributes: SpanFacts

    def case(self) -> dict[str, Any]:
        """Return the case: the ticket again, with whatever answer that pays nobody wrongly."""
        said = [part.content for one in self.input if one.role == "user" for part in one.parts]
        ticket = {
            "ticket_id": f"incident-{self.incident}",
            "account_id": self.attributes.account_id,
            "text": "\n".join(said),
        }
        return {"id": self.id, "incident": self.incident, "ticket": ticket, "expect": {"action": None}}
