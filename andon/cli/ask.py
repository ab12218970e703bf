"""`andon ask`: asking for a decision that Andon does not put by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import read_pairs, segment

TEXT_BYTES: Final = 100_000


def ask(
    incident: str,
    kind: str | None = None,
    /,
    *,
    reason: str | None = None,
    about: Annotated[list[str] | None, Parameter(negative="")] = None,
    text: Path | None = None,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Ask for a decision: a public statement, outside counsel, more time, another lead and so on.

    Without a kind it lists what your role may ask for now. Asking changes nothing by itself: those
    who decide are asked, and your reason is recorded with your name. Ends with 1 when it is refused
    and with 4 when you may not ask.

    Example: andon ask INC-20260301-4f7k2a external_counsel --reason "a regulator has called" --as compliance

    Args:
        incident: its id.
        kind: what to decide, such as public_statement.
        reason: why; it is stored encrypted.
        about: what exactly, as name=value; may be repeated.
        text: a file with the text to decide on; it is stored encrypted and shown to those who decide.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    path = f"/v1/incidents/{segment(incident)}/proposals"
    if kind is None:
        return _list(path, where, json=json)
    if reason is None:
        raise CommandError("say why with --reason", Exit.BAD_INPUT)
    body: dict[str, Any] = {"kind": kind, "reason": reason}
    if codes := read_pairs("--about", about or ()):
        body["about"] = codes
    if text is not None:
        body["text"] = _read(text)
    with console(find(where, role=None)) as service:
        answer = service.post_once(path, body)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"asked: {answer.get('decision')}, {answer.get('url')}"))
    return Exit.OK


def _list(path: str, where: Where, *, json: bool) -> int:
    with console(find(where, role=READER)) as service:
        answer = service.get(path)
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "You may ask for",
        ("kind", "what is decided", "about", "text", "who decides"),
        [_askable(one) for one in rows_of(answer, "proposals")],
        empty="There is nothing your role may ask for here now.",
    )
    return Exit.OK


def _askable(one: Mapping[str, Any]) -> Sequence[object]:
    about = one.get("about") or {}
    return (
        one.get("kind"),
        f"{one.get('title')} (asked already: {one['asked']})" if one.get("asked") else one.get("title"),
        "; ".join(f"{name}={' | '.join(values) or '...'}" for name, values in about.items()),
        "" if one.get("text") == "none" else one.get("text"),
        _deciding(one),
    )


def _deciding(one: Mapping[str, Any]) -> str:
    if lacking := one.get("lacking"):
        missing = " and ".join(" or ".join(slot) for slot in lacking)
        return f"nobody else as {missing}; let somebody else ask"
    return ", ".join(one.get("roles") or [])


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}", Exit.BAD_INPUT) from error
    if len(content) > TEXT_BYTES:
        raise CommandError(f"{path} is longer than {TEXT_BYTES:,} bytes", Exit.BAD_INPUT)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not text in UTF-8", Exit.BAD_INPUT) from error
