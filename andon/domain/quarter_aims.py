"""The three aims of a quarter by month, and the measures beside them, to be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from andon.domain.figure import Figure, Series, Unit
from andon.domain.metrics import Spread, Sum
from andon.domain.paper import PaperPart, fact, many, share, spread_cells, table
from andon.domain.quarter import Bypass, Month, Quarter
from andon.domain.readable import Fact, words
from andon.domain.values import Frozen

NO_ZERO: Final = (
    "There is no target of no incidents: fewer reports are not fewer failures, and a target of none would "
    "pay for silence. The aims are to see sooner, to respond under control, and not to see the same cause "
    "twice."
)
SPREADS: Final = ("what", "median", "90th percentile", "longest", "known", "unknown")
BYPASSES: Final = {
    Bypass.EXCLUSION_LIFTED: "exclusions lifted by an executive",
    Bypass.GLASS_BROKEN: "glass broken before an approval",
    Bypass.GATE_EXCEPTION: "exceptions from the gate",
}


class _Aim(Frozen):
    id: str
    title: str
    told: str


DETECTION: Final = _Aim(
    id="detection",
    title="Time to detection",
    told="From when it happened to when it was detected, by the month in which the incident was opened: "
    "median and 90th percentile.",
)
RESPONSE: Final = _Aim(
    id="response",
    title="Time to containment",
    told="From detection to the proof that it was contained, by the month in which the incident was opened: "
    "median and 90th percentile.",
)


def aims(quarter: Quarter) -> PaperPart:
    """Return the trends of detection, response and recurrence."""
    months = quarter.months
    return PaperPart(
        id="aims",
        title="The three aims: detection, response, recurrence",
        says=(
            NO_ZERO,
            "A month marked with + is in the period in part. Incidents of which a time is not known are "
            "counted in the tables and are in no line.",
        ),
        figures=(
            _trend(DETECTION, months, {one.name: one.detection for one in months}),
            _trend(RESPONSE, months, {one.name: one.containment for one in months}),
            _recurrence(months),
        ),
    )


def measures(quarter: Quarter) -> PaperPart:
    """Return the eight metrics and what is measured beside them."""
    found = quarter.metrics
    return PaperPart(
        id="measures",
        title="The eight metrics, and what is measured beside them",
        says=(
            "Overrides are answers that went past a rule: an exclusion lifted, glass broken, an exception "
            "from the gate. The cost of containment is the figure for an hour that people wrote at lever or "
            "step, for as long as it was held.",
        ),
        facts=tuple(_facts(quarter)),
        tables=(
            table(
                "Times",
                SPREADS,
                (
                    ("to detection", *spread_cells(found.time_to_detection)),
                    ("to containment", *spread_cells(found.time_to_containment)),
                ),
            ),
            table(
                "Time in stage",
                ("stage", *SPREADS[1:4], "ended", "still open"),
                _rows({stage.value: one for stage, one in found.time_in_stage.items()}),
            ),
            table(
                "Time to decide, from question to outcome",
                ("decision", *SPREADS[1:4], "ended", "still open"),
                _rows({kind.value: one for kind, one in found.decision_latency.items()}),
            ),
        ),
    )


def _facts(quarter: Quarter) -> Iterator[Fact]:
    found = quarter.metrics
    yield fact("Incidents opened", found.incidents)
    yield fact("Near misses, those without an incident included", found.near_misses)
    yield fact("Affected users", _total(found.affected_users))
    yield fact("Affected records", _total(found.affected_records))
    yield fact(
        "Repeated failures",
        f"{many(len(found.repeated), 'cause')}; unknown for {many(found.root_cause_unknown, 'incident')}",
    )
    yield fact("Missing log rate", share(found.missing_logs, "rows", "incidents without a snapshot"))
    yield fact(
        "Human review bypassed",
        share(found.review_bypasses, "incidents", "incidents of unknown failed control"),
    )
    yield fact("Gate opened", share(found.gate_passes, "runs"))
    yield fact(
        "Gate opened at the first run", share(found.first_passes, "incidents", "incidents without a run")
    )
    yield fact("Answers that went past a rule", share(quarter.bypassed, "decisions with an outcome"))
    for bypass, count in quarter.bypasses.items():
        yield fact(f"— {BYPASSES[bypass]}", count)
    if not found.containment_cost:
        yield fact("Cost of containment", None)
    for unit, cost in found.containment_cost.items():
        yield fact("Cost of containment, as entered", f"{cost:,.2f} {unit}".strip())


def _trend(aim: _Aim, months: tuple[Month, ...], spreads: Mapping[str, Spread]) -> Figure:
    return Figure(
        id=aim.id,
        title=aim.title,
        told=aim.told,
        kind="lines",
        unit=Unit.SECONDS,
        heading="month",
        labels=tuple(one.name for one in months),
        series=(
            Series(name="median", values=tuple(one.median for one in spreads.values())),
            Series(name="90th percentile", values=tuple(one.p90 for one in spreads.values())),
        ),
        beside=(
            Series(name="known", values=tuple(float(one.known) for one in spreads.values())),
            Series(name="unknown", values=tuple(float(one.unknown) for one in spreads.values())),
        ),
        absent=_absent(months),
    )


def _recurrence(months: tuple[Month, ...]) -> Figure:
    rates = [one.repeated for one in months]
    return Figure(
        id="recurrence",
        title="Recurrence",
        told="Of the incidents whose root cause is known, the share that had the same cause at the same AI "
        "system within 90 days before, by the month in which they were opened.",
        kind="lines",
        unit=Unit.PERCENT,
        heading="month",
        labels=tuple(one.name for one in months),
        series=(
            Series(
                name="repeated",
                values=tuple(None if rate.value is None else 100 * rate.value for rate in rates),
            ),
        ),
        beside=(
            Series(name="repeats", values=tuple(float(rate.part) for rate in rates)),
            Series(name="cause known", values=tuple(float(rate.whole) for rate in rates)),
            Series(name="cause unknown", values=tuple(float(rate.unknown) for rate in rates)),
        ),
        absent=_absent(months),
    )


def _absent(months: tuple[Month, ...]) -> tuple[str, ...]:
    return tuple("unknown" if one.incidents else "none opened" for one in months)


def _rows(spreads: Mapping[str, Spread]) -> Iterator[tuple[object, ...]]:
    for code, one in spreads.items():
        if one.known + one.unknown:
            yield words(code), *spread_cells(one)


def _total(found: Sum) -> str | None:
    if found.total is None:
        return None
    return f"{found.total}, as stated for {found.known}; unknown for {found.unknown}"
