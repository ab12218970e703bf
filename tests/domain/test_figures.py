"""Figures of the response: what is counted, what is late, and that few cases make no median."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from andon.adapters.print.paper import body_of, sheets_of
from andon.domain.acknowledgement import Acknowledgement
from andon.domain.containment import OrderState, Proof, Verb
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.evidence import GapReason, RowOutcome, RowState, Seal
from andon.domain.figure import Figure
from andon.domain.figures import MEDIAN_FROM, Acted, Asked, Figures, Looks, Waited, counted
from andon.domain.figures_case import acted_in
from andon.domain.figures_paper import POINTS_AT_MOST, laid_out
from andon.domain.incident import IncidentView, OrderRecord
from andon.domain.plot import svg_of
from andon.domain.severity import Band
from andon.domain.stage import Stage, StageRecord
from tests.register.cases import INCIDENT, NOW, PAUSE, TOOL, opening, order, view

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
ASKED = Asked(since=SINCE, until=SINCE + timedelta(days=30))
MINUTE, HOUR = 60.0, 3600.0


def acted(number: int, **changes: Any) -> Acted:
    fields = {
        "incident": f"INC-20260301-{number:06d}",
        "system": "refund_desk",
        "severity": Band.HIGH,
        "opened_at": SINCE + timedelta(hours=number),
        "open": False,
        **changes,
    }
    return Acted(**fields)


def figures(*cases: Acted, **changes: Any) -> Figures:
    return counted(cases, ASKED, SINCE + timedelta(days=30), **changes)


def figure(found: Figures, name: str) -> Figure:
    return next(one for one in laid_out(found).figures() if one.id == name)


def cells(found: Figures, sheet: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(dict(sheets_of(laid_out(found)))[sheet])))


def test_few_cases_are_points_and_make_no_median() -> None:
    found = figures(*(acted(n, to_contain=MINUTE * n) for n in range(1, MEDIAN_FROM)))
    plot = figure(found, "contained")
    assert plot.kind == "points"
    assert plot.labels == tuple(f"INC-20260301-{n:06d}" for n in range(1, MEDIAN_FROM))
    assert "<polyline" not in svg_of(plot)
    row = next(line for line in cells(found, "times-1") if line[0] == "Time to containment")
    assert row[1:4] == [str(MEDIAN_FROM - 1), "too few", "too few"]


def test_from_five_cases_there_is_a_median_and_from_ten_a_90th_percentile() -> None:
    for count, median, p90 in ((5, "3 min", "too few"), (10, "5 min 30 s", "9 min")):
        found = figures(*(acted(n, to_contain=MINUTE * n) for n in range(1, count + 1)))
        row = next(line for line in cells(found, "times-1") if line[0] == "Time to containment")
        assert row[1:4] == [str(count), median, p90]


def test_many_cases_are_drawn_by_week_and_a_week_with_few_has_no_line() -> None:
    many = [acted(n, to_contain=MINUTE, opened_at=SINCE + timedelta(hours=n)) for n in range(POINTS_AT_MOST)]
    late = acted(99, to_contain=HOUR, opened_at=SINCE + timedelta(days=20))
    plot = figure(figures(*many, late), "contained")
    assert plot.kind == "lines"
    weeks = dict(zip(plot.labels, plot.series[0].values, strict=True))
    assert weeks["2026-03-16"] is None
    assert MINUTE in weeks.values()
    assert "few" in plot.absent


def test_nothing_at_all_says_so_and_is_never_nought() -> None:
    found = figures()
    paper = laid_out(found)
    assert found.acknowledged.spread.median is None
    assert "none yet" in next(one.value for one in paper.facts if one.name == "Median time to containment")
    page = body_of(paper)
    assert page.count("nothing in this period") >= 4
    assert "No order was given" in page


def test_what_has_not_happened_is_counted_and_stands_in_no_plot() -> None:
    found = figures(acted(1, to_restart=HOUR), acted(2, open=True), acted(3, restarts=False))
    assert (found.restarted.spread.known, found.restarted.spread.unknown) == (1, 1)
    assert [one.incident for one in found.restarted.points] == ["INC-20260301-000001"]
    assert (found.opened, found.still_open) == (3, 1)


def test_late_questions_are_counted_by_kind_and_open_ones_too() -> None:
    triage = Waited(kind=DecisionKind.TRIAGE, seconds=MINUTE, late=False)
    silent = Waited(kind=DecisionKind.TRIAGE, seconds=None, late=True, rungs=2)
    found = figures(acted(1, waits=(triage, silent)))
    (one,) = found.decided
    assert (one.kind, one.late, one.rungs, one.spread.unknown) == (DecisionKind.TRIAGE, 1, 2, 1)
    assert found.escalations == 2
    plot = figure(found, "decided")
    assert [series.values for series in plot.series] == [(1.0,), (1.0,)]


def test_orders_proven_at_the_first_look_are_a_share_of_all() -> None:
    looks = (Looks(verb=Verb.PAUSE_SYSTEM, first=3), Looks(verb=Verb.DISABLE_TOOL, later=1, never=1))
    found = figures(acted(1, looks=looks), acted(2, looks=looks[:1]))
    assert found.proven == (6, 8)
    assert any("6 of 8 orders (75 %)" in one.value for one in laid_out(found).facts)


def test_near_misses_that_were_only_logged_count_as_near_misses_and_as_no_incident() -> None:
    found = figures(acted(1, near_miss=True), acted(2), logged=3)
    value = next(one.value for one in laid_out(found).facts if one.name == "Near misses to incidents")
    assert value == "4 near misses to 1 other incident"


def test_no_cell_of_a_sheet_is_a_formula() -> None:
    found = figures(acted(1, to_contain=1.0, incident="INC-20260301-aaaaaa"))
    for _, sheet in sheets_of(laid_out(found)):
        for line in csv.reader(io.StringIO(sheet)):
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line)


def proven(number: int, lever: str, state: OrderState, attempts: int, *, held: bool | None) -> OrderRecord:
    put = order(number, lever=lever)
    proof = None if held is None else Proof(order=put.id, held=held, at=NOW, via="openfeature", saw="x")
    return OrderRecord(order=put, state=state, proof=proof, attempts=attempts)


def full() -> IncidentView:
    seal = Seal(
        snapshot=1,
        root="a" * 64,
        sealed_at=NOW,
        items=1,
        size_bytes=1,
        rows=(
            RowOutcome(row="inputs", state=RowState.CAPTURED, items=1),
            RowOutcome(row="outputs", state=RowState.GAP, reason=GapReason.RETENTION),
            RowOutcome(row="reviews", state=RowState.NOT_APPLICABLE),
        ),
    )
    return view(
        acknowledgement=Acknowledgement(
            person="bela", role=Role.BUSINESS_OWNER, at=NOW + timedelta(minutes=2)
        ),
        contained_at=NOW + timedelta(seconds=1),
        stages=(StageRecord(stage=Stage.MONITOR, began_at=NOW + timedelta(hours=1)),),
        orders=(
            proven(1, PAUSE, OrderState.RELEASED, 1, held=True),
            proven(2, TOOL, OrderState.PROVEN, 2, held=True),
            proven(3, TOOL, OrderState.FAILED, 3, held=None),
        ),
        seals=(seal,),
        relapses=1,
    )


def test_an_incident_is_read_as_it_is_shown() -> None:
    one = acted_in(opening(), full())
    assert (one.incident, one.to_acknowledge, one.to_contain, one.to_restart) == (INCIDENT, 120.0, 1.0, HOUR)
    assert (one.gaps, one.rows, one.relapses) == ({GapReason.RETENTION: 1}, 2, 1)
    assert [(look.verb, look.first, look.later, look.never) for look in one.looks] == [
        (Verb.PAUSE_SYSTEM, 1, 0, 0),
        (Verb.DISABLE_TOOL, 0, 1, 1),
    ]


def test_before_its_workflow_has_begun_nothing_of_an_incident_is_known() -> None:
    one = acted_in(opening(), None)
    assert (one.to_acknowledge, one.to_contain, one.to_restart, one.open) == (None, None, None, True)
