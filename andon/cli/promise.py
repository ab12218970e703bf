"""`andon change add`: a further change because of an open incident."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.change import ChangeType
from andon.domain.declaration import Declared


def add(
    incident: str,
    what: str,
    /,
    *,
    type: ChangeType,  # noqa: A002 - the name of the option
    owner: str,
    due: str,
    link: str = "",
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Name a further change because of an open incident, besides those that answers have named.

    Once the incident is closed its owner is reminded, and it is settled by a proof.

    Example: andon change add INC-20260301-4f7k2a "Reviewers see the source" --type ui --owner erik
    --due 2026-04-30 --link https://example.org/changes/12

    Args:
        incident: its id.
        what: what is changed, in a sentence; it is stored encrypted.
        type: what kind of thing is changed.
        owner: who sees to it, by their id in the directory.
        due: by which day, such as 2026-04-30.
        link: where it can be seen; it is stored encrypted with the rest.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    about = {"type": type.value, "owner": owner, "due": due}
    body = {"kind": Declared.CHANGE.value, "about": about, "reason": f"{what} {link}".strip()}
    with console(find(where, role=None)) as service:
        answer = service.post_once(f"/v1/incidents/{segment(incident)}/declarations", body)
    if json:
        screen.as_json(answer)
    else:
        kind = type.value.replace("_", " ")
        screen.say(screen.inert(f"{incident}: {kind} is to be changed by {owner} until {due}"))
    return Exit.OK
