"""A notice in words: ids, the organisation's own wording of a question, and where to go.

Never a sealed text: channels end on other people's servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andon.domain.directory import Role
from andon.domain.notice import ACCESS_FORKED, LOG_OVERDUE, Notice, addressed
from andon.domain.rights import RightsPolicy

HEADLINES: Final[dict[str, str]] = {
    "question": "asks for your decision",
    "reminder": "still waits for your decision",
    "escalation": "has been escalated to you",
    "default_applied": "has no answer: the safe default applies",
    "guidance": "has guidance for you",
    "would_stop": "is not stopped: whether it is waits for triage",
    "by_hand": "has a step of containment that somebody must carry out by hand",
    "fallback_missing": "has stopped an AI system for which no fallback is written down",
    "evidence_hold": "has its evidence held by legal: nothing may alter the AI system",
    "evidence_hold_lifted": "has its evidence held no longer",
    "unproven": "is not proven to be contained",
    "still_held": "can't let go of its levers yet",
    "alarm": "was interfered with: its workflow was ended or set back; holds stay, and it goes on",
    "deviates": "has an order that was not seen to hold",
    "order_expired": "has an order whose time is up; it stays in force",
    "let_go_wanted": "has orders that are to be let go of, by restart or stand-down",
    "unacknowledged": "has not been taken in hand by its business owner",
    "lead_missing": "has nobody who leads it",
    "task": "has a task for you",
    "task_reminder": "still waits for a task of yours",
    "task_overdue": "has a task that was not done in time",
    "closing_waits": "can't close before its follow-ups and affected records are dealt with",
    "release_waits": "is let go in steps, and waits for the business owner to go on or back",
    "watch_silent": "was not watched: its watch did not report, and has begun anew",
    "change_reminded": "has a change of yours that is due soon",
    "change_overdue": "has a change that should have been made by now",
    "change_escalated": "has a change that is long overdue",
    "change_dropped": "has a change of yours that will not be made",
    "recurrence": "has happened again since it was closed",
    ACCESS_FORKED: "has an access chain that differs from what is locked of it: its evidence is not shown",
    LOG_OVERDUE: "is not signed any more: what is written since then can't be proven to be whole",
    "evidence_failed": "has a snapshot of the evidence that did not report",
}
"""What a notice says of its incident; other subjects are named as they are."""


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in words; `id` is the same in every attempt and on every channel."""

    id: str
    title: str
    body: str


def worded(notice: Notice, policy: RightsPolicy, console_url: str, instead_of: Role | None = None) -> Message:
    """Return a notice in words; with `instead_of`, as whoever hears it in place of a role is told."""
    what = HEADLINES.get(notice.about, notice.about.replace("_", " "))
    lines = []
    if instead_of is not None:
        lines.append(f"You are told because nobody who holds the role {instead_of} can be reached.")
    if notice.decision is not None and notice.decision in policy.wording:
        wording = policy.wording[notice.decision]
        lines += [wording.title, wording.question]
    if notice.subject:
        lines.append(f"About: {notice.subject}")
    lines += [f"Still open: {one}" for one in notice.still_open]
    if notice.due is not None:
        lines.append(f"Due: {notice.due:%Y-%m-%d %H:%M} {notice.due.tzname() or ''}".rstrip())
    message = addressed(notice, instead_of).id
    whole = notice.about == LOG_OVERDUE
    place = "" if whole else f"incidents/{notice.incident}"
    lines += [f"{console_url}/{place}", f"Message {message}"]
    subject = "The log over all incidents" if whole else notice.incident
    return Message(id=message, title=f"{subject} {what}", body="\n".join(lines))
