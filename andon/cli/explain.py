"""`andon explain`: what those who use an AI system are told of its restart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.declaration import Declared

_Flag = Annotated[bool, Parameter(negative="")]


def explain(
    incident: str,
    /,
    *,
    publish: Path | None = None,
    as_drafted: _Flag = False,
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """Show what users of an AI system are told of its restart, or publish it.

    Without a flag a draft is printed that was made from the record, beside what is published. Edit the draft
    and publish the file: whoever uses the AI system can read it from then on. Names and internals do not
    belong there. The business owner, communications and the incident lead may publish.

    Example: andon explain INC-20260301-4f7k2a --publish told.txt --as communications

    Args:
        incident: its id.
        publish: file with the text to publish; `-` for standard input.
        as_drafted: publish the draft as it stands.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    if publish is not None and as_drafted:
        raise CommandError("say --publish or --as-drafted, not both", Exit.BAD_INPUT)
    place = f"/v1/incidents/{segment(incident)}"
    with console(find(where, role=None)) as service:
        told = service.get(f"{place}/explanation")
        if publish is None and not as_drafted:
            return _show(told, json=json)
        text = _text(publish) if publish is not None else told.get("draft")
        if not text:
            raise CommandError("there is nothing to explain yet", Exit.BAD_INPUT)
        body: dict[str, object] = {"kind": Declared.EXPLAINED.value, "about": {}, "reason": text}
        answer = service.post_once(f"{place}/declarations", body)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"published: users of this AI system are told from now on ({incident})"))
    return Exit.OK


def _show(told: Mapping[str, Any], *, json: bool) -> int:
    if json:
        screen.as_json(told)
        return Exit.OK
    screen.pairs(
        "What users are told",
        {
            "published": told.get("published") or "nothing yet",
            "at": screen.when(told.get("published_at")),
            "draft": told.get("draft") or "nothing to explain yet",
        },
    )
    return Exit.OK


def _text(path: Path) -> str:
    try:
        text = Path("/dev/stdin").read_text("utf-8") if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} can't be read", Exit.BAD_INPUT) from error
    return text.strip()
