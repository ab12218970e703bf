"""The six parts of the quarterly review, to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from andon.domain.figure import Figure, Series, lasting
from andon.domain.metrics import UNKNOWN as NOT_KNOWN
from andon.domain.paper import PaperPart, bars, day, many, table
from andon.domain.quarter import Answer, Quarter, Use
from andon.domain.readable import Table, words
from andon.domain.severity import Band, Classification

ANSWERED: Final = {
    Answer.YES: "yes: goes on as approved",
    Answer.NARROWED: "narrowed: goes on for less",
    Answer.NO: "no: taken out of use",
}
CLASSES: Final = {
    Classification.AI_INCIDENT: "AI incident",
    Classification.NEAR_MISS: "near miss",
    Classification.SECURITY_EVENT: "security event",
    Classification.OPERATIONAL_INCIDENT: "operational incident",
    Classification.QUALITY_ISSUE: "quality issue",
}
UNANSWERED: Final = "unanswered"
IDS_SHOWN: Final = 5


def counts(quarter: Quarter) -> PaperPart:
    """Return how many incidents there were, by AI system, severity and class."""
    found = quarter.metrics
    by_class = {CLASSES[kind]: count for kind, count in quarter.by_class.items()}
    return PaperPart(
        id="incidents",
        number=1,
        title="Incident count",
        says=(
            f"{many(found.incidents, 'incident')} opened. The count says how much was seen, not how good "
            "it is.",
        ),
        figures=(
            bars(
                "by-system",
                "Incidents by AI system",
                "Incidents opened, by AI system.",
                "AI system",
                found.by_system,
            ),
            bars(
                "by-severity",
                "Incidents by severity",
                "Incidents opened, by their severity as it stands, the gravest first.",
                "severity",
                {band.value: found.by_severity[band] for band in reversed(Band)},
            ),
            bars(
                "by-class",
                "Incidents by class",
                "Incidents opened, by what they are called.",
                "class",
                by_class,
            ),
        ),
    )


def near_misses(quarter: Quarter) -> PaperPart:
    """Return what was caught in time, with what it could have been."""
    every = quarter.near_misses
    could = Counter(one.potential.value if one.potential else NOT_KNOWN for one in every)
    return PaperPart(
        id="near-misses",
        number=2,
        title="Near misses",
        says=(
            f"{many(len(every), 'near miss', 'near misses')}: nobody was harmed, and each says what "
            "a control still let through. "
            "A near miss that is reported is worth as much as an incident that is not.",
        ),
        figures=(
            bars(
                "potential",
                "What near misses could have been",
                "Near misses by the severity they would have had, had nobody caught them.",
                "potential severity",
                {code: could[code] for code in (*(band.value for band in reversed(Band)), NOT_KNOWN)},
            ),
        ),
        tables=(
            table(
                "Near misses",
                ("near miss", "AI system", "detected", "actual severity", "potential severity"),
                ((one.id, one.system, day(one.at), one.actual, one.potential or NOT_KNOWN) for one in every),
            ),
        ),
    )


def causes(quarter: Quarter) -> PaperPart:
    """Return which causes came back, where, and past which controls."""
    return PaperPart(
        id="causes",
        number=3,
        title="Repeated causes",
        says=(
            "A cause is repeated when an AI system has it again within 90 days; what came before the period "
            "is named as well.",
            f"Of {many(quarter.metrics.root_cause_unknown, 'incident')} the root cause is not known, or "
            "not yet: nothing can be said to repeat there.",
        ),
        figures=(
            bars(
                "by-cause", "Root causes", "Incidents by root cause.", "root cause", _spoken(quarter.by_cause)
            ),
            bars(
                "by-control",
                "Failed controls",
                "Incidents by the control that failed.",
                "failed control",
                _spoken(quarter.by_control),
            ),
        ),
        tables=(
            table(
                "Repeated causes",
                ("AI system", "root cause", "times", "failed controls", "incidents"),
                (
                    (
                        one.system,
                        words(one.root_cause),
                        len(one.incidents),
                        ", ".join(f"{words(code)} ({count})" for code, count in one.controls.items()),
                        _some(one.incidents),
                    )
                    for one in sorted(quarter.repeated, key=lambda one: (-len(one.incidents), one.system))
                ),
            ),
        ),
    )


def remediation(quarter: Quarter) -> PaperPart:
    """Return the changes that are still owed, and by whom."""
    late = [one for one in quarter.open if quarter.overdue(one)]
    return PaperPart(
        id="remediation",
        number=4,
        title="Open remediation",
        says=(
            f"{many(len(quarter.open), 'change')} still owed, {len(late)} overdue. "
            "A change is done when there is proof of it.",
        ),
        figures=(_by_owner(quarter),),
        tables=(
            table(
                "Changes that are still owed, the longest overdue first",
                ("change", "incident", "AI system", "kind", "owner", "due", "overdue"),
                (
                    (
                        one.id,
                        one.incident,
                        one.system,
                        words(one.type),
                        one.owner,
                        day(one.due),
                        lasting((quarter.period.as_of - one.due).total_seconds())
                        if quarter.overdue(one)
                        else "",
                    )
                    for one in quarter.open
                ),
            ),
        ),
    )


def changes(quarter: Quarter) -> PaperPart:
    """Return what was changed because of incidents."""
    done = Counter(one.type for one in quarter.done)
    return PaperPart(
        id="changes",
        number=5,
        title="Workflow changes",
        says=(
            f"Because of incidents: {many(len(quarter.versions), 'fix', 'fixes')} deployed, "
            f"{many(len(quarter.done), 'change')} proven, {many(len(quarter.ended), 'AI system')} not let "
            "run again as before.",
        ),
        figures=(
            Figure(
                id="changes-done",
                title="Changes proven, by kind",
                told="Changes of which there is proof since this period began, by kind.",
                kind="bars",
                heading="kind of change",
                labels=tuple(words(kind) for kind, _ in _most(done)),
                series=(Series(name="changes", values=tuple(float(count) for _, count in _most(done))),),
            ),
        ),
        tables=_tables_of_changes(quarter),
    )


def _tables_of_changes(quarter: Quarter) -> tuple[Table, ...]:
    return (
        table(
            "Versions changed because of incidents",
            ("AI system", "incident", "fix deployed", "versions evaluated (first 16 digits)"),
            (
                (one.system, one.incident, day(one.at), (one.versions or "")[:16] or "not evaluated")
                for one in quarter.versions
            ),
        ),
        table(
            "Changes proven",
            ("change", "incident", "AI system", "kind", "owner", "proven"),
            (
                (
                    one.id,
                    one.incident,
                    one.system,
                    words(one.type),
                    one.owner,
                    day(one.settled_at or one.due),
                )
                for one in quarter.done
            ),
        ),
        table(
            "AI systems that were retired, narrowed or not restarted",
            ("AI system", "incident", "how", "since"),
            ((one.system, one.incident, words(one.how), day(one.at)) for one in quarter.ended),
        ),
    )


def uses(quarter: Quarter) -> PaperPart:
    """Return whether each AI system stays in use, as its owner decided."""
    open_ones = [one.system for one in quarter.uses if one.decision is None]
    return PaperPart(
        id="uses",
        number=6,
        title="Approved use",
        says=(
            "Does each AI system stay in use as it was approved? Somebody answers for each answer. "
            f"{len(open_ones)} of {len(quarter.uses)} are unanswered for this period.",
        ),
        tables=(
            table(
                "Approved use",
                (
                    "AI system",
                    "tier",
                    "business owner",
                    "incidents",
                    "stays in use",
                    "answered for by",
                    "on record",
                ),
                (_use(one) for one in quarter.uses),
            ),
            table(
                "Reasons given",
                ("AI system", "answer", "reason"),
                ((one.system, one.decision.answer, one.reason) for one in quarter.uses if one.decision),
            ),
        ),
    )


def _use(one: Use) -> tuple[object, ...]:
    name = one.system if one.registered else f"{one.system} (not registered)"
    decision = one.decision
    if decision is None:
        return name, one.tier, one.business_owner, one.incidents, UNANSWERED, None, None
    again = f", answer {one.before + 1}" if one.before else ""
    return (
        name,
        one.tier,
        one.business_owner,
        one.incidents,
        ANSWERED[decision.answer],
        decision.owner,
        f"{day(decision.at)} by {decision.by} ({words(decision.role)}){again}",
    )


def _by_owner(quarter: Quarter) -> Figure:
    owners = sorted({one.owner for one in quarter.open})
    owed: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for one in quarter.open:
        owed[quarter.overdue(one)][one.owner] += 1
    return Figure(
        id="owed",
        title="Changes owed, by owner",
        told="Changes that are still owed, by their owner: those in time, and those overdue.",
        kind="bars",
        heading="owner",
        labels=tuple(owners),
        series=(
            Series(name="in time", values=tuple(float(owed[False][one]) for one in owners)),
            Series(name="overdue", values=tuple(float(owed[True][one]) for one in owners)),
        ),
    )


def _spoken(counts: Mapping[str, int]) -> dict[str, int]:
    return {words(code): count for code, count in counts.items()}


def _most(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def _some(ids: Sequence[str]) -> str:
    more = len(ids) - IDS_SHOWN
    return " ".join(ids[-IDS_SHOWN:]) + (f" and {more} earlier" if more > 0 else "")
