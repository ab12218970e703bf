"""`andon merge`, `unmerge` and `split`: which detections and incidents are one."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.declaration import Declared
from andon.domain.directory import Role

_Json = Annotated[bool, Parameter(negative="")]


def merge(incident: str, /, *, into: str, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Merge an incident into another one of the same AI system.

    It keeps its ledger, its evidence and its levers; the other one decides for both, by the earlier of
    both deadlines. It lets go when the other lets go. Until then `andon unmerge` takes it back.

    Example: andon merge INC-20260301-4f7k2a --into INC-20260301-9x1b3c --reason "same refund bug"

    Args:
        incident: the one that is merged.
        into: the one that goes on and decides for both.
        reason: why they are one; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    answer = _declared(incident, Declared.MERGED, {"into": into}, reason, where)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{incident} is merged into {into}: look there from now on"))
    return Exit.OK


def unmerge(incident: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Take a merge back: the incident goes on by itself from where it was.

    Example: andon unmerge INC-20260301-4f7k2a --reason "another cause after all"

    Args:
        incident: the one that was merged.
        reason: why; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    answer = _declared(incident, Declared.UNMERGED, {}, reason, where)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{incident} stands for itself again"))
    return Exit.OK


def split(incident: str, /, *, detection: str, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Give a detection that joined an incident one of its own, with its own times.

    Example: andon split INC-20260301-4f7k2a --detection DET-AbCdEfGhIjKlMnOp --reason "another tool"

    Args:
        incident: the one it joined.
        detection: its receipt.
        reason: why it is a case of its own; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    answer = _declared(incident, Declared.SPLIT, {"detection": detection}, reason, where)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{detection} has {answer.get('opened')} now"))
    return Exit.OK


def _declared(incident: str, kind: Declared, about: dict[str, str], reason: str, where: Where) -> Any:
    body = {"kind": kind.value, "about": about, "reason": reason}
    with console(find(where, role=Role.INCIDENT_LEAD)) as service:
        return service.post_once(f"/v1/incidents/{segment(incident)}/declarations", body)
