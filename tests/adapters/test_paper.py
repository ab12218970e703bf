"""The quarterly review as HTML and PDF: one file, nothing from elsewhere, the same bytes each time."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from andon.adapters.print.paper import ROWS_SHOWN, body_of, html_of, pages_of, pdf_of, sheets_of
from andon.domain.paper import Paper
from andon.domain.quarter import reviewed
from andon.domain.quarter_paper import laid_out
from tests.domain.quarter_sample import QUARTER, found

NASTY = "<img src=x onerror=alert(1)>#sys.inputs"


class Elements(HTMLParser):
    """Elements and the addresses they would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href", "srcset", "data")]


@pytest.fixture(scope="module")
def paper() -> Paper:
    return laid_out(reviewed(found(), QUARTER))


def with_words(words: str) -> Paper:
    whole = found()
    uses = tuple(one.model_copy(update={"reason": words} if one.reason else {}) for one in whole.uses)
    return laid_out(reviewed(whole.model_copy(update={"uses": uses}), QUARTER))


def test_the_html_is_one_file_that_asks_nothing_of_anybody(paper: Paper) -> None:
    text = html_of(paper).decode()
    seen = Elements()
    seen.feed(text)
    assert seen.fetched == []
    assert {"script", "link", "img", "iframe", "object", "form"}.isdisjoint(seen.names)
    assert seen.names.count("svg") == len(paper.figures())
    assert not re.search(r"@import|url\(", text)
    assert "@media print" in text
    assert "prefers-color-scheme: dark" in text


def test_every_plot_has_its_table_beside_it(paper: Paper) -> None:
    text = body_of(paper)
    for figure in paper.figures():
        assert f"{figure.title} as a table" in text
        assert f'<desc id="{figure.id}-told">' in text


def test_what_people_wrote_is_shown_and_does_nothing() -> None:
    nasty = with_words(NASTY)
    text = html_of(nasty).decode()
    assert "<img" not in text
    assert "&lt;img src=x" in text
    assert pdf_of(nasty).startswith(b"%PDF-")


def test_the_same_review_gives_the_same_bytes(paper: Paper) -> None:
    again = laid_out(reviewed(found(), QUARTER))
    assert html_of(again) == html_of(paper)
    assert pdf_of(again) == pdf_of(paper)
    assert list(sheets_of(again)) == list(sheets_of(paper))


def test_it_is_set_on_a_few_pages(paper: Paper) -> None:
    pages = pages_of(paper, ppi=20)
    assert 4 <= len(pages) <= 9
    assert all(page.startswith(b"\x89PNG") for page in pages)


def test_each_figure_and_table_is_a_sheet_of_its_own(paper: Paper) -> None:
    names = [name for name, _ in sheets_of(paper)]
    assert len(names) == len(set(names)) == len(paper.figures()) + len(paper.tables())
    use = dict(sheets_of(paper))["uses-1"].splitlines()
    assert use[3] == "kb_search,low,bela,19,unanswered,,", "where nothing is to be said a cell is empty"
    assert {"detection", "response", "recurrence", "uses-1"} <= set(names)


def test_a_page_shows_the_first_rows_of_a_long_table_and_leads_to_all(paper: Paper) -> None:
    place = next(at for at, part in enumerate(paper.parts) if part.tables)
    part = paper.parts[place]
    rows = tuple((f"row {number}",) for number in range(ROWS_SHOWN + 3))
    long = part.tables[0].model_copy(update={"columns": ("what",), "rows": rows})
    parts = (*paper.parts[:place], part.model_copy(update={"tables": (long,)}), *paper.parts[place + 1 :])
    grown = paper.model_copy(update={"parts": parts})
    page = body_of(grown, sheets="/sheets/{}.csv")
    assert f"row {ROWS_SHOWN - 1}<" in page
    assert f"row {ROWS_SHOWN}<" not in page
    assert f"The first {ROWS_SHOWN} of {ROWS_SHOWN + 3} rows." in page
    assert f'href="/sheets/{part.id}-1.csv"' in page
    assert f"row {ROWS_SHOWN + 2}<" in body_of(grown)
    assert f"row {ROWS_SHOWN + 2}" in dict(sheets_of(grown))[f"{part.id}-1"]
