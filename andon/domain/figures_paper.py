"""The figures of a period as they are read: plots with their tables; few cases stand as points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from andon.domain.figure import Figure, Series, Unit
from andon.domain.figures import MEDIAN_FROM, P90_FROM, Asked, Decided, Figures, Point, Step
from andon.domain.metrics import Rate, Spread, spread
from andon.domain.paper import Paper, PaperPart, bars, day, fact, many, share, table, took
from andon.domain.readable import Fact, shown, words
from andon.domain.severity import Band
from andon.domain.values import Frozen

TITLE: Final = "Figures"
POINTS_AT_MOST: Final = 40
"""So many cases can be told apart in one plot; more are drawn by week or month."""
BY_WEEK_UP_TO: Final = timedelta(days=120)
TOO_FEW: Final = "too few"


class _Told(Frozen):
    id: str
    title: str
    told: str
    lacking: str


STEPS: Final = (
    _Told(
        id="acknowledged",
        title="Time to acknowledge",
        told="From when the incident was received to the first word of its business owner.",
        lacking="not acknowledged",
    ),
    _Told(
        id="contained",
        title="Time to containment",
        told="From detection to the proof that all of it is contained.",
        lacking="not contained, or not known",
    ),
    _Told(
        id="restarted",
        title="Time to restart",
        told="From when the incident was received to the restart through the gate.",
        lacking="not restarted yet",
    ),
)


def laid_out(figures: Figures) -> Paper:
    """Return the figures as they are read; the same figures always give the same paper."""
    asked = figures.asked
    return Paper(
        title=TITLE,
        period=f"{day(asked.since)} until {day(asked.until)} (UTC, that day not included)",
        as_of=shown(figures.as_of.astimezone(UTC).isoformat(timespec="seconds")),
        over=figures.as_of >= asked.until,
        says=(
            f"Incidents opened in the period{_narrowed(asked)}. Exercises are left out, and what is not "
            "known is counted and never taken for nought. "
            f"Of fewer than {MEDIAN_FROM} cases no median is made, of fewer than {P90_FROM} no 90th "
            "percentile.",
        ),
        facts=tuple(_glance(figures)),
        parts=(_opened(figures), _times(figures), _decisions(figures), _proofs(figures), _evidence(figures)),
    )


def median_of(found: Spread) -> str:
    """Return the median of enough cases in words."""
    return took(found.median) if found.known >= MEDIAN_FROM else _few(found)


def p90_of(found: Spread) -> str:
    """Return the 90th percentile of enough cases in words."""
    return took(found.p90) if found.known >= P90_FROM else _few(found)


def _few(found: Spread) -> str:
    return TOO_FEW if found.known else "none yet"


def _glance(figures: Figures) -> Iterator[Fact]:
    first, orders = figures.proven
    near = many(figures.near_misses + figures.logged, "near miss", "near misses")
    yield fact("Opened", f"{many(figures.opened, 'incident')}; {figures.still_open} still open")
    yield fact(
        "Near misses to incidents",
        f"{near} to {many(figures.opened - figures.near_misses, 'other incident')}",
    )
    yield fact("Median time to containment", _told_with_n(figures.contained.spread))
    yield fact("Orders proven at the first look", share(Rate(part=first, whole=orders), "orders"))
    yield fact(
        "Relapses",
        f"{figures.relapses}, in {many(figures.relapsed, 'incident')} of {figures.watched} restarted",
    )
    yield fact("Decisions past their deadline", sum(one.late for one in figures.decided))
    yield fact("Next authority called", many(figures.escalations, "time"))


def _told_with_n(found: Spread) -> str:
    return f"{median_of(found)} (n = {found.known}; {found.unknown} not yet, or not known)"


def _opened(figures: Figures) -> PaperPart:
    return PaperPart(
        id="opened",
        title="Incidents opened",
        says=("The count says how much was seen, not how good it is.",),
        figures=(
            bars(
                "opened-when",
                f"Incidents opened, by {_span(figures.asked)}",
                f"Incidents by the {_span(figures.asked)} in which they were opened.",
                _span(figures.asked),
                _when(figures),
            ),
            bars(
                "opened-severity",
                "Incidents opened, by severity",
                "Incidents by their severity as it stands, the gravest first.",
                "severity",
                {band.value: figures.by_severity.get(band, 0) for band in reversed(Band)},
            ),
        ),
    )


def _times(figures: Figures) -> PaperPart:
    steps = (figures.acknowledged, figures.contained, figures.restarted)
    return PaperPart(
        id="times",
        title="How long it took",
        says=("Each point is one incident while they are few; of many, the median and 90th percentile.",),
        figures=tuple(_step(told, step, figures.asked) for told, step in zip(STEPS, steps, strict=True)),
        tables=(
            table(
                "How long it took",
                ("step", "cases", "median", "90th percentile", "longest", "not yet, or not known"),
                ((told.title, *_cells(step.spread)) for told, step in zip(STEPS, steps, strict=True)),
            ),
        ),
    )


def _cells(found: Spread) -> tuple[object, ...]:
    longest = took(found.longest) if found.known else None
    return found.known, median_of(found), p90_of(found), longest, found.unknown


def _step(told: _Told, step: Step, asked: Asked) -> Figure:
    return _pointed(told, step.points) if len(step.points) <= POINTS_AT_MOST else _trend(told, step, asked)


def _pointed(told: _Told, points: Sequence[Point]) -> Figure:
    return Figure(
        id=told.id,
        title=told.title,
        told=f"{told.told} One point for each incident, oldest first.",
        kind="points",
        unit=Unit.SECONDS,
        heading="incident",
        labels=tuple(one.incident for one in points),
        marks=tuple(f"{one.opened_at.astimezone(UTC):%m-%d}" for one in points),
        series=(Series(name="took", values=tuple(one.seconds for one in points)),),
    )


def _trend(told: _Told, step: Step, asked: Asked) -> Figure:
    key = _key(asked)
    spans: dict[str, list[float]] = {label: [] for label in _spans(asked)}
    for one in step.points:
        spans.setdefault(key(one.opened_at), []).append(one.seconds)
    found = {label: spread(values) for label, values in spans.items()}
    return Figure(
        id=told.id,
        title=f"{told.title}, by {_span(asked)}",
        told=f"{told.told} By the {_span(asked)} in which it was opened: median and 90th percentile.",
        kind="lines",
        unit=Unit.SECONDS,
        heading=_span(asked),
        labels=tuple(found),
        series=(
            Series(
                name="median",
                values=tuple(one.median if one.known >= MEDIAN_FROM else None for one in found.values()),
            ),
            Series(
                name="90th percentile",
                values=tuple(one.p90 if one.known >= P90_FROM else None for one in found.values()),
            ),
        ),
        beside=(Series(name="cases", values=tuple(float(one.known) for one in found.values())),),
        absent=tuple("few" if one.known else "none" for one in found.values()),
    )


def _decisions(figures: Figures) -> PaperPart:
    decided = figures.decided
    columns = ("decision", "decided", "median", "90th percentile", "longest", "still open", "late")
    return PaperPart(
        id="decisions",
        title="Decisions",
        says=(
            "A question is late when its deadline passed before it was decided; then the next authority is "
            "called. A decision that was asked anew counts once.",
        ),
        figures=(_in_time(decided),),
        tables=(
            table(
                "From question to decision",
                (*columns, "next authority called"),
                ((words(one.kind), *_cells(one.spread), one.late, one.rungs) for one in decided),
            ),
        ),
    )


def _in_time(decided: Sequence[Decided]) -> Figure:
    late = tuple(float(one.late) for one in decided)
    asked = tuple(float(one.spread.known + one.spread.unknown) for one in decided)
    return Figure(
        id="decided",
        title="Questions, in time and late",
        told="Questions asked, by kind: those in time so far, and those whose deadline passed.",
        kind="bars",
        heading="decision",
        labels=tuple(words(one.kind) for one in decided),
        series=(
            Series(name="in time", values=tuple(a - b for a, b in zip(asked, late, strict=True))),
            Series(name="late", values=late),
        ),
    )


def _proofs(figures: Figures) -> PaperPart:
    looks = figures.looks
    first, orders = figures.proven
    return PaperPart(
        id="proofs",
        title="Orders and their proof",
        says=(
            f"{share(Rate(part=first, whole=orders), 'orders')} were seen to hold at the first look. "
            "What people did by hand is left out.",
        )
        if orders
        else ("No order was given in this period.",),
        figures=(
            Figure(
                id="looks",
                title="Orders, by how they were proven",
                told="Orders by what they did: proven at the first look, at a later one, or never.",
                kind="bars",
                heading="order",
                labels=tuple(words(one.verb) for one in looks),
                series=(
                    Series(name="first look", values=tuple(float(one.first) for one in looks)),
                    Series(name="later", values=tuple(float(one.later) for one in looks)),
                    Series(name="never", values=tuple(float(one.never) for one in looks)),
                ),
            ),
        ),
    )


def _evidence(figures: Figures) -> PaperPart:
    missing = sum(figures.gaps.values())
    return PaperPart(
        id="evidence",
        title="Gaps of evidence",
        says=(share(Rate(part=missing, whole=figures.rows), "required rows are gaps") + ".",)
        if figures.rows
        else ("No evidence was required in this period.",),
        figures=(
            bars(
                "gaps",
                "Gaps of evidence, by reason",
                "Required rows of evidence that could not be had, by reason.",
                "reason",
                {words(reason): count for reason, count in figures.gaps.items()},
            ),
        ),
    )


def _narrowed(asked: Asked) -> str:
    named = (
        asked.system and f"AI system {asked.system}",
        asked.severity and f"severity {asked.severity}",
        asked.type and f"type {words(asked.type)}",
    )
    told = ", ".join(one for one in named if one)
    return f" ({told})" if told else ""


def _span(asked: Asked) -> str:
    return "week" if asked.until - asked.since <= BY_WEEK_UP_TO else "month"


def _key(asked: Asked) -> Callable[[datetime], str]:
    return _week if _span(asked) == "week" else _month


def _week(at: datetime) -> str:
    """Return the Monday of a week, in UTC."""
    local = at.astimezone(UTC)
    return f"{local - timedelta(days=local.weekday()):%Y-%m-%d}"


def _month(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"


def _spans(asked: Asked) -> list[str]:
    """Return each week or month of the period, so that one without incidents is seen too."""
    key, at = _key(asked), asked.since
    found: dict[str, None] = {}
    while at < asked.until:
        found[key(at)] = None
        at += timedelta(days=1)
    return list(found)


def _when(figures: Figures) -> dict[str, int]:
    key = _key(figures.asked)
    counts = Counter(key(at) for at in figures.openings)
    return {label: counts[label] for label in _spans(figures.asked)} if counts else {}
