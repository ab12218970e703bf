"""What an incident's page holds, section by section: what is there in a word, and which stand open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from andon.console.models.incident import IncidentShown
from andon.console.screens.course import STATES, StageLine
from andon.console.screens.incident import IncidentScreen
from andon.console.screens.parts import QuestionLine
from andon.console.screens.people import PeopleBox
from andon.console.screens.tasks import TaskLine
from andon.domain.containment import IN_FORCE, OrderState
from andon.domain.stage import Stage


@dataclass(frozen=True, slots=True)
class Section:
    """One section; it stands open while there is something to do in it."""

    id: str
    title: str
    says: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """All sections, in the order of the response loop."""

    questions: Section
    tasks: Section
    containment: Section
    why: Section
    times: Section
    evidence: Section
    reach: Section
    people: Section
    loop: Section
    gate: Section
    learning: Section
    changes: Section
    ask: Section
    timeline: Section
    facts: Section


def contents(
    incident: IncidentShown,
    screen: IncidentScreen,
    tasks: Sequence[TaskLine],
    people: PeopleBox,
    *,
    lacking: int,
) -> Contents:
    """Return the sections; `lacking` is how many parts of the review wait for words."""
    over = incident.closed_at is not None
    changes = _number(len(incident.changes), "change")
    entries = _number(screen.record.entries, "entry", "entries")
    return Contents(
        questions=_questions(incident, screen.questions.open),
        tasks=_tasks(tasks),
        containment=Section("containment", "Containment", _containment(incident), open=not over),
        why=_why(incident),
        times=Section("times", "When", "happened, seen, said and known"),
        evidence=_evidence(incident),
        reach=_reach(incident),
        people=Section("people", "People", people.says, open=bool(people.unreached) and not over),
        loop=_loop(screen.course.stages, over=over),
        gate=_gate(incident),
        learning=_learning(incident, lacking),
        changes=Section("changes", "What is changed because of it", changes),
        ask=Section("ask", "Ask for a decision", f"{len(screen.askable)} you may ask for"),
        timeline=Section("timeline", "Timeline", entries, open=True),
        facts=Section("facts", "In short", "what it is, since when, how often"),
    )


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count or 'no'} {one if count == 1 else many or one + 's'}"


def _questions(incident: IncidentShown, questions: Sequence[QuestionLine]) -> Section:
    done = len(incident.decisions) - len(questions)
    says = f"{len(questions) or 'none'} open" + (f", {done} no longer" if done else "")
    return Section("questions", "Asked of people", says, open=bool(questions))


def _tasks(tasks: Sequence[TaskLine]) -> Section:
    pending = sum(1 for one in tasks if one.open)
    done = len(tasks) - pending
    says = f"{pending or 'none'} open" + (f", {done} closed" if done else "")
    return Section("tasks", "To do", says, open=bool(pending))


def _containment(incident: IncidentShown) -> str:
    held = [one for one in incident.orders if one.state in IN_FORCE or one.state is OrderState.FAILED]
    proven = sum(1 for one in held if one.state is OrderState.PROVEN)
    if held:
        return f"{proven} of {_number(len(held), 'order')} proven"
    return "released" if incident.orders else "no order"


def _why(incident: IncidentShown) -> Section:
    unknown = len(incident.explained.open) if incident.explained else 0
    says = incident.severity.value + (", provisional" if incident.provisional else "")
    says += f", {_number(unknown, 'fact')} not known" if unknown else ""
    return Section("why", "Why this severity", says, open=incident.provisional and incident.closed_at is None)


def _evidence(incident: IncidentShown) -> Section:
    if incident.evidence is None:
        return Section("evidence", "Evidence", "nothing sealed yet", open=incident.closed_at is None)
    gaps = len(incident.evidence.completeness.open)
    says = _number(incident.evidence.items, "item") + (f", {_number(gaps, 'gap')}" if gaps else "")
    return Section("evidence", "Evidence", says)


def _reach(incident: IncidentShown) -> Section:
    decided = incident.findings.get("blast_radius")
    running = _runs(incident, Stage.ASSESS_IMPACT)
    return Section("reach", "How far it reaches", "decided" if decided else "not decided", open=running)


def _loop(stages: Sequence[StageLine], *, over: bool) -> Section:
    done = sum(1 for one in stages if one.state in (STATES["done"], STATES["done_late"]))
    late = sum(1 for one in stages if one.state == STATES["overdue"])
    runs = [one.title for one in stages if one.state in (STATES["running"], STATES["overdue"])]
    says = f"{done} of {len(stages)} done" + (f", {_number(late, 'stage')} overdue" if late else "")
    says += f"; now {', '.join(runs[:2])}" if runs and not over else ""
    return Section("loop", "Stages", says, open=bool(late) and not over)


def _gate(incident: IncidentShown) -> Section:
    if incident.gate is None:
        return Section("gate", "Gate", "not judged yet")
    shut = len(incident.gate.reasons)
    says = "open" if incident.gate.open else f"shut, {_number(shut, 'reason')}"
    return Section("gate", "Gate", says, open=incident.closed_at is None)


def _learning(incident: IncidentShown, lacking: int) -> Section:
    says = f"{_number(lacking, 'part')} of the review to write" if lacking else "nothing missing"
    return Section("learning", "What we learn from it", says, open=_runs(incident, Stage.LEARN_CLOSE))


def _runs(incident: IncidentShown, stage: Stage) -> bool:
    return any(one.stage is stage and one.state in ("running", "overdue") for one in incident.sla)
