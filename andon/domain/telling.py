"""What one incident contributes to the metrics, read from what is shown of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from andon.domain.decision import DecisionKind
from andon.domain.evidence import RowState
from andon.domain.glimpse import Decided, Opened, Ordered, Viewed
from andon.domain.incident_times import standing_times
from andon.domain.metrics import Passed, Told, Waited
from andon.domain.severity import Classification
from andon.domain.stage import Stage

LIFTED = "lift"
SECONDS_AN_HOUR = 3600


class Priced(NamedTuple):
    """One order whose price people gave for an hour; what it costs grows until it is released."""

    unit: str
    per_hour: int
    ordered_at: datetime
    applied: bool
    released_at: datetime | None


def told_by(opening: Opened, view: Viewed | None, gate_runs: Sequence[bool], now: datetime) -> Told:
    """Return what an incident contributes; before its workflow has begun, that is what its opening says."""
    first, standing = standing_times(opening, view.corrections if view else ())
    told = Told(
        incident=opening.incident,
        system=opening.plan.system,
        severity=view.severity if view else opening.severity,
        near_miss=(view or opening).classification is Classification.NEAR_MISS,
        exercise=opening.exercise,
        opened_at=first.received_at,
        occurred_at=standing.occurred_at,
        detected_at=standing.detected_at,
        to_contain=opening.containment_required,
        gate_runs=tuple(gate_runs),
    )
    return told if view is None else told.model_copy(update=_course(view, now))


def _course(view: Viewed, now: datetime) -> dict[str, object]:
    """Return what there is only once the workflow has begun."""
    rows = [
        row for row in (view.seals[-1].rows if view.seals else ()) if row.state is not RowState.NOT_APPLICABLE
    ]
    counted = view.impact.counted
    return {
        "contained_at": view.contained_at,
        "affected_users": counted.users if counted else None,
        "affected_records": counted.records if counted else None,
        "root_cause": view.findings.get("root_cause"),
        "failed_control": view.findings.get("failed_control"),
        "rows_required": len(rows),
        "rows_missing": sum(row.state is RowState.GAP for row in rows),
        "overrides": sum(_overrides(one) for one in view.decisions),
        "decided": sum(one.outcome is not None for one in view.decisions),
        "stages": tuple(
            Passed(stage=one.stage, seconds=_between(one.began_at, one.ended_at))
            for one in view.stages
            if one.stage is not Stage.CLOSED
        ),
        "waits": tuple(
            Waited(kind=one.request.kind, seconds=_between(one.request.opened_at, one.closed_at))
            for one in view.decisions
            if not one.superseded
        ),
        "costs": costs_at(tuple(priced(view.orders)), now),
    }


def _overrides(record: Decided) -> bool:
    return record.request.kind is DecisionKind.EXECUTIVE_OVERRIDE and record.outcome == LIFTED


def _between(begun: datetime, ended: datetime | None) -> float | None:
    return None if ended is None else max(0.0, (ended - begun).total_seconds())


def priced(records: Sequence[Ordered]) -> Iterator[Priced]:
    """Yield the orders that have a price, in the order in which they were given."""
    for record in records:
        cost = record.order.cost
        if cost is not None and cost.per_hour is not None:
            yield Priced(
                unit=cost.unit,
                per_hour=cost.per_hour,
                ordered_at=record.order.ordered_at,
                applied=record.applied is not None,
                released_at=record.released_at,
            )


def costs_at(orders: Sequence[Priced], now: datetime) -> dict[str, float]:
    """Return what holding cost so far: the figure that people gave for an hour, times the hours."""
    total: dict[str, float] = {}
    for one in orders:
        held = max(0.0, ((one.released_at or now) - one.ordered_at).total_seconds()) if one.applied else 0.0
        total[one.unit] = total.get(one.unit, 0.0) + one.per_hour * (held / SECONDS_AN_HOUR)
    return total
