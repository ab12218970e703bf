"""Ledger entries as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from andon.console.screens.moments import Moment, moment, zone_name
from andon.console.screens.releasing import step_in_words
from andon.console.screens.words import STAGES, VERBS, inert, lower, plain
from andon.domain.containment import Verb
from andon.domain.declaration import Declared
from andon.domain.ledger import Entry, Kind
from andon.domain.sift import IMPORTANT, About, about
from andon.domain.stage import Stage

LATEST: Final = 20


@dataclass(frozen=True, slots=True)
class Event:
    """One entry as it is read; `href` leads to what it is about."""

    number: int
    at: Moment
    what: str
    who: str
    about: str
    href: str
    important: bool


def event(entry: Entry, now: datetime) -> Event:
    """Return an entry as a sentence; a kind of a later release is shown by its name."""
    tell = _TOLD.get(entry.kind)
    what = tell(entry) if tell else plain(entry.kind) + (f": {entry.subject}" if entry.subject else "")
    return Event(
        number=entry.sequence,
        at=exactly(entry.at, now),
        about=ABOUT[about(entry)],
        href=_place(entry),
        what=inert(what),
        who=_who(entry.actor),
        important=entry.kind in IMPORTANT,
    )


def exactly(at: datetime, now: datetime) -> Moment:
    """Return a moment to the second, with its day, in the reader's zone, and the zone named."""
    local = at.astimezone(now.tzinfo or UTC)
    return replace(moment(at, now), text=f"{local:%d %b %Y, %H:%M:%S} {zone_name(local)}")


ABOUT: Final = {
    About.COURSE: "Course",
    About.CONTAINMENT: "Containment",
    About.DECISIONS: "Decisions",
    About.EVIDENCE: "Evidence",
    About.RESTART: "Restart and watch",
    About.PEOPLE: "People",
    About.TASKS: "Tasks",
}
"""What entries are about, in words."""
PLACES: Final = {
    About.COURSE: "#loop",
    About.CONTAINMENT: "#containment",
    About.DECISIONS: "#questions",
    About.EVIDENCE: "/evidence",
    About.RESTART: "#gate",
    About.PEOPLE: "#people",
    About.TASKS: "#tasks",
}
_QUESTION: Final = re.compile(r"[a-z_]+-\d+")
_MERGED: Final = frozenset({Kind.MERGED, Kind.MERGED_IN, Kind.UNMERGED, Kind.SPLIT})


def _place(entry: Entry) -> str:
    if entry.kind in _MERGED and entry.subject.startswith("INC-"):
        return f"/incidents/{entry.subject}"
    group = about(entry)
    whole = f"/incidents/{entry.incident}"
    if group is About.DECISIONS and _QUESTION.fullmatch(entry.subject):
        return f"{whole}/decisions/{entry.subject}"
    return whole + PLACES[group]


def _who(actor: str) -> str:
    kind, _, name = actor.partition(":")
    return inert(name) if name and kind in ("person", "source") else {"andon": "Andon"}.get(actor, "unknown")


def _fact(entry: Entry, name: str) -> str:
    return str(entry.facts.get(name, ""))


def _stage(entry: Entry) -> str:
    known = entry.subject in tuple(Stage)
    return STAGES[Stage(entry.subject)] if known else entry.subject


def _order(entry: Entry) -> str:
    return "order " + entry.subject.rsplit("/", 1)[-1]


def _ordered(entry: Entry) -> str:
    known = entry.after in tuple(Verb)
    verb = VERBS.get(Verb(entry.after), plain(entry.after)) if known else plain(entry.after)
    return f"Containment ordered: {verb}, {_order(entry)} on {_fact(entry, 'lever')}"


def _asked(entry: Entry) -> str:
    """Return a question by its name; by its number too where it was asked anew: `“restart” (2)`."""
    return _numbered(entry.subject, "“{}”") if _QUESTION.fullmatch(entry.subject) else entry.subject


def _numbered(subject: str, written: str = "{}") -> str:
    name, _, number = subject.rpartition("-")
    text = written.format(lower(name))
    return text if number == "1" else f"{text} ({number})"


def _tasks(entry: Entry) -> str:
    given = [one for one in entry.after.split(",") if one]
    return f"To do: {', '.join(_numbered(one) if _QUESTION.fullmatch(one) else lower(one) for one in given)}"


def _roles(text: str) -> str:
    return ", ".join(lower(role) for role in text.split(",") if role)


def _accepted(entry: Entry) -> str:
    late = ", late" if entry.facts.get("late") else ""
    unopened = _fact(entry, "unopened").replace(",", " and ")
    unseen = f", without having opened the {unopened}" if unopened else ""
    return f"Answered {_asked(entry)}: {lower(entry.after)} as {lower(_fact(entry, 'role'))}{late}{unseen}"


def _sealed(entry: Entry) -> str:
    late = lower(_fact(entry, "after_first_change")).replace(",", ", ")
    missed = f"; taken only after the first lever was moved: {late}" if late else ""
    return f"Evidence sealed: {_fact(entry, 'items')} items, {_fact(entry, 'gaps')} gaps{missed}"


def _refused(entry: Entry) -> str:
    about = f" to {_asked(entry)}" if entry.subject else ""
    return f"Refused an answer{about}: {lower(_fact(entry, 'refusal'))}"


def _proposed(entry: Entry) -> str:
    codes = [f"{lower(name)} {value}" for name, value in entry.facts.items() if name != "role"]
    about = f" ({', '.join(codes)})" if codes else ""
    return f"Asked for a decision: {lower(entry.subject)}{about}, as {lower(_fact(entry, 'role'))}"


def _declared(entry: Entry) -> str:
    codes = [f"{lower(name)} {value}" for name, value in entry.facts.items() if name != "role"]
    about = f" ({', '.join(codes)})" if codes else ""
    return f"{_STATED.get(entry.subject, plain(entry.subject))}{about}, as {lower(_fact(entry, 'role'))}"


def _not_put(entry: Entry) -> str:
    return f"Refused to ask for {lower(entry.subject)}: {lower(_fact(entry, 'refusal'))}"


def _carried_out(entry: Entry) -> str:
    whom = f" for {_fact(entry, 'person')}" if _fact(entry, "person") else ""
    return f"Carried out {entry.subject}: {lower(entry.after)}{whom}"


def _overdue(entry: Entry) -> str:
    owner = f", owned by {lower(_fact(entry, 'owner'))}" if _fact(entry, "owner") else ""
    return f"Stage not done in time: {_stage(entry)}{owner}"


def _learned(entry: Entry) -> str:
    aside = ("follow_ups", "open_questions")
    facts = [
        f"{lower(name)} is {lower(str(value))}" for name, value in entry.facts.items() if name not in aside
    ]
    left = [name for name in _fact(entry, "open_questions").split(",") if name]
    told = f"Learned from the impact: {', '.join(facts) or 'no new fact'}"
    return f"{told}; still open: {', '.join(lower(name) for name in left)}" if left else told


def _from_to(entry: Entry, nothing: str) -> str:
    return f"from {lower(entry.before) or nothing} to {lower(entry.after)}"


def _undelivered(entry: Entry) -> str:
    roles = _roles(_fact(entry, "roles"))
    return (
        f"Nobody could be reached about {entry.subject or lower(_fact(entry, 'about'))}: {roles or 'no role'}"
    )


def _opened(entry: Entry) -> str:
    return f"Opened: {lower(_fact(entry, 'classification'))}, severity {entry.after}"


_STATED: Final[dict[str, str]] = {
    Declared.ACKNOWLEDGED: "Took it in hand",
    Declared.TASK: "Closed a task",
    Declared.FACTS: "Stated what is known",
    Declared.TIMES: "Corrected a time",
    Declared.STEP_ON: "Had the release go on",
    Declared.STEP_BACK: "Took the release a step back",
    Declared.MERGED: "Merged it",
    Declared.UNMERGED: "Took the merge back",
    Declared.SPLIT: "Split a detection off",
    Declared.EVIDENCE_HOLD: "Held the evidence",
    Declared.EVIDENCE_HOLD_LIFTED: "Lifted the hold on the evidence",
    Declared.AFFECTED: "Changed the list of affected records",
    Declared.HYPOTHESIS: "Closed a hypothesis of the pattern question",
    Declared.EXPLAINED: "Told those who use the AI system",
    Declared.IMPACT_COUNTED: "Stated how many it reached",
    Declared.LOOKED_BACK: "Recorded what a look back found",
}


def _way(entry: Entry) -> str:
    return "taken back" if entry.facts.get("back") else "went on"


_TOLD: Final[dict[str, Callable[[Entry], str]]] = {
    Kind.INCIDENT_OPENED: _opened,
    Kind.DUPLICATES_JOINED: lambda e: f"{_fact(e, 'count')} more detections joined",
    Kind.SENDER_SAYS: lambda e: f"{e.actor} says: {e.after}; that closes and releases nothing",
    Kind.STAGE_BEGUN: lambda e: f"Stage begun: {_stage(e)}",
    Kind.STAGE_ENDED: lambda e: f"Stage ended: {_stage(e)}",
    Kind.ORDER_REQUESTED: _ordered,
    Kind.WOULD_HOLD: lambda e: f"Not held, only foreseen: {lower(e.after)} on {e.subject}",
    Kind.ENFORCED: lambda e: f"Containment confirmed by {e.subject}, after {_fact(e, 'after_seconds')} s",
    Kind.NOT_ENFORCED: lambda e: f"Not contained: {e.subject} was not answered, and the mode is {e.before}",
    Kind.FALLBACK_BEGUN: lambda e: f"Fallback begun, run by {e.after}",
    Kind.FALLBACK_MISSING: lambda e: f"No fallback is written down for {e.subject}",
    Kind.FALLBACK_ENDED: lambda _: "Fallback ended",
    Kind.EVIDENCE_HELD: lambda _: "Legal holds the evidence",
    Kind.EVIDENCE_FREED: lambda _: "The evidence is held no longer",
    Kind.EVIDENCE_HOLD_WAITS: lambda e: f"Waits while legal holds the evidence: {lower(e.subject)}",
    Kind.LEVER_LACKING: lambda e: f"No lever for {lower(e.subject)}",
    Kind.ORDER_APPLIED: lambda e: f"Applied: {_order(e)}",
    Kind.ORDER_PROVEN: lambda e: f"Proven: {_order(e)}",
    Kind.ORDER_UNPROVEN: lambda e: f"Not proven: {_order(e)}",
    Kind.ORDER_FAILED: lambda e: f"Failed: {_order(e)}",
    Kind.ORDER_RELEASED: lambda e: f"Released: {_order(e)}",
    Kind.RELEASE_REFUSED: lambda e: f"Release refused: {_order(e)}",
    Kind.STILL_HELD: lambda e: f"Still held, though it was to be let go of: {_order(e)}",
    Kind.CONTAINED: lambda _: "Contained: every order is proven",
    Kind.SEVERITY_RAISED: lambda e: f"Severity raised from {e.before} to {e.after}",
    Kind.SEVERITY_LOWERED: lambda e: f"Severity lowered from {e.before} to {e.after}",
    Kind.LEAD_NAMED: lambda e: f"The lead went {f'from {e.before} ' if e.before else ''}to {e.after}",
    Kind.ROLES_JOINED: lambda e: f"Brought in at {e.subject} severity: {_roles(e.after)}",
    Kind.FACTS_LEARNED: _learned,
    Kind.FACT_STATED: lambda e: f"{plain(e.subject)}: {_from_to(e, 'unknown')}",
    Kind.TIME_CORRECTED: lambda e: f"Time set right, {lower(e.subject)}: {_from_to(e, 'not stated')}",
    Kind.NOTICE_UNDELIVERED: _undelivered,
    Kind.PROPOSED: _proposed,
    Kind.PROPOSAL_REFUSED: _not_put,
    Kind.CARRIED_OUT: _carried_out,
    Kind.DECLARED: _declared,
    Kind.DECLARATION_REFUSED: lambda e: f"Not taken: {lower(e.subject)}, {lower(_fact(e, 'refusal'))}",
    Kind.TASKS_GIVEN: _tasks,
    Kind.TASK_OVERDUE: lambda e: f"Task not done in time: {lower(e.subject)}, of {lower(_fact(e, 'role'))}",
    Kind.CLOSING_WAITS: lambda e: f"Not closed while this is open: {e.after.replace(',', ', ')}",
    Kind.LEAD_MISSING: lambda e: f"Nobody leads: {e.subject} can't any more",
    Kind.OWNER_SILENT: lambda e: f"Nothing heard from the business owner in time: {e.subject}",
    Kind.REMINDED: lambda e: f"Reminded those who are asked: {_asked(e)}",
    Kind.STAGE_OVERDUE: _overdue,
    Kind.BREACH_WITHDRAWN: lambda e: f"Not late after all: {_asked(e)} was answered in time",
    Kind.DECISION_EXPIRED: lambda e: f"Expired: {_asked(e)}; answers given so far no longer count",
    Kind.DECISION_OPENED: lambda e: f"Asked: {_asked(e)}",
    Kind.DECISION_SETTLED: lambda e: f"Decided: {_asked(e)}, {lower(e.after)}",
    Kind.DECISION_SUPERSEDED: lambda e: f"No longer asked: {_asked(e)}",
    Kind.RESPONSE_ACCEPTED: _accepted,
    Kind.RESPONSE_REFUSED: _refused,
    Kind.SIGNAL_REFUSED: lambda e: f"Refused a signal: {e.subject}",
    Kind.DEADLINE_BREACHED: lambda e: f"Deadline passed: {_asked(e)}",
    Kind.ESCALATED: lambda e: f"Escalated {_asked(e)} to {lower(_fact(e, 'role'))}",
    Kind.DEFAULT_APPLIED: lambda e: f"Nobody answered {_asked(e)}: {lower(e.after)} applies",
    Kind.EVIDENCE_SEALED: _sealed,
    Kind.EVIDENCE_FAILED: lambda e: f"Evidence could not be collected: {e.subject}",
    Kind.FIX_MARKED: lambda _: "Fix marked as deployed",
    Kind.EVALUATION_STARTED: lambda _: "Evaluation started",
    Kind.EVALUATION_FINISHED: lambda _: "Evaluation finished",
    Kind.GATE_SHUT: lambda e: f"The gate stays shut: {lower(_fact(e, 'reasons'))}",
    Kind.GATE_OPENED: lambda _: "The gate opened",
    Kind.RESTART_BEGUN: lambda _: "Restart begun",
    Kind.RESTARTED: lambda _: "Running again",
    Kind.WATCH_BEGUN: lambda _: "Watch begun",
    Kind.ORDER_KEPT: lambda entry: f"Kept at the end, by decision: {_order(entry)}",
    Kind.RELEASE_STEP: lambda entry: f"Release {_way(entry)}: {step_in_words(entry.after)}",
    Kind.WATCH_SILENT: lambda _: "The watch did not report: it begins anew",
    Kind.WATCH_ENDED: lambda _: "Watch ended",
    Kind.RELAPSE: lambda e: f"Relapse: {lower(_fact(e, 'saw'))}",
    Kind.LESSON_RECORDED: lambda e: f"Lessons: {lower(e.after)}",
    Kind.STOOD_DOWN: lambda e: f"Stood down: {lower(e.after)}",
    Kind.MERGED: lambda e: f"Merged into {e.subject}",
    Kind.MERGED_IN: lambda e: f"{e.subject} was merged into this incident",
    Kind.MERGED_LET_GO: lambda e: f"{e.subject} lets go too: {lower(e.after)}",
    Kind.OTHER_LET_GO: lambda e: f"{e.subject} has let go: {lower(e.after)}",
    Kind.UNMERGED: lambda e: f"No longer merged with {e.subject}",
    Kind.SPLIT: lambda e: f"Given an incident of its own: {e.subject}",
    Kind.FILE_WRITTEN: lambda _: "Incident file written",
    Kind.CLOSED: lambda e: f"Closed: {lower(e.after)}",
    Kind.FORKED: lambda _: "The ledger was forked and goes on from the stored head",
}
