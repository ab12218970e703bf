"""`andon review`: the post-incident review, to be read and to be written in."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.readable import ReadablePart
from andon.domain.readable_review import readable_review
from andon.domain.review import PARTS, TITLES

READER: Final = "auditor"
EDITOR: Final = "EDITOR"
COMMENT: Final = "#"

_Json = Annotated[bool, Parameter(negative="")]


def review(
    incident: str,
    action: Literal["show", "write"] = "show",
    part: str = "",
    words: str = "",
    /,
    *,
    edit: Annotated[bool, Parameter(negative="")] = False,
    pdf: Path | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show the post-incident review, or write for one of its five parts.

    What the record knows stands there already, with the questions that only people can answer. What
    you write is stored encrypted; what stood there before stays as an earlier version. From medium
    severity on, the question for lessons can't be answered before all five parts have words.

    Example: andon review INC-20260301-4f7k2a write controls "The reviewer saw the draft, not its source."

    Args:
        incident: its id.
        action: show or write.
        part: what_happened, controls, evidence, changed or recurrence.
        words: what you say.
        edit: write in your own editor, as $EDITOR names it.
        pdf: write the whole review as a PDF.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    if action == "write":
        return _write(incident, part, words, edit=edit, where=where, json=json)
    return _read(incident, pdf, where, json=json)


def _read(incident: str, pdf: Path | None, where: Where, *, json: bool) -> int:
    with console(find(where, role=READER)) as service:
        found = service.get(_path(incident))
    if pdf is not None:
        _printed(found, pdf)
    if json:
        screen.as_json(found)
    elif pdf is not None:
        screen.say(f"Written to {pdf}.")
    else:
        _show(found)
    return Exit.OK


def _path(incident: str) -> str:
    return f"/v1/incidents/{segment(incident)}/review"


def _write(incident: str, part: str, words: str, *, edit: bool, where: Where, json: bool) -> int:
    if part not in PARTS:
        raise CommandError(f"write for one of {', '.join(PARTS)}", Exit.BAD_INPUT)
    if bool(words.strip()) == edit:
        raise CommandError("give the words in quotes, or --edit to write them in $EDITOR", Exit.BAD_INPUT)
    with console(find(where, role=None)) as service:
        body: dict[str, Any] = {"text": words.strip()}
        if edit:
            [standing] = [one for one in service.get(_path(incident))["parts"] if one["name"] == part]
            before = standing.get("words") or {"text": "", "version": 0}
            body = {"text": _edited(standing, str(before["text"])), "after": before["version"]}
        answer = service.post(f"{_path(incident)}/{segment(part)}", body)
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.say(f"{screen.inert(incident)}: version {answer['version']} of {TITLES[part]!r} is kept.")
    if answer["missing"]:
        screen.say(f"Still without words: {', '.join(answer['missing'])}")
    return Exit.OK


def _edited(part: dict[str, Any], text: str) -> str:
    """Return what somebody wrote in their editor; lines of questions are taken out again."""
    editor = os.environ.get(EDITOR)
    if not editor:
        raise CommandError(f"${EDITOR} names no editor; give the words in quotes instead", Exit.BAD_INPUT)
    asked = "".join(f"{COMMENT} {screen.inert(one)}\n" for one in part["questions"])
    with tempfile.TemporaryDirectory(prefix="andon-review-") as folder:
        path = Path(folder) / f"{part['name']}.txt"
        path.touch(mode=0o600)
        path.write_text(f"{asked}\n{text}\n", "utf-8")
        try:
            ended = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the user's own
        except (OSError, ValueError) as error:
            raise CommandError(f"{screen.inert(editor)} can't be started: {error}", Exit.BAD_INPUT) from error
        written = path.read_text("utf-8")
    kept = "\n".join(line for line in written.splitlines() if not line.startswith(COMMENT)).strip()
    if ended.returncode or not kept or kept == text.strip():
        raise CommandError("nothing new was written; nothing is kept", Exit.NEGATIVE)
    return kept


def _printed(found: dict[str, Any], pdf: Path) -> None:
    from andon.adapters.print.incident_file import pdf_of  # noqa: PLC0415 - takes long to load

    try:
        with pdf.open("xb") as out:
            out.write(pdf_of(readable_review(found)))
    except FileExistsError as error:
        raise CommandError(f"{pdf} is there already; name a new file", Exit.BAD_INPUT) from error
    except OSError as error:
        raise CommandError(f"{pdf} can't be written: {error.strerror}", Exit.BAD_INPUT) from error


def _show(found: dict[str, Any]) -> None:
    read = readable_review(found)
    screen.pairs(f"{read.title} {read.incident}", {"severity": read.ending, "SHA-256": read.head})
    if found.get("advice"):
        screen.say(screen.inert(found["advice"]))
    for part in read.parts:
        _show_part(part)
    if found.get("proposals"):
        screen.heading("\nWhat may be changed")
        show_proposals(found["proposals"])


def _show_part(part: ReadablePart) -> None:
    screen.heading(f"\n{part.number}. {part.title}")
    for line in part.said:
        screen.say(line)
    screen.say(f"({part.said_by})")
    for one in part.questions:
        screen.say(f"? {one}")
    screen.pairs("", {fact.name: fact.value for fact in part.facts})
    for table in part.tables:
        screen.table(f"\n{table.caption}", table.columns, table.rows, empty="None.")


def show_proposals(proposals: list[dict[str, Any]]) -> None:
    """Print what may be changed, numbered as `--propose` takes it."""
    screen.table(
        "",
        ("N", "type", "change", "proof"),
        [(number, one["type"], one["change"], one["proof"]) for number, one in enumerate(proposals, start=1)],
        empty="Nothing is proposed before the cause was diagnosed.",
    )
