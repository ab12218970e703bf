"""Figures as sheets: the rows behind a plot or a table, as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full width too
"""What a cell may not begin with: spreadsheets would run it (OWASP, CSV injection)."""

Cell = str | int | float | None


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV (RFC 4180); what is not known is an empty cell, never nought."""
    out = io.StringIO()
    written = csv.writer(out, lineterminator="\r\n")
    written.writerow([_safe(one) for one in columns])
    written.writerows([_safe(one) for one in row] for row in rows)
    return out.getvalue()


def _safe(cell: Cell) -> Cell:
    """Return a cell as it may be opened; only words can be formulas, numbers stay numbers."""
    if isinstance(cell, str) and cell.startswith(FORMULA):
        return f"'{cell}"
    return _plain(cell) if isinstance(cell, float) else cell


def _plain(value: float) -> str:
    """Return a number in one spelling, without an exponent."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
