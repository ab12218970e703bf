"""Forgeries of the chain, of answers, of the course of events and of histories."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from andon.audit.layout import HEADS, RESPONSE
from andon.audit.verify import Name
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from tests.audit.bundled import OTHER_SEED
from tests.audit.forging import (
    Forgery,
    a_day_earlier,
    changed,
    doubled,
    dropped,
    eased,
    edited,
    insider,
    lines,
    listed,
    moved,
    rechained,
    resigned,
    text_named,
)


def _slipped_in(found: list[str]) -> list[str]:
    return [found[0].replace('{"actor"', '{"aaa":1,"actor"'), *found[1:]]


def _repeated(found: list[str]) -> list[str]:
    return [found[0].replace('{"actor"', '{"actor":"andon","actor"'), *found[1:]]


def _respelled(found: list[str]) -> list[str]:
    return [json.dumps(json.loads(found[0])), *found[1:]]


def _elsewhere(found: list[str]) -> list[str]:
    incident = json.loads(found[0])["incident"]
    return [found[0].replace(incident, "INC-20261121-zzzzzz"), *found[1:]]


def _cut_with_heads(folder: Path) -> None:
    path = folder / RESPONSE
    path.write_text("".join(f"{one}\n" for one in path.read_text().splitlines()[:-3]))
    (folder / HEADS).write_text('{"access":null,"response":{}}')


CHAINS: dict[str, Forgery] = {
    "an entry edited": Forgery(
        lines(lambda one: [*one[:5], one[5].replace("triage", "detect"), *one[6:]]), Name.CHAIN
    ),
    "an entry inserted": Forgery(lines(lambda one: [*one[:5], one[4], *one[5:]]), Name.CHAIN, "2 times"),
    "an entry deleted": Forgery(lines(lambda one: [*one[:5], *one[6:]]), Name.CHAIN, "is missing"),
    "entries reordered": Forgery(
        lines(lambda one: [*one[:5], one[6], one[5], *one[7:]]), Name.CHAIN, "out of place"
    ),
    "the first entry removed": Forgery(lines(lambda one: one[1:]), Name.CHAIN, "is missing"),
    "all entries removed": Forgery(lines(lambda _: []), Name.CHAIN, "holds no entry"),
    "the end cut off": Forgery(lines(lambda one: one[:-2]), Name.HEAD, "are missing"),
    "the end cut off, and the heads with it": Forgery(listed(_cut_with_heads), Name.HEAD, "here are"),
    "a field slipped in": Forgery(lines(_slipped_in), Name.FORM, "canonical"),
    "a name twice in an entry": Forgery(lines(_repeated), Name.FORM, "twice"),
    "an entry spelled otherwise": Forgery(lines(_respelled), Name.FORM, "canonical"),
    "an entry of another incident": Forgery(lines(_elsewhere), Name.FORM, "belongs to"),
    "a chain rewritten with all its heads": Forgery(
        rechained(changed(Kind.DECISION_OPENED, 0, facts={"deadline": "2026-12-31T00:00:00+00:00"})),
        Name.HEAD,
        "another entry",
    ),
    "a chain dated back as a whole": Forgery(rechained(a_day_earlier), Name.HEAD, "another entry"),
    "a refusal removed, all rechained": Forgery(
        rechained(dropped(Kind.RESPONSE_REFUSED)), Name.HEAD, "another entry"
    ),
    "the severity rewritten": Forgery(
        rechained(changed(Kind.INCIDENT_OPENED, after="low")), Name.HEAD, "another entry"
    ),
    "an answer removed, all rechained": Forgery(
        rechained(dropped(Kind.RESPONSE_ACCEPTED, 5)), Name.JUDGEMENT, "settle on nothing"
    ),
}


def _statement_byte(folder: Path) -> None:
    path = text_named(folder, "statements")
    text = path.read_text()
    path.write_text(text[:40] + ("A" if text[40] != "A" else "B") + text[41:])


def _exchanged(kind: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        one, other = sorted((folder / "data" / kind).iterdir())[:2]
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)

    return change


def _promoted(folder: Path) -> None:
    path = text_named(folder, "directories")
    path.write_text(path.read_text().replace('"engineer"', '"executive"', 1))


ANSWERS: dict[str, Forgery] = {
    "an answer signed with another key": Forgery(
        insider(resigned(0, OTHER_SEED)), Name.STATEMENTS, "not trusted"
    ),
    "a byte of an answer changed": Forgery(listed(_statement_byte), Name.FORM, "altered"),
    "an answer taken away": Forgery(
        listed(lambda one: text_named(one, "statements").unlink()), Name.STATEMENTS, "is not there"
    ),
    "two answers exchanged": Forgery(listed(_exchanged("statements")), Name.FORM, "altered"),
    "the option rewritten in the chain": Forgery(
        rechained(changed(Kind.RESPONSE_ACCEPTED, after="false_positive")), Name.STATEMENTS, "option"
    ),
    "the person rewritten in the chain": Forgery(
        rechained(changed(Kind.RESPONSE_ACCEPTED, actor="person:p-executive")), Name.STATEMENTS, "person"
    ),
    "the role rewritten in the chain": Forgery(
        rechained(changed(Kind.RESPONSE_ACCEPTED, facts={"role": "executive"})), Name.STATEMENTS, "role"
    ),
    "the reason rewritten in the chain": Forgery(
        rechained(changed(Kind.RESPONSE_ACCEPTED, reason="0" * 64)), Name.STATEMENTS, "reason"
    ),
    "the time of receipt rewritten": Forgery(
        rechained(changed(Kind.RESPONSE_ACCEPTED, facts={"received_at": "2026-11-21T00:00:00+00:00"})),
        Name.STATEMENTS,
        "time of receipt",
    ),
    "an answer of another decision": Forgery(
        rechained(changed(Kind.RESPONSE_ACCEPTED, 1, subject="triage-1")), Name.STATEMENTS, "decision"
    ),
    "an answer replayed": Forgery(
        rechained(doubled(Kind.RESPONSE_ACCEPTED, Kind.CLOSED)), Name.STATEMENTS, "a second time"
    ),
    "one person in two roles": Forgery(
        insider(resigned(6, person="p-business_owner")), Name.JUDGEMENT, "refuses it"
    ),
    "the fixer approves the restart": Forgery(
        insider(resigned(5, person="p-engineer", role=Role.ENGINEER)), Name.JUDGEMENT, "refuses it"
    ),
    "an answer bound to other evidence": Forgery(
        insider(resigned(5, request="0" * 64)), Name.JUDGEMENT, "refuses it"
    ),
    "an answer before its question": Forgery(
        rechained(moved(Kind.RESPONSE_ACCEPTED, Kind.DECISION_OPENED)), Name.JUDGEMENT, "never put"
    ),
    "an answer dated before its question": Forgery(
        insider(lambda made: resigned(received_at=made.entries()[0].at - timedelta(days=1))(made)),
        Name.JUDGEMENT,
        "refuses it",
    ),
    "lateness rewritten": Forgery(
        rechained(changed(Kind.RESPONSE_ACCEPTED, facts={"late": True})), Name.JUDGEMENT, "says late"
    ),
    "settled on another answer": Forgery(
        rechained(changed(Kind.DECISION_SETTLED, after="false_positive")), Name.JUDGEMENT, "settles"
    ),
    "a question taken away": Forgery(
        listed(lambda one: text_named(one, "questions").unlink()), Name.JUDGEMENT, "is not there"
    ),
    "two questions exchanged": Forgery(listed(_exchanged("questions")), Name.FORM, "altered"),
    "a question made easier": Forgery(insider(eased), Name.JUDGEMENT, "refuses it"),
    "a directory altered": Forgery(listed(_promoted), Name.FORM, "altered"),
    "a policy altered": Forgery(
        listed(lambda one: text_named(one, "policies").write_text("{}")), Name.FORM, "altered"
    ),
}

COURSES: dict[str, Forgery] = {
    "contained without proof": Forgery(rechained(dropped(Kind.ORDER_PROVEN)), Name.COURSE, "contained while"),
    "released before the decision": Forgery(
        rechained(moved(Kind.ORDER_RELEASED, Kind.RESPONSE_REFUSED)), Name.COURSE, "without a restart"
    ),
    "released by nobody's decision": Forgery(
        rechained(changed(Kind.ORDER_RELEASED, digests={"request": "0" * 64})),
        Name.COURSE,
        "without a restart",
    ),
    "restarted twice": Forgery(
        rechained(doubled(Kind.RESTARTED, Kind.CLOSED)), Name.COURSE, "restarts a second time"
    ),
    "restarted through a shut gate": Forgery(rechained(dropped(Kind.GATE_OPENED)), Name.COURSE, "not open"),
    "something after the end": Forgery(
        rechained(lambda all_of: [*all_of, all_of[4]]), Name.COURSE, "after the incident was closed"
    ),
    "closed with an order in force": Forgery(
        rechained(dropped(Kind.ORDER_RELEASED)), Name.COURSE, "closes the incident while"
    ),
    "opened twice": Forgery(
        rechained(doubled(Kind.INCIDENT_OPENED, Kind.CLOSED)), Name.COURSE, "opens an incident that is open"
    ),
    "proven without having been applied": Forgery(
        rechained(dropped(Kind.ORDER_APPLIED)), Name.COURSE, "without having been applied"
    ),
}


def _history(number: int, change: Callable[[list[Any]], list[Any]]) -> Any:
    return edited(f"data/histories/{number:04d}.json", lambda run: {**run, "events": change(run["events"])})


def _reset(events: list[Any]) -> list[Any]:
    failed = {
        "eventId": str(len(events) + 1),
        "eventTime": events[-1]["eventTime"],
        "eventType": "EVENT_TYPE_WORKFLOW_TASK_FAILED",
        "workflowTaskFailedEventAttributes": {"cause": "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW"},
    }
    return [*events, failed]


def _unanswered(events: list[Any]) -> list[Any]:
    for given in _responses(events):
        given["args"]["payloads"] = []
    return events


def _responses(events: list[Any]) -> list[Any]:
    updates = [one.get("workflowExecutionUpdateAcceptedEventAttributes") for one in events]
    given = [one["acceptedRequest"]["input"] for one in updates if one]
    return [one for one in given if one["name"] == "respond"]


def _invented(events: list[Any]) -> list[Any]:
    for given in _responses(events):
        for payload in given["args"]["payloads"]:
            content = json.loads(base64.b64decode(payload["data"]))
            content["signatures"][0]["sig"] = base64.b64encode(b"x" * 64).decode()
            payload["data"] = base64.b64encode(json.dumps(content).encode()).decode()
    return events


def _back_dated(events: list[Any]) -> list[Any]:
    events[20]["eventTime"] = "2026-01-01T00:00:00Z"
    return events


def _terminated(events: list[Any]) -> list[Any]:
    last = {
        "eventId": events[-1]["eventId"],
        "eventTime": events[-1]["eventTime"],
        "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED",
        "workflowExecutionTerminatedEventAttributes": {},
    }
    return [*events[:-1], last]


def _renamed_incident(events: list[Any]) -> list[Any]:
    started = events[0]["workflowExecutionStartedEventAttributes"]
    started["workflowId"] = "incident/INC-20261121-zzzzzz"
    return events


def _another_head(events: list[Any]) -> list[Any]:
    """Another story in the batches that a history carries."""
    for event in events:
        scheduled = event.get("activityTaskScheduledEventAttributes", {})
        if scheduled.get("activityType", {}).get("name") != "ledger.append":
            continue
        payload = scheduled["input"]["payloads"][0]
        batch = json.loads(base64.b64decode(payload["data"]))
        for entry in batch["entries"]:
            entry["actor"] = "person:p-nobody"
        payload["data"] = base64.b64encode(json.dumps(batch).encode()).decode()
    return events


def _archive(folder: Path, pattern: str) -> Path:
    return next((folder / "data/store/archive").rglob(pattern))


HISTORIES: dict[str, Forgery] = {
    "an archive altered": Forgery(
        listed(lambda one: _archive(one, "*closed.json").write_text("{}")), Name.HISTORIES, "was altered"
    ),
    "an archive removed": Forgery(
        listed(lambda one: _archive(one, "*closed.json").unlink()), Name.HISTORIES, "which is not there"
    ),
    "an archived history altered": Forgery(
        listed(lambda one: _archive(one, "histories/*.json").write_text("{}")),
        Name.HISTORIES,
        "that was archived",
    ),
    "who typed a history in altered": Forgery(
        _history(1, lambda one: [{**one[0], "taskId": "7"}, *one[1:]]), Name.HISTORIES, "that was archived"
    ),
    "an event taken out": Forgery(
        _history(1, lambda one: [*one[:30], *one[31:]]), Name.HISTORIES, "has the number"
    ),
    "a history cut": Forgery(_history(1, lambda one: one[:60]), Name.HISTORIES, "it was cut"),
    "a history reset": Forgery(_history(1, _reset), Name.HISTORIES, "was reset"),
    "a workflow terminated": Forgery(_history(1, _terminated), Name.HISTORIES, "was terminated"),
    "an answer taken out of a history": Forgery(_history(1, _unanswered), Name.HISTORIES, "never came in"),
    "answers exchanged in a history": Forgery(_history(1, _invented), Name.HISTORIES, "never came in"),
    "an event dated back": Forgery(_history(1, _back_dated), Name.HISTORIES, "is dated before"),
    "the history of another incident": Forgery(_history(1, _renamed_incident), Name.HISTORIES, "no history"),
    "a history of another story": Forgery(_history(1, _another_head), Name.HEAD, "history"),
    "a child's history removed": Forgery(
        listed(lambda one: (one / "data/histories/0002.json").unlink()), Name.HISTORIES, "not there"
    ),
    "a run twice": Forgery(
        listed(
            lambda one: (
                (one / "data/histories/0009.json").write_bytes(
                    (one / "data/histories/0001.json").read_bytes()
                )
                and None
            )
        ),
        Name.HISTORIES,
        "there twice",
    ),
    "a history that is none": Forgery(
        listed(lambda one: (one / "data/histories/0001.json").write_text("{}")),
        Name.PACKAGE,
        "is no history",
    ),
}
