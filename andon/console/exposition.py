"""Metrics in Prometheus' text format (version 0.0.4); a value that is not known is left out, not nought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from andon.domain.metrics import Metrics, Rate, Spread, Sum

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def exposed(metrics: Metrics) -> str:
    """Return the metrics as gauges of one period."""
    return "\n".join((*_lines(metrics), ""))


def _lines(metrics: Metrics) -> Iterator[str]:
    yield from _family("andon_incidents", "Incidents opened in the last 90 days, by AI system.")
    for system, count in metrics.by_system.items():
        yield _sample("andon_incidents", count, system=system)
    yield from _family("andon_incidents_by_severity", "The same, by severity.")
    for band, count in metrics.by_severity.items():
        yield _sample("andon_incidents_by_severity", count, severity=band.value)
    yield from _family("andon_near_misses", "Near misses, with and without an incident.")
    yield _sample("andon_near_misses", metrics.near_misses)
    yield from _spread(
        "andon_time_to_detection_seconds", "From occurred to detected.", metrics.time_to_detection
    )
    yield from _spread(
        "andon_time_to_containment_seconds", "From detected to proven.", metrics.time_to_containment
    )
    yield from _sum("andon_affected_users", "Users reached.", metrics.affected_users)
    yield from _sum("andon_affected_records", "Records affected.", metrics.affected_records)
    yield from _family("andon_repeated_failures", "Incidents that share AI system and root cause in 90 days.")
    yield _sample("andon_repeated_failures", sum(len(one.incidents) for one in metrics.repeated))
    for name, told, rate in (
        ("andon_missing_logs", "Missing required rows of evidence of required ones.", metrics.missing_logs),
        ("andon_review_bypasses", "Incidents in which human review failed.", metrics.review_bypasses),
        ("andon_gate_passes", "Runs on which the gate opened.", metrics.gate_passes),
        ("andon_first_passes", "Incidents whose first run opened the gate.", metrics.first_passes),
        ("andon_overrides", "Executive overrides of decisions with an outcome.", metrics.overrides),
    ):
        yield from _rate(name, told, rate)
    yield from _family("andon_time_in_stage_seconds", "Median time in a stage.")
    for stage, spread in metrics.time_in_stage.items():
        if spread.median is not None:
            yield _sample("andon_time_in_stage_seconds", spread.median, stage=stage.value)
    yield from _family("andon_decision_seconds", "Median time from question to outcome.")
    for kind, spread in metrics.decision_latency.items():
        if spread.median is not None:
            yield _sample("andon_decision_seconds", spread.median, decision=kind.value)
    yield from _recurrence(metrics)


def _recurrence(metrics: Metrics) -> Iterator[str]:
    yield from _family("andon_changes_looked_at", "Changes after which recurrence was looked for, by type.")
    for one in metrics.recurrence:
        yield _sample("andon_changes_looked_at", one.measured, type=one.type.value, days=str(one.days))
    yield from _family("andon_changes_recurred", "Those after whose incident it happened again.")
    for one in metrics.recurrence:
        yield _sample("andon_changes_recurred", one.recurred, type=one.type.value, days=str(one.days))


def _family(name: str, told: str) -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} gauge"


def _sample(name: str, value: float, **labels: str) -> str:
    inside = ",".join(f'{label}="{said.translate(_ESCAPED)}"' for label, said in labels.items())
    return f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}"


def _spread(name: str, told: str, spread: Spread) -> Iterator[str]:
    yield from _family(name, told)
    for quantile, value in (("0.5", spread.median), ("0.9", spread.p90), ("1", spread.longest)):
        if value is not None:
            yield _sample(name, value, quantile=quantile)
    yield from _family(f"{name}_unknown", "Incidents for which it is not known.")
    yield _sample(f"{name}_unknown", spread.unknown)


def _sum(name: str, told: str, found: Sum) -> Iterator[str]:
    yield from _family(name, told)
    if found.total is not None:
        yield _sample(name, found.total)
    yield from _family(f"{name}_unknown", "Incidents for which it is not known.")
    yield _sample(f"{name}_unknown", found.unknown)


def _rate(name: str, told: str, rate: Rate) -> Iterator[str]:
    yield from _family(f"{name}_ratio", told)
    if rate.value is not None:
        yield _sample(f"{name}_ratio", rate.value)
