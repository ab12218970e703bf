"""The words for codes: one table for pages, papers and the terminal."""

from __future__ import annotations

from typing import Final

from andon.domain.containment import OrderState, Verb
from andon.domain.evidence import GapReason, RowState
from andon.domain.incident import Ending
from andon.domain.stage import Stage

STAGES: Final = {
    Stage.DETECT: "Detect",
    Stage.TRIAGE_CLASSIFY: "Triage",
    Stage.CONTAIN: "Contain",
    Stage.PRESERVE_EVIDENCE: "Preserve evidence",
    Stage.ASSESS_IMPACT: "Assess impact",
    Stage.COMMUNICATE: "Communicate",
    Stage.INVESTIGATE: "Investigate",
    Stage.CORRECT_REMEDIATE: "Correct",
    Stage.VALIDATE_RESTART: "Validate and restart",
    Stage.MONITOR: "Watch",
    Stage.LEARN_CLOSE: "Learn and close",
    Stage.CLOSED: "Closed",
}
ENDINGS: Final = {
    Ending.RESTARTED: "Restarted through the gate",
    Ending.FALSE_POSITIVE: "Stood down: nothing was wrong",
    Ending.QUALITY_ISSUE: "Stood down: a quality issue",
    Ending.NOT_RESTARTED: "Not put back into service",
    Ending.MERGED: "Merged into another incident",
}
VERBS: Final = {
    Verb.PAUSE_SYSTEM: "Pause the whole system",
    Verb.DISABLE_TOOL: "Switch off the tool",
    Verb.DISABLE_ROUTE: "Switch off the route",
    Verb.ROUTE_TO_REVIEW: "Send everything to review",
    Verb.RATE_LIMIT: "Limit the rate",
    Verb.BLOCK_SOURCE: "Block the source",
    Verb.BLOCK_WRITES: "Block writing",
    Verb.QUARANTINE_RECORDS: "Set records aside in",
    Verb.QUARANTINE_SESSION: "Set sessions aside",
    Verb.ROLL_BACK_PROMPT: "Roll back the prompt",
    Verb.ROLL_BACK_MODEL: "Roll back the model",
    Verb.ROLL_BACK_INDEX: "Roll back the index",
    Verb.ROLL_BACK_POLICY: "Roll back the policy",
    Verb.ROLL_BACK_INTEGRATION: "Roll back the integration",
}
GAPS: Final = {
    GapReason.RETENTION: "older than its source keeps",
    GapReason.DENIED: "access was denied",
    GapReason.UNREACHABLE: "the source did not answer",
    GapReason.REFUSED: "the source refused",
    GapReason.NOT_CONFIGURED: "no source is set up for it",
    GapReason.EMPTY: "the source gave nothing",
    GapReason.LATE: "comes into being later",
}
QUESTIONS: Final = {
    "left_company": "Did anything wrong leave the company?",
    "data_exposed": "Was data shown to somebody who may not see it?",
    "took_action": "Did the AI system act on its own?",
    "reviewer_passed_it": "Did a reviewer let it pass?",
    "more_affected": "Are more people or cases affected?",
    "recent_change": "Was anything changed shortly before?",
    "obligation": "May somebody have to be told by law or contract?",
    "reversibility": "Can it be undone?",
    "acted_upon": "Has anybody acted on what it produced?",
    "notification_required": "Must somebody be notified?",
}
"""What people are asked to find out, by the code of the finding."""
RESTS_ON: Final = {
    "playbook": "the playbook {}",
    "decision": "the decision {}",
    "role": "the role {}",
    "person": "{}",
}
"""What allowed something, by the kind of its code."""
ACRONYMS: Final = {"ai": "AI", "hr": "HR", "id": "id", "ui": "UI", "url": "URL", "otel": "OpenTelemetry"}
ORDERS: Final = {
    OrderState.REQUESTED: "asked for, not yet applied",
    OrderState.APPLIED: "applied, not yet proven",
    OrderState.PROVEN: "proven",
    OrderState.UNPROVEN: "not proven",
    OrderState.FAILED: "failed",
    OrderState.RELEASED: "released",
    OrderState.EXPIRED: "past its expiry, still held",
}
ROWS: Final = {
    RowState.CAPTURED: "preserved",
    RowState.NOT_APPLICABLE: "does not apply",
    RowState.GAP: "no evidence",
}


def action(verb: Verb, target: str) -> str:
    """Return what an order does: `Switch off the tool “issue_refund”`."""
    what = VERBS.get(verb, plain(verb))
    return f"{what} “{target}”" if target else what


def plain(code: str) -> str:
    """Return a code as words: `ai_incident` becomes `AI incident`."""
    words = [ACRONYMS.get(word, word) for word in code.replace("-", " ").replace("_", " ").split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def lower(code: str) -> str:
    """Return a code as words inside a sentence."""
    return " ".join(ACRONYMS.get(word, word) for word in code.replace("_", " ").split())


def authority(code: str) -> str:
    """Return what an order or a look at an original rests on: a playbook, a decision, a role or a person."""
    kind, _, name = code.partition(":")
    return RESTS_ON[kind].format(lower(name) if kind == "role" else name) if kind in RESTS_ON else lower(code)
