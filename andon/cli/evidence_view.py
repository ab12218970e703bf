"""`andon evidence show`: redacted views of what was preserved, and figures of what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console
from andon.cli.words import segment

_Json = Annotated[bool, Parameter(negative="")]
PREFIX_AT_LEAST = 6


def show(
    incident: str,
    item: str | None = None,
    /,
    *,
    save: Path | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show a redacted view of an item, as far as your role goes; without an item, what the evidence holds.

    You never see the original here: personal data and secrets are replaced by the names of their rules.
    That you looked is on record.

    Example: andon evidence show INC-20260301-4f7k2a 3f9a1c --as security

    Args:
        incident: its id.
        item: an item's id, or the first characters of its SHA-256; `andon evidence list` has both.
        save: write the redacted content to this file instead.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        path = f"/v1/incidents/{segment(incident)}/evidence"
        if item is None:
            return _figures(service.get(f"{path}/figures"), json=json)
        found = service.get(f"{path}/{_digest(service, path, item)}/view")
    if save is not None:
        return _saved(found, save)
    if json:
        screen.as_json(found)
        return Exit.OK
    _head(found)
    text = found.get("text")
    screen.say("")
    for line in str(text).split("\n") if text is not None else (_instead(found),):
        screen.say(_inert(line))
    return Exit.OK


def _inert(line: str) -> str:
    return screen.inert(line.replace("\t", "    "))


def _digest(service: Service, path: str, item: str) -> str:
    """Return the digest of the one item that an id or the beginning of a digest names."""
    items = rows_of(service.get(path), "items")
    fitting = {
        str(one["sha256"])
        for one in items
        if one.get("id") == item or (len(item) >= PREFIX_AT_LEAST and str(one["sha256"]).startswith(item))
    }
    if len(fitting) != 1:
        problem = "no item" if not fitting else f"{len(fitting)} items"
        raise CommandError(
            f"{problem} of this incident fit {screen.inert(item)!r}; `andon evidence list` has their ids "
            f"and digests, of which {PREFIX_AT_LEAST} characters are enough",
            Exit.BAD_INPUT,
        )
    return fitting.pop()


def _head(found: dict[str, Any]) -> None:
    screen.say(f"{found['kind']} from {found['source']}, captured {screen.when(found['captured_at'])}")
    screen.say(f"item      {screen.inert(str(found['item']))}")
    screen.say(f"stored    SHA-256 {found['sha256']}")
    screen.say(f"view      SHA-256 {found['digest']}, made by {found['engine']}")
    replaced = ", ".join(f"{rule} {count}" for rule, count in found["found"].items())
    screen.say(f"replaced  {replaced or 'nothing was recognised; that is no promise that it holds nothing'}")
    if found["left_out"]:
        screen.say(f"left out  {found['left_out']} fields that nobody needs")


def _instead(found: dict[str, Any]) -> str:
    if found["level"] != "content":
        return "Your role sees what kinds of data are in it, and how often, and not a word of it."
    return f"The content is withheld: {found['withheld']}."


def _saved(found: dict[str, Any], save: Path) -> int:
    if found.get("text") is None:
        raise CommandError(_instead(found), Exit.NOT_ALLOWED)
    try:
        save.write_text(found["text"], "utf-8")
    except OSError as error:
        raise CommandError(f"{save} can't be written: {error.strerror}", Exit.BAD_INPUT) from error
    screen.say(f"The redacted view is in {save}.")
    return Exit.OK


def _figures(found: dict[str, Any], *, json: bool) -> int:
    if json:
        screen.as_json(found)
        return Exit.OK
    screen.table(
        "Personal data and secrets that were recognised, by kind of evidence",
        ("kind", "items", "with findings", "categories"),
        [
            (
                one.get("kind"),
                one.get("items"),
                one.get("with_findings"),
                ", ".join(f"{name} {count}" for name, count in one["categories"].items()),
            )
            for one in rows_of(found, "kinds")
        ],
        empty="Nothing is preserved yet.",
    )
    return Exit.OK
