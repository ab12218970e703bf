"""Papers on a terminal and in files: the quarterly review and the figures of a period."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.domain.paper import Paper


def hand_out(
    paper: Paper,
    answer: dict[str, Any],
    out: Path | None,
    *,
    name: str,
    html: bool = False,
    pdf: bool = False,
    csv: bool = True,
    json: bool,
) -> None:
    """Write the paper to the folder `out`, if one is named; else print it, or the answer behind it as JSON.

    Raises:
        CommandError: something is there already, or the folder can't be written to.
    """
    written = [] if out is None else _write(paper, out, name=name, html=html, pdf=pdf, csv=csv)
    if json:
        screen.as_json(answer)
    elif out is None:
        _print(paper)
    else:
        for path in written:
            screen.say(f"Written to {path}.")


def _print(paper: Paper) -> None:
    """Print facts and tables; what plots show is in their tables."""
    screen.pairs(f"{paper.title}, {paper.period}", {fact.name: fact.value for fact in paper.facts})
    if not paper.over:
        screen.say(f"As of {paper.as_of}: the period is not over, so these figures will change.")
    for part in paper.parts:
        screen.heading(f"\n{f'{part.number}. ' if part.number else ''}{part.title}")
        for one in part.says:
            screen.say(one)
        screen.pairs("", {fact.name: fact.value for fact in part.facts})
        for found in (*(figure.table() for figure in part.figures), *part.tables):
            screen.table(f"\n{found.caption}", found.columns, found.rows, empty=f"\n{found.caption}: none.")


def _write(paper: Paper, out: Path, *, name: str, html: bool, pdf: bool, csv: bool) -> list[Path]:
    """Write what was asked for into a folder, and nothing over what is there; return what was written.

    Raises:
        CommandError: something is there already, or the folder can't be written to.
    """
    written: list[Path] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file_name, content in _files(paper, name, html=html, pdf=pdf, csv=csv):
            path = out / file_name
            with path.open("xb") as file:
                file.write(content)
            written.append(path)
    except FileExistsError as error:
        raise CommandError(f"{error.filename} is there already; name a new folder", Exit.BAD_INPUT) from error
    except OSError as error:
        raise CommandError(f"{out} can't be written to: {error.strerror}", Exit.BAD_INPUT) from error
    return written


def _files(paper: Paper, name: str, *, html: bool, pdf: bool, csv: bool) -> Iterator[tuple[str, bytes]]:
    from andon.adapters.print.paper import html_of, pdf_of, sheets_of  # noqa: PLC0415 - takes long to load

    if html:
        yield f"{name}.html", html_of(paper)
    if pdf:
        yield f"{name}.pdf", pdf_of(paper)
    for sheet, content in sheets_of(paper) if csv else ():
        yield f"{sheet}.csv", content.encode()
