"""`andon list`, `show`, `evidence` and `gate`: what the console knows of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.called import ANY, Called
from andon.cli.course import clock_of, show_course, still_missing, warnings_of
from andon.cli.known import show_severity, show_times
from andon.cli.links import show_links
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console
from andon.cli.stopping import show_stopping, stopping_warnings
from andon.cli.watch import show_watch
from andon.cli.words import segment
from andon.domain.affected import Tally
from andon.domain.gate import ADVICE, Shut

READER = "responder"
HOW: Final = "andon respond INCIDENT QUESTION OPTION --reason WHY --as ROLE"
"""How a question is answered, for whoever has just read one."""
_Json = Annotated[bool, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which incidents a list holds."""

    stage: str | None = None
    """Only those in this stage, such as contain."""

    severity: str | None = None
    """Only those of this severity."""

    system: str | None = None
    """Only those of this AI system."""

    classification: str | None = None
    """Only those of this classification, such as near_miss."""

    failure: str | None = None
    """Only those of this class of failure: model, workflow_design, data, human_review or unknown."""

    asked_of: str | None = None
    """Only open ones with a question for "me", or for a role such as legal."""


ALL: Final = Which()


def list_incidents(
    *,
    state: str = "open",
    which: Which = ALL,
    called: Called = ANY,
    first: str | None = None,
    limit: int = 50,
    before: str | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """List incidents, newest first.

    Example: andon list --state all --severity critical

    Example: andon list --asked-of me --as legal

    Example: andon list --category data_exposure --tag privacy

    Args:
        state: open, closed or all.
        which: which of them.
        called: what they are called.
        first: "due" puts what runs out first at the top, and lists open ones only.
        limit: at most this many.
        before: only those older than this incident, for the next page.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get(
            "/v1/incidents",
            state=state,
            **asdict(which),
            **asdict(called),
            first=first,
            limit=limit,
            before=before,
        )
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "Incidents",
        ("incident", "severity", "stage", "contained", "AI system", "opened", "next deadline"),
        [_listed(one) for one in rows_of(answer, "incidents")],
        empty="No incidents.",
    )
    return Exit.OK


def show(incident: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Show one incident: where it stands, its orders, its questions, its stages, its deadlines.

    Example: andon show INC-20260301-4f7k2a

    Args:
        incident: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        found = incident_of(service, incident)
        watched = service.get(f"/v1/incidents/{segment(incident)}/watch") if found.get("watch_until") else {}
    if json:
        screen.as_json(found)
        return Exit.OK
    screen.pairs(f"{screen.inert(incident)}: {screen.inert(found.get('title'))}", _summary(found))
    for line in (*stopping_warnings(found), *warnings_of(found)):
        screen.warn(line)
    screen.table(
        "\nOrders", ("order", "lever", "state", "proof", "still open"), orders_of(found), empty="\nNo orders."
    )
    show_stopping(found)
    screen.table(
        "\nQuestions",
        ("question", "state", "answer by", "clock", "asked of", "answered", "still missing", "options"),
        [_question(one) for one in found.get("decisions") or []],
        empty="\nNo questions yet.",
    )
    if any(one.get("state") == "open" for one in found.get("decisions") or []):
        screen.say(f"Answer: {HOW}")
    show_watch(watched)
    show_course(found)
    if explained := found.get("explained"):
        screen.say("")
        show_severity(explained)
    if times := found.get("times"):
        show_times(times)
    if found.get("links"):
        show_links(found["links"])
    return Exit.OK


def gate(incident: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Show whether the AI system may be put to the restart decision, and if not, why.

    Ends with 0 when the gate is open and with 1 when it is shut.

    Example: andon gate INC-20260301-4f7k2a

    Args:
        incident: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        found = incident_of(service, incident)
    verdict = found.get("gate") or {"open": False, "reasons": [Shut.NOT_RUN.value]}
    code = Exit.OK if verdict.get("open") else Exit.NEGATIVE
    if json:
        screen.as_json({"incident": incident, "gate": verdict, "evaluation": found.get("evaluation")})
        return code
    screen.say("The gate is open." if verdict.get("open") else "The gate is shut.")
    for reason in verdict.get("reasons") or []:
        screen.say(f"  {_why(reason)}")
    if run := found.get("evaluation"):
        screen.pairs(
            "\nEvaluation", {name: run.get(name) for name in ("suite", "total", "finished", "failed")}
        )
    for number, line in enumerate(verdict.get("beside") or []):
        screen.say(f"{'' if number else chr(10)}  {screen.inert(line)}")
    return code


def incident_of(service: Service, incident: str) -> dict[str, Any]:
    """Return one incident as the console shows it."""
    found: dict[str, Any] = service.get(f"/v1/incidents/{segment(incident)}")
    return found


def rows_of(answer: Any, name: str) -> list[Mapping[str, Any]]:
    """Return the rows of an answer that is a list, or an object that holds one under `name`."""
    found = answer.get(name, []) if isinstance(answer, Mapping) else answer
    return [row for row in found if isinstance(row, Mapping)]


def orders_of(found: Mapping[str, Any]) -> list[Sequence[object]]:
    """Return an incident's orders as table rows."""
    rows: list[Sequence[object]] = []
    for one in found.get("orders") or []:
        number = str(one.get("id", "")).rsplit("/", maxsplit=1)[-1]
        proof = one.get("proof")
        seen = f"{proof.get('saw')} via {proof.get('via')}" if proof else ""
        state = "kept" if one.get("kept") else one.get("state")
        rows.append((number, one.get("lever"), state, seen, one.get("still_open") or ""))
    return rows


def _listed(one: Mapping[str, Any]) -> Sequence[object]:
    deadline = one.get("next_deadline")
    return (
        one.get("id"),
        one.get("severity"),
        one.get("stage"),
        "proven" if one.get("contained") else "no",
        one.get("system"),
        screen.when(one.get("opened_at")),
        f"{screen.when(deadline)} ({screen.distance(deadline)})" if deadline else "",
    )


def _summary(found: Mapping[str, Any]) -> dict[str, object]:
    rules = found.get("fired_rules") or []
    deadline = found.get("next_deadline")
    return {
        "AI system": found.get("system"),
        "severity": found.get("severity"),
        "because": ", ".join(str(rule) for rule in rules) or None,
        "classification": found.get("classification"),
        **_called(found),
        "lead": found.get("lead"),
        "owner": owner_in_words(found.get("owner")),
        "stage": found.get("stage"),
        "contained": "yes, proven" if found.get("contained") else "no",
        "opened": screen.when(found.get("opened_at")),
        "next deadline": f"{screen.when(deadline)} ({screen.distance(deadline)})" if deadline else None,
        "closed": screen.when(found.get("closed_at")) or None,
        "affected records": _affected(found),
        "joined": found.get("joined") or None,
        "page": found.get("url"),
    }


def _affected(found: Mapping[str, Any]) -> str | None:
    """Return how the list of affected records adds up; None: nothing is on it."""
    tally = Tally.model_validate((found.get("impact") or {}).get("affected") or {})
    return tally.reconciled() if tally.all else None


def _called(found: Mapping[str, Any]) -> dict[str, object]:
    """Return what an incident is called, and whom that brought in."""
    external = [
        f"{one.get('taxonomy')}:{one.get('id')} ({one.get('version')})" for one in found.get("external") or []
    ]
    joined = [
        f"{one.get('role')} ({', '.join(one.get('why') or [])})" for one in found.get("joined_roles") or []
    ]
    return {
        "registered": None if found.get("registered", True) else "no: its flags are the safest there is",
        "categories": ", ".join(found.get("categories") or []) or None,
        "tags": ", ".join(found.get("tags") or []) or None,
        "known as": ", ".join(external) or None,
        "brought in": ", ".join(joined) or None,
        "evidence offered": len(found.get("offered") or []) or None,
    }


def _question(one: Mapping[str, Any]) -> Sequence[object]:
    return (
        one.get("id"),
        one.get("outcome") or one.get("state"),
        answer_by(one),
        clock_of(one),
        ", ".join(one.get("people") or one.get("roles") or []),
        ", ".join(f"{got.get('person')}: {got.get('option')}" for got in one.get("responses") or []),
        still_missing(one),
        options_of(one),
    )


def owner_in_words(owner: Mapping[str, Any] | None) -> str | None:
    """Return whether the business owner has it in hand."""
    if not owner:
        return None
    name, by = owner.get("person"), owner.get("acknowledged_by")
    if owner.get("state") == "in_hand":
        return f"{name}, has it in hand" if by == name else f"{name}; {by} has it in hand"
    late = owner.get("state") == "overdue"
    due = owner.get("due")
    when = f", due {screen.when(due)} ({screen.distance(due)})" if due and not late else ""
    return f"{name}, not heard of {'in time' if late else 'yet'}{when}"


def answer_by(question: Mapping[str, Any]) -> str:
    """Return a question's deadline in words."""
    deadline = question.get("deadline")
    late = ", late" if question.get("breached") else ""
    return f"{screen.when(deadline)} ({screen.distance(deadline)}){late}" if deadline else "no deadline"


def options_of(question: Mapping[str, Any]) -> str:
    """Return the ids of a question's options."""
    return ", ".join(str(option.get("id")) for option in question.get("options") or [])


def _why(reason: object) -> str:
    try:
        return f"{reason}: {ADVICE[Shut(str(reason))]}"
    except ValueError:
        return screen.inert(reason)
