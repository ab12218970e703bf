"""Lists of records as CSV: read strictly, and written so that no cell is run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import ValidationError

from andon.domain.affected import AffectedRecord, NamedRecord
from andon.domain.errors import InvalidInputError

GIVEN: Final = ("id", "system", "field", "before", "after")
SHOWN: Final = (
    "number",
    *GIVEN,
    "state",
    "because",
    "source",
    "listed_by",
    "listed_at",
    "settled_by",
    "settled_at",
)
RUN: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, full-width forms too (OWASP, CSV injection)."""
QUOTED: Final = "'"


def written(records: Iterable[AffectedRecord]) -> str:
    """Return records as CSV (RFC 4180); a cell that a spreadsheet could run begins with an apostrophe."""
    out = io.StringIO()
    lines = csv.writer(out, quoting=csv.QUOTE_ALL)
    lines.writerow(SHOWN)
    for record in records:
        plain = record.model_dump(mode="json")
        lines.writerow(["" if plain[name] is None else inert_cell(str(plain[name])) for name in SHOWN])
    return out.getvalue()


def read(text: str) -> list[NamedRecord]:
    """Read records from CSV with a heading; an apostrophe that made a cell inert is taken off again.

    Raises:
        InvalidInputError: names the line, and what is wrong with it.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        rows = [(lines.line_num, row) for row in lines if row]
    except csv.Error as error:
        raise InvalidInputError(f"line {lines.line_num}: this is no CSV: {error}") from error
    if not rows:
        raise InvalidInputError(
            "the file is empty: it begins with a heading such as id,system,field,before,after"
        )
    heading = [name.strip().lower() for name in rows[0][1]]
    for name in ("id", "system"):
        if name not in heading:
            raise InvalidInputError(f"line 1: the heading lacks {name}; it takes {', '.join(GIVEN)}")
    return [_record(number, heading, row) for number, row in rows[1:]]


def _record(line: int, heading: Sequence[str], row: Sequence[str]) -> NamedRecord:
    if len(row) != len(heading):
        raise InvalidInputError(f"line {line}: has {len(row)} cells, and the heading {len(heading)}")
    given = {name: _taken(cell) for name, cell in zip(heading, row, strict=True) if name in GIVEN}
    values = {name: cell for name, cell in given.items() if cell or name in ("id", "system")}
    try:
        return NamedRecord.model_validate(values)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise InvalidInputError(f"line {line}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from error


def inert_cell(cell: str) -> str:
    """Return a cell that no spreadsheet runs: one it could take for a formula begins with an apostrophe.

    So does one that begins with apostrophes before a formula, or reading would take one too many off.
    """
    return QUOTED + cell if _runs(cell.lstrip(QUOTED)) else cell


def _taken(cell: str) -> str:
    return cell[1:] if cell.startswith(QUOTED) and _runs(cell.lstrip(QUOTED)) else cell


def _runs(cell: str) -> bool:
    # Some spreadsheets trim a cell before they look at how it begins.
    return cell.startswith(RUN) or cell.lstrip().startswith(RUN)
