"""What people see: tables on a terminal, JSON for scripts, and nothing that a stranger wrote gets to act.

Titles, ids and reasons may come from anybody. Control characters (terminal escapes), changes of
writing direction and invisible characters are shown as what they are, and no text is markup.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH: Final = 160
_NEVER_SHOWN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def inert(value: object) -> str:
    """Return `value` as text in which no character acts on the terminal or hides."""
    if value is None:
        return ""
    return "".join(_shown(character) for character in str(value))


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _NEVER_SHOWN:
        return character
    return f"\\u{ord(character):04x}"


class Screen(Console):
    """A terminal that leaves it to the command how it ends when nobody reads on."""

    def on_broken_pipe(self) -> None:
        """Let the error through; rich would end the program with 1, as if the command had failed."""
        raise BrokenPipeError


def screen(*, stderr: bool = False) -> Console:
    """Return the terminal, or a wide page when the output goes elsewhere."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Screen(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def say(text: str) -> None:
    """Print one line for people; it is never cut or wrapped."""
    screen().print(Text(text), soft_wrap=True)


def warn(text: str) -> None:
    """Print one line on standard error."""
    screen(stderr=True).print(Text(text), soft_wrap=True)


def as_json(value: Any) -> None:
    """Print `value` as JSON with every character outside ASCII escaped; times stay in UTC."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
    sys.stdout.flush()


def as_json_line(value: Any) -> None:
    """Print `value` as one line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def heading(text: str) -> None:
    """Print the title of what follows."""
    screen().print(Text(text, style="bold"), soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print a table, or the sentence `empty` when there are no rows.

    On a terminal too narrow for it each row is a list of names and values: no word is cut in two.
    """
    if not rows:
        say(empty)
        return
    heading(title)
    if sys.stdout.isatty() and _least_width(columns, rows) > screen().width:
        for number, row in enumerate(rows):
            pairs(
                " " if number else "", {name: cell for name, cell in zip(columns, row, strict=True) if cell}
            )
        return
    page = Table(box=None, pad_edge=False, header_style="dim")
    for name in columns:
        page.add_column(Text(name), overflow="fold")
    for row in rows:
        page.add_row(*(Text(inert(cell)) for cell in row))
    screen().print(page)


def _least_width(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    """Return how wide a table must be so that every column holds its longest word."""
    texts = zip(columns, *([inert(cell) for cell in row] for row in rows), strict=True)
    return sum(
        1 + max(cell_len(word) for text in column for word in text.split() or [""]) for column in texts
    )


def pairs(title: str, found: Mapping[str, object]) -> None:
    """Print names and values; a value of None is left out."""
    if title:
        heading(title)
    page = Table(box=None, show_header=False, pad_edge=False)
    page.add_column(style="dim", no_wrap=True)
    page.add_column(overflow="fold")
    for name, value in found.items():
        if value is not None:
            page.add_row(Text(name), Text(inert(value)))
    screen().print(page)


def moment(value: object) -> datetime | None:
    """Return a time as it came over the wire, or None."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


def when(value: object) -> str:
    """Return a time in the reader's zone, with the zone named."""
    found = moment(value)
    if found is None:
        return inert(value)
    return found.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def told(value: object) -> str:
    """Return a value of the record as people read it: yes or no, a time in their zone, else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return when(str(value))


def distance(value: object) -> str:
    """Return how far a time is from now, such as `in 12 min` or `3 h ago`."""
    found = moment(value)
    if found is None:
        return ""
    seconds = (found - datetime.now(UTC)).total_seconds()
    text = _rounded(abs(seconds))
    return f"in {text}" if seconds >= 0 else f"{text} ago"


def _rounded(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
