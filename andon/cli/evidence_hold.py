"""`andon hold-evidence`: legal holds the evidence of an incident, or lifts that."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.domain.declaration import Declared
from andon.domain.directory import Role


def hold_evidence(
    incident: str,
    /,
    *,
    reason: str,
    lift: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Hold the evidence: nothing that alters the AI system before you lift it.

    Until then no fix is marked as deployed, no step that costs is taken and nothing runs again. What can
    be undone is stopped as ever. Ends with 1 when it is held already, or not held.

    Example: andon hold-evidence INC-20260301-4f7k2a --reason "letter of the court" --as legal

    Args:
        incident: its id.
        reason: why; it is stored encrypted.
        lift: lift the hold.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    kind = Declared.EVIDENCE_HOLD_LIFTED if lift else Declared.EVIDENCE_HOLD
    with console(find(where, role=Role.LEGAL)) as service:
        answer = service.post_once(
            f"/v1/incidents/{quote(incident)}/declarations", {"kind": kind.value, "reason": reason}
        )
    if json:
        screen.as_json(answer)
    else:
        said = "the evidence is held no longer" if lift else "the evidence is held until you lift it"
        screen.say(screen.inert(f"{incident}: {said}"))
    return Exit.OK
