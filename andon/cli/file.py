"""`andon file`: the incident file, to be read or kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.readable import Fact, ReadableFile, readable

READER = "auditor"


def file(
    incident: str,
    /,
    *,
    pdf: Path | None = None,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show the incident file in its eight parts; what it lacks is named.

    Example: andon file INC-20260301-4f7k2a --pdf incident.pdf

    Args:
        incident: its id.
        pdf: write it as a PDF; the same file always gives the same bytes.
        where: where Andon is, and who asks.
        json: print the file as JSON.
    """
    with console(find(where, role=READER)) as service:
        found = service.get(f"/v1/incidents/{segment(incident)}/file")
    if pdf is not None:
        from andon.adapters.print.incident_file import pdf_of  # noqa: PLC0415 - takes long to load

        try:
            with pdf.open("xb") as out:
                out.write(pdf_of(readable(found)))
        except FileExistsError as error:
            raise CommandError(f"{pdf} is there already; name a new file", Exit.BAD_INPUT) from error
        except OSError as error:
            raise CommandError(f"{pdf} can't be written: {error.strerror}", Exit.BAD_INPUT) from error
    if json:
        screen.as_json(found)
    elif pdf is not None:
        screen.say(f"Written to {pdf}.")
    else:
        _print(readable(found))
    return Exit.OK


def _print(shown: ReadableFile) -> None:
    screen.pairs(f"Incident file {shown.incident}", {"ending": shown.ending, "entries": shown.entries})
    screen.say("All times are in UTC.")
    for one in shown.missing:
        screen.say(f"missing: {screen.inert(one)}")
    for part in shown.parts:
        screen.heading(f"\n{part.number}. {part.title}")
        if part.not_applicable:
            screen.say("Does not apply: the incident was stood down.")
        screen.pairs("", {fact.name: _with_code(fact) for fact in part.facts})
        for found in part.tables:
            screen.table(f"\n{found.caption}", found.columns, found.rows, empty="None.")


def _with_code(fact: Fact) -> str:
    return f"{fact.value} ({fact.code})" if fact.code else fact.value
