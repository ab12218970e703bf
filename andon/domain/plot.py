"""Drawing figures as SVG: bars, lines and points, without script, font files or anything from elsewhere.

Colours are attributes that a style sheet can replace by class (`plot-…`), so that one drawing serves light
and dark pages and print. The same figure always gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from andon.domain.figure import Figure, Unit
from andon.domain.readable import inert

WIDTH: Final = 720
TOP, BOTTOM, LEFT, RIGHT = 38, 28, 58, 18
HEIGHT: Final = 220
NAMES, BAR, GAP, SAID = 190, 16, 10, 66
LABEL_AT_MOST: Final = 26
INK, SOFT, LINE = "#1c1f23", "#565d66", "#d9dcdf"
COLOURS: Final = ("#0b57b0", "#b45309", "#6b7280")
DASHES: Final = ("", "6 4", "2 3")
"""Lines differ by more than colour, and so do their points."""
SCALES: Final = (
    (2 * 86_400, 86_400, "days"),
    (2 * 3_600, 3_600, "hours"),
    (120, 60, "minutes"),
    (0, 1, "seconds"),
)
STEPS: Final = 4
SMALLEST: Final = 1e-6
_QUOTES: Final = {'"': "&quot;"}


def svg_of(figure: Figure) -> str:
    """Return a figure as one `<svg>` element."""
    height = _bars_height(figure) if figure.kind == "bars" else HEIGHT
    drawn = _bars(figure) if figure.kind == "bars" else _lines(figure)
    title, told = f"{figure.id}-title", f"{figure.id}-told"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="{title} {told}" '
            'font-family="Libertinus Serif, system-ui, sans-serif" font-size="12">',
            f'<title id="{title}">{_text(figure.title)}</title>',
            f'<desc id="{told}">{_text(figure.told)}</desc>',
            *(_legend(figure) if len(figure.series) > 1 else ()),
            *drawn,
            "</svg>",
        )
    )


def ticks(most: float) -> tuple[float, ...]:
    """Return round numbers from nought up to at least `most`; what is too small to be seen is nought."""
    if most < SMALLEST:
        return (0.0, 1.0)
    rough = most / STEPS
    base = 10.0 ** math.floor(math.log10(rough))
    step = next(one * base for one in (1, 2, 5, 10) if one * base >= rough * (1 - 1e-9))
    return tuple(round(step * place, 9) for place in range(math.ceil(most / step - 1e-9) + 1))


def _bars_height(figure: Figure) -> int:
    head = TOP if len(figure.series) > 1 else GAP
    return head + max(1, len(figure.labels)) * (BAR + GAP) + GAP


def _bars(figure: Figure) -> Iterator[str]:
    """Draw one bar a label, its series one after the other, and what they come to."""
    whole = [[one.values[place] for one in figure.series] for place in range(len(figure.labels))]
    sums = [sum(value or 0.0 for value in row) for row in whole]
    most = max([*sums, 1e-9])
    room = WIDTH - NAMES - SAID
    head = TOP if len(figure.series) > 1 else GAP
    if not figure.labels:
        yield _said(NAMES + 6, head + BAR - 4, "nothing in this period", soft=True)
    for place, (label, row) in enumerate(zip(figure.labels, whole, strict=True)):
        y = head + place * (BAR + GAP)
        yield _said(NAMES - 10, y + BAR - 4, _short(label), anchor="end")
        x = float(NAMES)
        for number, value in enumerate(row):
            if value:
                told = f"{label}: {figure.series[number].name} {figure.said(value)}"
                yield _bar(number, x, y, value / most * room, told)
                x += value / most * room
        known = any(value is not None for value in row)
        yield _said(x + 6, y + BAR - 4, figure.said(sums[place]) if known else "unknown", soft=not known)
    yield _rule(NAMES, GAP / 2, NAMES, _bars_height(figure) - GAP / 2, strong=True)


def _bar(number: int, x: float, y: float, wide: float, told: str) -> str:
    return (
        f'<rect class="plot-fill-{number}" fill="{COLOURS[number]}" x="{_at(x)}" y="{_at(y)}" '
        f'width="{_at(wide)}" height="{BAR}"><title>{_text(told)}</title></rect>'
    )


def _lines(figure: Figure) -> Iterator[str]:
    """Draw a line a series, broken where a value is not known; of single cases the points alone."""
    if not figure.labels:
        yield _said(LEFT + 6, HEIGHT / 2, "nothing in this period", soft=True)
    known = [value for one in figure.series for value in one.values if value is not None]
    size, unit = _scale(figure, max(known, default=0.0))
    marks = ticks(max(known, default=0.0) / size)
    yield _said(LEFT - 44, TOP - 14, unit, soft=True)
    for mark in marks:
        y = _height(mark / marks[-1])
        yield _rule(LEFT, y, WIDTH - RIGHT, y, strong=mark == 0)
        yield _said(LEFT - 8, y + 4, f"{mark:g}", anchor="end", soft=True)
    every = max(1, math.ceil(len(figure.labels) / 12))
    for place, label in enumerate(figure.marks or figure.labels):
        if place % every == 0:
            x = _across(place, len(figure.labels))
            yield _said(x, HEIGHT - BOTTOM + 18, _short(label), anchor="middle", soft=True)
    for place in range(len(figure.labels)):
        if all(one.values[place] is None for one in figure.series):
            x = _across(place, len(figure.labels))
            yield _said(x, HEIGHT - BOTTOM - 6, figure.lacking(place), anchor="middle", soft=True)
    for number, series in enumerate(figure.series):
        yield from _line(figure, number, [None if v is None else v / size / marks[-1] for v in series.values])


def _line(figure: Figure, number: int, shares: Sequence[float | None]) -> Iterator[str]:
    colour, series = COLOURS[number], figure.series[number]
    run: list[str] = []
    runs = [run]
    points: list[str] = []
    for place, share in enumerate(shares):
        if share is None:
            run = []
            runs.append(run)
            continue
        x, y = _across(place, len(shares)), _height(share)
        run.append(f"{_at(x)},{_at(y)}")
        told = f"{figure.labels[place]}: {series.name} {figure.said(series.values[place])}"
        points.append(_point(number, x, y, told))
    dash = f' stroke-dasharray="{DASHES[number]}"' if DASHES[number] else ""
    for one in runs:
        if len(one) > 1 and figure.kind == "lines":
            yield (
                f'<polyline class="plot-line-{number}" points="{" ".join(one)}" fill="none" '
                f'stroke="{colour}" stroke-width="2"{dash}/>'
            )
    yield from points


def _legend(figure: Figure) -> Iterator[str]:
    x = float(NAMES if figure.kind == "bars" else LEFT + 60)
    for number, series in enumerate(figure.series):
        yield _point(number, x, 14, series.name)
        yield _said(x + 12, 18, series.name)
        x += 34 + 7 * len(series.name)


def _point(number: int, x: float, y: float, told: str) -> str:
    """Return a mark of a series: a disc, a square, a diamond."""
    inside = f"<title>{_text(told)}</title>"
    looks = f'class="plot-fill-{number}" fill="{COLOURS[number]}"'
    if number == 0:
        return f'<circle {looks} cx="{_at(x)}" cy="{_at(y)}" r="4.5">{inside}</circle>'
    turned = f' transform="rotate(45 {_at(x)} {_at(y)})"' if number == 2 else ""
    return f'<rect {looks} x="{_at(x - 4)}" y="{_at(y - 4)}" width="8" height="8"{turned}>{inside}</rect>'


def _scale(figure: Figure, most: float) -> tuple[int, str]:
    if figure.unit is not Unit.SECONDS:
        return 1, figure.unit.value
    return next((size, name) for least, size, name in SCALES if most >= least)


def _across(place: int, of: int) -> float:
    room = WIDTH - LEFT - RIGHT
    return LEFT + room * (place + 0.5) / max(1, of)


def _height(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _rule(x: float, y: float, to_x: float, to_y: float, *, strong: bool) -> str:
    looks = f'class="plot-axis" stroke="{SOFT}"' if strong else f'class="plot-grid" stroke="{LINE}"'
    return f'<line {looks} x1="{_at(x)}" y1="{_at(y)}" x2="{_at(to_x)}" y2="{_at(to_y)}"/>'


def _said(x: float, y: float, text: str, *, anchor: str = "start", soft: bool = False) -> str:
    looks = f'class="plot-soft" fill="{SOFT}"' if soft else f'class="plot-ink" fill="{INK}"'
    return f'<text {looks} x="{_at(x)}" y="{_at(y)}" text-anchor="{anchor}">{_text(text)}</text>'


def _short(label: str) -> str:
    return label if len(label) <= LABEL_AT_MOST else f"{label[: LABEL_AT_MOST - 1]}…"


def _at(value: float) -> str:
    """Return a place in one spelling."""
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return escape(inert(text), _QUOTES)
