"""A paper to be laid before people: parts with sentences, facts, tables and figures.

Page, HTML file, PDF and CSV are made from one such value, so that they can't differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import Field

from andon.domain.figure import Figure, Series, lasting
from andon.domain.metrics import Rate, Spread
from andon.domain.readable import NOT_SAID, UNKNOWN, Fact, Table, inert
from andon.domain.values import Frozen


class PaperPart(Frozen):
    """One part of a paper."""

    id: str = Field(pattern=r"^[a-z-]{1,32}$")
    number: int | None = Field(None, description="None: it stands beside the numbered ones")
    title: str
    says: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


class Paper(Frozen):
    """What is laid before people."""

    title: str
    period: str
    as_of: str
    over: bool = Field(description="whether the period is over, so that its figures stay")
    says: tuple[str, ...]
    facts: tuple[Fact, ...]
    parts: tuple[PaperPart, ...]

    def figures(self) -> tuple[Figure, ...]:
        """Return every figure, in order."""
        return tuple(figure for part in self.parts for figure in part.figures)

    def tables(self) -> tuple[tuple[str, Table], ...]:
        """Return every table with a name for it that no other one has."""
        return tuple(
            (f"{part.id}-{place}", table)
            for part in self.parts
            for place, table in enumerate(part.tables, start=1)
        )


def day(at: datetime) -> str:
    """Return the day of a moment, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def fact(name: str, value: object) -> Fact:
    """Return one fact; None is unknown."""
    known = value is not None and value != ""
    return Fact(name=name, value=inert(str(value)) if known else UNKNOWN, known=known)


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return rows as text; what there is nothing to say of is a dash."""
    return Table(
        caption=caption,
        columns=tuple(columns),
        rows=tuple(
            tuple(NOT_SAID if cell is None or cell == "" else inert(str(cell)) for cell in row)
            for row in rows
        ),
    )


def share(rate: Rate, of: str, unknown: str = "") -> str:
    """Return a rate with what it is a part of, and what is not known beside it."""
    told = UNKNOWN if rate.value is None else f"{rate.part} of {rate.whole} {of} ({100 * rate.value:.0f} %)"
    return f"{told}; {rate.unknown} {unknown}" if unknown and rate.unknown else told


def many(count: int, one: str, several: str = "") -> str:
    """Return a count with its noun."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def took(seconds: float | None) -> str:
    """Return a time in words."""
    return UNKNOWN if seconds is None else lasting(seconds)


def spread_cells(found: Spread) -> tuple[object, ...]:
    """Return median, 90th percentile, longest, and how many are known and unknown."""
    return took(found.median), took(found.p90), took(found.longest), found.known, found.unknown


def bars(name: str, title: str, told: str, heading: str, counts: Mapping[str, int]) -> Figure:
    """Return how many incidents have which label, as bars."""
    return Figure(
        id=name,
        title=title,
        told=told,
        kind="bars",
        heading=heading,
        labels=tuple(counts),
        series=(Series(name="incidents", values=tuple(float(count) for count in counts.values())),),
    )
