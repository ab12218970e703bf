"""`andon ack`: the business owner, or who stands in for them, has an incident in hand."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.declaration import Declared
from andon.domain.directory import Role


def ack(
    incident: str,
    /,
    *,
    reason: str = "I have it.",
    standing_in: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Say that you have an incident in hand, as the business owner or in their place.

    Any answer of the owner counts as well. If nothing is heard by the deadline of triage, it is
    recorded, and the next in line and the lead are told.

    Example: andon ack INC-20260301-4f7k2a --as business_owner

    Args:
        incident: its id.
        reason: a word on it; it is stored encrypted.
        standing_in: you stand in for a business owner who is away.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    body: dict[str, object] = {"kind": Declared.ACKNOWLEDGED.value, "reason": reason}
    if standing_in:
        body["role"] = Role.BUSINESS_OWNER.value
    with console(find(where, role=None if standing_in else Role.BUSINESS_OWNER)) as service:
        answer = service.post_once(f"/v1/incidents/{segment(incident)}/declarations", body)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{incident}: it is on record that you have it"))
    return Exit.OK
