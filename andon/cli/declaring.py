"""What is stated of an incident and signed in the name of whoever states it."""

from __future__ import annotations

from andon.cli import screen
from andon.cli.outcome import Exit
from andon.cli.place import Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.declaration import Declared


def declare(
    incident: str, kind: Declared, about: dict[str, str], reason: str, where: Where, *, json: bool
) -> int:
    """State something of an incident in the caller's name, and say that it is on record."""
    body = {"kind": kind.value, "about": about, "reason": reason}
    with console(find(where, role=None)) as service:
        answer = service.post_once(f"/v1/incidents/{segment(incident)}/declarations", body)
    if json:
        screen.as_json(answer)
    else:
        said = ", ".join(f"{name} {value}" for name, value in about.items())
        screen.say(screen.inert(f"{incident}: on record in your name: {said}"))
    return Exit.OK
