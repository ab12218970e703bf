"""A figure: numbers with labels, to be drawn as a plot, read as a table and kept as CSV; all say the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, Literal

from pydantic import Field, model_validator

from andon.domain.readable import UNKNOWN, Table
from andon.domain.sheet import inert_cell
from andon.domain.values import Frozen, Slug

Cell = str | int | float | None
SPANS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class Unit(StrEnum):
    """What the numbers of a figure count."""

    COUNT = "count"
    SECONDS = "seconds"
    PERCENT = "percent"


class Series(Frozen):
    """Numbers under one name, one for each label; None: not known."""

    name: str
    values: tuple[float | None, ...]


class Figure(Frozen):
    """What is plotted, and what its table says besides."""

    id: Slug
    title: str
    told: str = Field(description="what it shows, for whoever can't see it")
    kind: Literal["bars", "lines", "points"] = Field(
        description="`points`: each label is a case of its own, and nothing joins them"
    )
    unit: Unit = Unit.COUNT
    heading: str = Field(description="what the labels are, such as `month`")
    labels: tuple[str, ...]
    series: tuple[Series, ...] = Field(min_length=1, max_length=3)
    beside: tuple[Series, ...] = Field(
        (), description="counts that only the table has, such as what is unknown"
    )

    absent: tuple[str, ...] = Field((), description="for each label, why nothing is there if nothing is")
    marks: tuple[str, ...] = Field((), description="what stands at the axis where labels are too long for it")

    @model_validator(mode="after")
    def _refuse_what_does_not_fit(self) -> Figure:
        if any(len(one.values) != len(self.labels) for one in (*self.series, *self.beside)):
            raise ValueError(f"figure {self.id}: each series needs one value for each label")
        if self.marks and len(self.marks) != len(self.labels):
            raise ValueError(f"figure {self.id}: each label needs one mark")
        return self

    def said(self, value: float | None) -> str:
        """Return one of its values in words."""
        if value is None:
            return UNKNOWN
        if self.unit is Unit.SECONDS:
            return lasting(value)
        return f"{value:.0f} %" if self.unit is Unit.PERCENT else f"{value:g}"

    def lacking(self, place: int) -> str:
        """Return why there is no value at a label."""
        return self.absent[place] if self.absent else UNKNOWN

    def table(self) -> Table:
        """Return it as a table to be read."""
        names = [one.name for one in (*self.series, *self.beside)]
        rows = []
        for place, label in enumerate(self.labels):
            told = [
                self.lacking(place) if (value := one.values[place]) is None else self.said(value)
                for one in self.series
            ]
            counts = [_counted(one.values[place]) for one in self.beside]
            rows.append((label, *told, *counts))
        return Table(caption=self.title, columns=(self.heading, *names), rows=tuple(rows))

    def csv(self) -> str:
        """Return it as CSV; times in seconds, what is not known empty."""
        unit = "" if self.unit is Unit.COUNT else f" ({self.unit})"
        columns = (
            self.heading,
            *(f"{one.name}{unit}" for one in self.series),
            *(one.name for one in self.beside),
        )
        both = (*self.series, *self.beside)
        return csv_of(
            columns,
            ([label, *(one.values[place] for one in both)] for place, label in enumerate(self.labels)),
        )


def lasting(seconds: float) -> str:
    """Return a time as people say it, in its two largest units."""
    left = round(seconds)
    told: list[str] = []
    for size, name in SPANS:
        if left >= size and len(told) < 2:
            told.append(f"{left // size} {name}")
            left %= size
        elif told:
            break
    return " ".join(told) or "0 s"


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV (RFC 4180): no cell is a formula, and what is not known is empty, never nought."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow([_cell(one) for one in columns])
    lines.writerows([_cell(one) for one in row] for row in rows)
    return out.getvalue()


def _cell(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return f"{cell:.3f}".rstrip("0").rstrip(".")
    return inert_cell(cell) if isinstance(cell, str) else cell


def _counted(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:g}"
