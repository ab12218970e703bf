"""`andon metrics`: the eight metrics of a period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

_Json = Annotated[bool, Parameter(negative="")]
NOT_KNOWN: Final = "not known"
RATES: Final = (
    ("missing_logs", "missing log rate", "rows"),
    ("review_bypasses", "human review bypassed", "incidents of known control"),
    ("gate_passes", "gate opened", "runs"),
    ("first_passes", "gate opened at the first run", "incidents with a run"),
    ("overrides", "executive overrides", "decisions"),
)


def metrics(
    *,
    since: Annotated[date | None, Parameter(name="--from")] = None,
    until: Annotated[date | None, Parameter(name="--to")] = None,
    system: str | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show the metrics of the incidents opened in a period; exercises are left out.

    What is not known is counted beside each figure and never taken for nought. There is no target of no
    incidents: fewer reports are not fewer failures.

    Example: andon metrics --from 2026-07-01 --to 2026-10-01

    Args:
        since: the first day, in your zone; 90 days ago if not given.
        until: the day after the last one; now if not given.
        system: one AI system only.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer: dict[str, Any] = service.get(
            "/v1/metrics", since=_moment(since), until=_moment(until), system=system
        )
    if json:
        screen.as_json(answer)
        return Exit.OK
    _tell(answer)
    return Exit.OK


def _tell(answer: Mapping[str, Any]) -> None:
    period = f"from {screen.when(answer['since'])} to {screen.when(answer['until'])}"
    screen.table(
        f"{answer['incidents']} incidents {period}",
        ("metric", "value", "of", "not known"),
        list(_rows(answer)),
        empty="Nothing.",
    )
    screen.table(
        "\nTime in stage and to decide",
        ("what", "median", "longest", "ended", "still open"),
        list(_times(answer)),
        empty="\nNothing has ended.",
    )
    _tell_of_repeats(answer)


def _tell_of_repeats(answer: Mapping[str, Any]) -> None:
    screen.table(
        "\nRepeated failures",
        ("AI system", "root cause", "incidents"),
        [
            (one["system"], one["root_cause"], " ".join(one["incidents"]))
            for one in rows_of(answer, "repeated")
        ],
        empty="\nNo failure was repeated within 90 days, as far as causes are known.",
    )
    screen.table(
        "\nRecurrence after changes",
        (
            "kind of change",
            "days after the close",
            "changes",
            "happened again",
            "though it was made",
            "not known",
        ),
        [
            (
                str(one["type"]).replace("_", " "),
                one["days"],
                one["measured"],
                one["recurred"],
                one["in_spite"],
                one["unknown"],
            )
            for one in rows_of(answer, "recurrence")
        ],
        empty="\nRecurrence was not looked for in this period.",
    )


def _rows(answer: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for system, count in answer["by_system"].items():
        yield f"incidents of {system}", count, "", ""
    yield "near misses", answer["near_misses"], "", ""
    for name, shown in (("time_to_detection", "to detection"), ("time_to_containment", "to containment")):
        one = answer[name]
        yield f"time {shown}, median", _seconds(one["median"]), f"{one['known']} incidents", one["unknown"]
        yield f"time {shown}, longest", _seconds(one["longest"]), "", ""
    for name in ("affected_users", "affected_records"):
        one = answer[name]
        total = NOT_KNOWN if one["total"] is None else one["total"]
        yield name.replace("_", " "), total, f"{one['known']} incidents", one["unknown"]
    for name, shown, of in RATES:
        one = answer[name]
        value = f"{100 * one['part'] / one['whole']:.1f} %" if one["whole"] else NOT_KNOWN
        yield shown, value, f"{one['whole']} {of}", one["unknown"] or ""
    yield "root cause not known", answer["root_cause_unknown"], "", ""
    for unit, cost in answer["containment_cost"].items():
        yield "cost of containment", f"{cost:,.0f} {unit}".strip(), "as people entered it", ""


def _times(answer: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for name in ("time_in_stage", "decision_latency"):
        for what, one in answer[name].items():
            if one["known"] + one["unknown"]:
                named = what.replace("_", " ")
                yield named, _seconds(one["median"]), _seconds(one["longest"]), one["known"], one["unknown"]


def _seconds(value: object) -> str:
    return f"{value:,.0f} s" if isinstance(value, int | float) else NOT_KNOWN


def _moment(day: date | None) -> str | None:
    return None if day is None else datetime.combine(day, time()).astimezone().isoformat()
