"""Levers that misbehave, what Andon makes of each, and the table of that in docs/containment.md.

`python -m tests.workflows.misbehaving` writes the table; tests hold it against what happens.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "containment.md"
BEGIN: Final = "<!-- misbehaving levers: made by python -m tests.workflows.misbehaving -->\n"
END: Final = "<!-- end -->\n"
COLUMNS: Final = (
    "the lever",
    "its order meanwhile",
    "still open, as people are told",
    "called on",
    "it ends",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One way to misbehave."""

    lever: str
    meanwhile: str
    still_open: str
    called_on: str
    ends: str


ROWS: Final = {
    "nothing": Row(
        "answers OK and does nothing",
        "unproven",
        "unproven: free",
        "operations, incident_lead",
        "set anew under another key each round; proven once it holds",
    ),
    "late": Row(
        "times out after applying",
        "requested",
        "requested",
        "nobody",
        "found in effect, not called a second time; proven",
    ),
    "half": Row(
        "applies to one of two replicas",
        "unproven",
        "unproven: flapping/free",
        "operations",
        "set anew; proven once both replicas hold in a row",
    ),
    "one_of_two": Row(
        "is one of two and does nothing, the other holds",
        "unproven beside one proven",
        "unproven: free",
        "operations",
        "the incident is contained only when both are proven",
    ),
    "flaps": Row("flaps while it takes effect", "applied", "applied", "nobody", "proven once it stays"),
    "down": Row(
        "is down",
        "unproven",
        "unproven: away",
        "operations",
        "tried again until it answers; proven",
    ),
    "cached": Row(
        "is behind a cache",
        "applied",
        "waiting for caches until HH:MM:SS UTC",
        "nobody",
        "proven by a look after the cache has run out",
    ),
    "kept": Row(
        "refuses the release",
        "proven",
        "",
        "operations",
        "held until it lets go; then released",
    ),
    "unreadable": Row(
        "can't be read before",
        "proven",
        "",
        "operations",
        "contained, the loss is on record; not released without a known state to go back to",
    ),
}


def table() -> str:
    """Return the rows as a Markdown table."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *(astuple(row) for row in ROWS.values())]
    return "".join("| " + " | ".join(_cell(one) for one in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return text or "nothing"


def page_with_table(text: str) -> str:
    """Return the page with its table made anew."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END, maxsplit=1)[1]


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text()))
