"""`andon link`, `unlink` and `decline`: what belongs together, and what only looked alike."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.links import show_links
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.directory import Role

_Json = Annotated[bool, Parameter(negative="")]


def link(incident: str, other: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Say that an incident belongs together with another one, or with a quality issue.

    Nothing changes but that both name each other; `andon merge` makes one of two.

    Example: andon link INC-20260301-4f7k2a INC-20260301-9x1b3c --reason "the same vendor change"

    Args:
        incident: the one.
        other: the other incident, or a quality issue.
        reason: why; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _tied(incident, "link", other, reason, where, json=json)


def unlink(incident: str, other: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """End a link that a person made; that there was one stays on record.

    Example: andon unlink INC-20260301-4f7k2a INC-20260301-9x1b3c --reason "another vendor after all"

    Args:
        incident: the one.
        other: the other incident, or a quality issue.
        reason: why; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _tied(incident, "unlink", other, reason, where, json=json)


def decline(incident: str, other: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Say that two incidents which `andon suggestions` lists are not one; they are not listed any more.

    Example: andon decline INC-20260301-4f7k2a INC-20260301-9x1b3c --reason "two customers, two causes"

    Args:
        incident: the one.
        other: the one it looks like.
        reason: why; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _tied(incident, "decline", other, reason, where, json=json)


def _tied(incident: str, tie: str, other: str, reason: str, where: Where, *, json: bool) -> int:
    body = {"tie": tie, "other": other, "reason": reason}
    with console(find(where, role=Role.INCIDENT_LEAD)) as service:
        answer: Any = service.post(f"/v1/incidents/{segment(incident)}/links", body)
    if json:
        screen.as_json(answer)
    else:
        show_links(answer.get("links") or [])
    return Exit.OK
