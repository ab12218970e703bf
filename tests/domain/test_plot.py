"""Figures as SVG, table and CSV: the same numbers, said so that nobody needs to see colours."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from andon.domain.figure import Figure, Series, Unit, csv_of, lasting
from andon.domain.plot import STEPS, svg_of, ticks

SVG = "{http://www.w3.org/2000/svg}"
NASTY = '<script>alert("1")</script>&\x07'


def lines(*values: float | None, unit: Unit = Unit.SECONDS) -> Figure:
    return Figure(
        id="times",
        title="Times",
        told="Times by month.",
        kind="lines",
        unit=unit,
        heading="month",
        labels=tuple(f"2026-{place + 1:02d}" for place in range(len(values))),
        series=(Series(name="median", values=values),),
        absent=("none opened",) * len(values),
    )


def bars(**counts: float) -> Figure:
    return Figure(
        id="counts",
        title="Counts",
        told="Counts by name.",
        kind="bars",
        heading="name",
        labels=tuple(counts),
        series=(
            Series(name="open", values=tuple(counts.values())),
            Series(name="late", values=(1.0,) * len(counts)),
        ),
    )


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own drawing


def drawn(figure: Figure) -> ElementTree.Element:
    return parsed(svg_of(figure))


def test_a_plot_has_a_title_and_a_description_that_name_it() -> None:
    plot = drawn(lines(60, 120))
    named = {one.get("id"): one.text for one in plot if one.tag in (f"{SVG}title", f"{SVG}desc")}
    assert named == {"times-title": "Times", "times-told": "Times by month."}
    assert (plot.get("role"), plot.get("aria-labelledby")) == ("img", "times-title times-told")


def test_a_month_that_is_not_known_breaks_the_line_and_says_why() -> None:
    plot = drawn(lines(60, 120, None, 240, 300))
    runs = [one.get("points", "").split() for one in plot.iter(f"{SVG}polyline")]
    assert [len(run) for run in runs] == [2, 2]
    assert "none opened" in [one.text for one in plot.iter(f"{SVG}text")]
    assert len(list(plot.iter(f"{SVG}circle"))) == 4


def test_each_point_says_its_value() -> None:
    told = [one.text for one in drawn(lines(90, 7200)).iter(f"{SVG}title")]
    assert "2026-01: median 1 min 30 s" in told
    assert "2026-02: median 2 h" in told


def test_bars_are_as_long_as_their_share_of_the_longest() -> None:
    wide = [
        float(one.get("width", "0"))
        for one in drawn(bars(a=3, b=1)).iter(f"{SVG}rect")
        if one.get("height") == "16"
    ]
    assert wide[0] == pytest.approx(3 * wide[1], abs=0.2)
    assert wide[2] == pytest.approx(wide[1], abs=0.2)


def test_lines_and_points_of_a_plot_differ_by_more_than_colour() -> None:
    figure = lines(60, 120).model_copy(
        update={"series": tuple(Series(name=name, values=(60, 120)) for name in ("one", "two", "three"))}
    )
    plot = drawn(figure)
    assert len({one.get("stroke-dasharray") for one in plot.iter(f"{SVG}polyline")}) == 3
    assert plot.find(f"{SVG}circle") is not None
    turned = {one.get("transform") is None for one in plot.iter(f"{SVG}rect")}
    assert turned == {True, False}


def test_what_people_wrote_does_nothing_in_a_plot() -> None:
    text = svg_of(bars(**{NASTY: 1}))
    assert "<script" not in text
    assert "\x07" not in text
    assert parsed(text) is not None


def test_a_plot_asks_for_nothing_from_elsewhere() -> None:
    text = svg_of(bars(a=1)) + svg_of(lines(1, None))
    assert [word for word in ("href", "url(", "<style", "script", "@import", "style=") if word in text] == []


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert svg_of(lines(1.1, 2.2, None)) == svg_of(lines(1.1, 2.2, None))


def test_a_figure_of_nothing_says_so() -> None:
    assert "nothing in this period" in svg_of(bars())


@given(st.floats(min_value=0, max_value=1e9, allow_nan=False))
def test_marks_reach_the_largest_value_and_are_few(most: float) -> None:
    marks = ticks(most)
    assert marks[0] == 0
    assert marks[-1] >= most * (1 - 1e-6) or marks == (0, 1)
    assert len(marks) <= STEPS + 2


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (3601, "1 h"),
        (200_000, "2 d 7 h"),
    ],
)
def test_times_are_said_in_their_two_largest_units(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def test_a_table_and_its_sheet_say_what_is_not_known_each_in_its_way() -> None:
    figure = lines(90, None)
    assert figure.table().rows == (("2026-01", "1 min 30 s"), ("2026-02", "none opened"))
    assert list(csv.reader(io.StringIO(figure.csv()))) == [
        ["month", "median (seconds)"],
        ["2026-01", "90"],
        ["2026-02", ""],
    ]


@pytest.mark.parametrize(
    "begun", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
)
def test_no_cell_of_a_sheet_is_a_formula(begun: str) -> None:
    ((cell, number),) = list(csv.reader(io.StringIO(csv_of(("name", "n"), [(begun, -1)]), newline="")))[1:]
    assert cell == f"'{begun}"
    assert number == "-1", "a number is no formula"


def test_a_figure_whose_values_do_not_fit_its_labels_is_refused() -> None:
    with pytest.raises(ValidationError, match="one value for each label"):
        lines(1, 2).model_validate({**lines(1, 2).model_dump(), "labels": ("one",)})
