"""What one incident contributes to the metrics, read from what is shown of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from andon.domain.containment import Order
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.evidence import RowState
from andon.domain.incident import IncidentView, OpenIncident, OrderRecord
from andon.domain.incident_times import standing_times
from andon.domain.metrics import Passed, Told, Waited
from andon.domain.severity import Classification
from andon.domain.stage import Stage

LIFTED = "lift"
SECONDS_AN_HOUR = 3600


def told_by(
    opening: OpenIncident, view: IncidentView | None, gate_runs: Sequence[bool], now: datetime
) -> Told:
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
    if view is None:
        return told
    rows = [
        row for row in (view.seals[-1].rows if view.seals else ()) if row.state is not RowState.NOT_APPLICABLE
    ]
    counted = view.impact.counted
    return told.model_copy(
        update={
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
            "costs": _costs(view.orders, now),
        }
    )


def _overrides(record: DecisionRecord) -> bool:
    return record.request.kind is DecisionKind.EXECUTIVE_OVERRIDE and record.outcome == LIFTED


def _between(begun: datetime, ended: datetime | None) -> float | None:
    return None if ended is None else max(0.0, (ended - begun).total_seconds())


def _costs(records: Sequence[OrderRecord], now: datetime) -> dict[str, float]:
    """Return what holding cost so far: the figure that people gave for an hour, times the hours."""
    total: dict[str, float] = {}
    for record in records:
        cost = record.order.cost
        if cost is None or cost.per_hour is None:
            continue
        hours = _held(record, record.order, now) / SECONDS_AN_HOUR
        total[cost.unit] = total.get(cost.unit, 0.0) + cost.per_hour * hours
    return total


def _held(record: OrderRecord, order: Order, now: datetime) -> float:
    if record.applied is None:
        return 0.0
    return max(0.0, ((record.released_at or now) - order.ordered_at).total_seconds())
