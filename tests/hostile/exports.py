"""What may not be in anything that leaves: files of the console, what commands print, logs, notices."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from playwright.async_api import APIRequestContext

from andon.domain.sheet import RUN

NAMED: Final = re.compile(r'^attachment; filename="[\w.-]+"$')
ACTING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
PRINTED: Final = frozenset({"\n", "\t"})
IN_PDF: Final = (b"/JavaScript", b"/JS ", b"/Launch", b"/URI", b"/EmbeddedFile", b"/OpenAction")
PER_LINE: Final = 400


async def file_faults(request: APIRequestContext, link: str) -> tuple[str, list[str], str]:
    """Fetch a file; return its kind, what is wrong with it, and its text if it is a page."""
    answer = await request.get(link)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    name = answer.headers.get("content-disposition", "")
    faults = [] if answer.status == 200 else [f"{answer.status} for {link}"]
    if name and not NAMED.match(name):
        faults.append(f"{link} is called {name}")
    content = await answer.body()
    if kind == "text/csv":
        faults += [f"{link} has the cell {cell!r}" for cell in formulas(content.decode())]
    elif kind == "application/json":
        json.loads(content)
    elif kind == "application/pdf":
        faults += [f"{link} holds {one.decode()}" for one in IN_PDF if one in content]
        faults += [] if content.startswith(b"%PDF-") else [f"{link} is no PDF"]
    return kind, faults, content.decode() if kind == "text/html" else ""


def formulas(sheet: str) -> list[str]:
    """Return the cells that a spreadsheet would run."""
    rows = csv.reader(io.StringIO(sheet, newline=""))
    return [cell for row in rows for cell in row if cell.lstrip().startswith(RUN) or cell.startswith(RUN)]


def acting(text: str, allowed: Iterable[str] = PRINTED) -> list[str]:
    """Return the characters that act on a terminal or hide in a line, each once."""
    found = {one for one in text if unicodedata.category(one) in ACTING} - set(allowed)
    return sorted(f"U+{ord(one):04X}" for one in found)


def forged_lines(log: str) -> list[str]:
    """Return what lines of a log are not one JSON object of visible characters."""
    return [line[:PER_LINE] for line in log.splitlines() if acting(line) or not _is_object(line)]


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
