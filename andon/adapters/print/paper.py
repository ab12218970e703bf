"""A paper with its plots as one HTML file, as a PDF set by typst, and as sheets of CSV.

The same paper gives the same bytes, whatever it is made into.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from andon.adapters.print.typeset import typeset
from andon.domain.figure import csv_of
from andon.domain.paper import Paper
from andon.domain.plot import svg_of
from andon.domain.readable import NOT_SAID

TEMPLATE: Final = "paper.typ"
_PAGES: Final = Environment(
    loader=PackageLoader("andon.adapters.print", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

ROWS_SHOWN: Final = 50
"""Of a table on a page; a file holds them all."""


def body_of(paper: Paper, sheets: str = "") -> str:
    """Return the paper as the body of a page; everything that people wrote is escaped.

    Args:
        paper: what is shown.
        sheets: address of a sheet as CSV, with `{}` for its name; none if left out. With it, tables show
            their first rows only, and lead there for the rest.
    """
    return _PAGES.get_template("paper_body.html").render(
        paper=paper, plot=svg_of, sheets=sheets, shown=ROWS_SHOWN
    )


def html_of(paper: Paper) -> bytes:
    """Return the paper as one HTML file that asks nothing of anybody, on screen or printed."""
    style = files("andon.adapters.print").joinpath("paper.css").read_text()
    page = _PAGES.get_template("paper.html")
    return page.render(paper=paper, style=style, body=body_of(paper)).encode()


def pdf_of(paper: Paper) -> bytes:
    """Return the paper as PDF/UA.

    Raises:
        InvalidInputError: it can't be set.
    """
    return typeset(TEMPLATE, _inputs(paper), "pdf")[0]


def pages_of(paper: Paper, ppi: float = 72) -> list[bytes]:
    """Return the pages as PNG, to be looked at.

    Raises:
        InvalidInputError: it can't be set.
    """
    return typeset(TEMPLATE, _inputs(paper), "png", ppi)


def sheets_of(paper: Paper) -> Iterator[tuple[str, str]]:
    """Yield each figure and table under its name, as CSV."""
    for figure in paper.figures():
        yield figure.id, figure.csv()
    for name, table in paper.tables():
        rows = ([None if cell == NOT_SAID else cell for cell in row] for row in table.rows)
        yield name, csv_of(table.columns, rows)


def _inputs(paper: Paper) -> dict[str, str]:
    plots = {figure.id: svg_of(figure) for figure in paper.figures()}
    tables = {figure.id: figure.table().model_dump() for figure in paper.figures()}
    return {"paper": paper.model_dump_json(), "plots": json.dumps(plots), "tables": json.dumps(tables)}
