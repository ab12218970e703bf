"""What fields and codes of the record are called where people read it who were not there.

Names of people, AI systems and levers stay as they are. Where a fact is a code, the code itself stands
beside the words, for whoever looks it up in the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from andon.domain.code_words import ENDINGS, GAPS, ORDERS, QUESTIONS, ROWS, STAGES, VERBS, lower

FIRST: Final[dict[str, tuple[str, ...]]] = {
    "what_happened": (
        *("system", "type", "occurred_at", "detected_at", "opened_at", "contained_at", "closed_at"),
        *("channel", "source", "recurrence_of", "exercise", "detections", "stages"),
    ),
    "classification": ("classification", "severity", "severity_at_first", "provisional"),
    "affected": ("scope", "questions", "findings", "counted", "records"),
    "containment": ("contained_at", "contained", "orders"),
    "evidence": ("completeness", "missing_log_rate", "snapshots"),
    "decisions": ("lead", "owner_first_heard", "decisions", "approvals", "overrides", "refused_in_all"),
    "cause_and_correction": ("cause", "failure_class", "failed_control", "correction", "fixed_at", "fixes"),
    "restart_and_lessons": ("gate", "restart", "watch_until", "relapses", "lessons", "changes", "review"),
}
"""What each part says first; the rest follows in the order of its JSON."""

NAMES: Final[dict[str, str]] = {
    "answered_unopened": "answered without opening what it rests on",
    "before": "own case on the versions before",
    "breached": "late",
    "breaches": "deadlines that passed",
    "breaches_withdrawn": "deadlines that passed, withdrawn since",
    "brought_in": "roles brought in",
    "cannot": "can't be put right",
    "contained": "held when this was written",
    "counted": "counted or estimated",
    "exercise": "only an exercise",
    "failed_control": "control that failed",
    "findings": "found",
    "fired_rules": "rules that fired",
    "further_classes": "further classes of failure",
    "joined": "reports that joined it",
    "levers_lacking": "levers that were lacking",
    "missing_log_rate": "share of the evidence that is missing",
    "notification_required": "must somebody be notified",
    "opened_by": "who was shown what",
    "policy": "policy, SHA-256",
    "questions": "asked",
    "recurrence_of": "happened before as",
    "refused": "answers refused",
    "refused_in_all": "answers refused, in all",
    "root": "root, SHA-256",
    "running": "versions that run",
    "scope": "reach",
    "seals": "roots of the evidence, SHA-256",
    "title": "title, SHA-256 of its sealed words",
    "twin": "harmless twin",
    "unknown": "what nobody could say",
    "versions_captured": "versions preserved, SHA-256",
    "without_lead": "times without a lead",
}
"""Names of fields for which the code with spaces would not do."""

HEADINGS: Final[dict[str, str]] = {
    "actor": "who",
    "after": "then",
    "breached": "late",
    "code": "task",
    "exhibit": "what",
    "kind": "what",
    "option": "answer",
    "order.id": "order",
    "order.lever": "what was ordered",
    "order.lever.id": "lever",
    "proof.at": "proven at",
    "proof.saw": "what was seen",
    "subject": "about",
}
"""Headings of columns, by what the column shows."""

ABSENT: Final[dict[str, str]] = {
    "closed_at": "not yet when this was written",
    "recurrence_of": "no earlier incident is named",
}
"""What it means that there is nothing, where that is known."""

OWN: Final = frozenset(
    {"system", "person", "lead", "owner", "suite", "playbook", "lever", "target", "detail", "subject"}
)
"""Fields whose values are names that somebody gave: they are no codes."""
BY_FIELD: Final[dict[str, Mapping[Any, str]]] = {
    "ending": ENDINGS,
    "stage": STAGES,
    "orders.state": ORDERS,
    "rows.state": ROWS,
    "kinds.state": ROWS,
    "rows.reason": GAPS,
    "gaps.reason": GAPS,
}
"""Words for codes, by the field; `list.field` where it depends on the list."""
NO_DIGEST: Final = "0" * 64

_CODE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_CODES: Final = re.compile(r"[a-z0-9_]+(?:, ?[a-z0-9_]+)*")


def name_of(field: str, within: str = "") -> str:
    """Return what a field is called, inside a sentence.

    Args:
        field: its name in the JSON.
        within: the field that holds it.
    """
    if within in ("questions", "findings") and field in QUESTIONS:
        return QUESTIONS[field]
    return NAMES.get(field) or lower(field)


def heading(path: str) -> str:
    """Return the heading of the column that shows what stands at a path."""
    return HEADINGS.get(path) or lower(path.replace(".", " "))


def in_words(value: str, field: str, of: str = "") -> str:
    """Return a value in words, if it is a code, or several after one another.

    Args:
        value: as the JSON has it.
        field: where it stands.
        of: the list that holds it.
    """
    known = BY_FIELD.get(f"{of}.{field}") or BY_FIELD.get(field) or {}
    if value in known:
        return known[value]
    if value == NO_DIGEST:
        return "none"
    if field in ("actor", "source"):
        return _actor(value)
    if field in OWN or field.endswith(("owner", "person")):
        return value
    return ", ".join(lower(one) for one in re.split(", ?", value)) if _CODES.fullmatch(value) else value


def code_beside(value: str) -> str:
    """Return the code that is to stand beside its words; empty, if the words are the code."""
    return value if _CODE.fullmatch(value) else ""


def order_in_words(lever: Mapping[str, Any]) -> str:
    """Return what an order does to its lever: `Switch off the tool “issue_refund”`."""
    verb, target = str(lever.get("verb") or ""), lever.get("target")
    what = next((words for known, words in VERBS.items() if known == verb), lower(verb).capitalize())
    return f"{what} “{target}”" if target else what


def _actor(actor: str) -> str:
    """Return who did it or told it: people by name, programs and Andon as what they are."""
    kind, _, name = actor.partition(":")
    if kind in ("person", "source") and name:
        return name if kind == "person" else f"{name}, a program"
    return "Andon" if actor == "andon" else actor
