"""What people are told who meet a denial: fixed sentences for codes, never anybody's own words."""

from __future__ import annotations

from typing import Final

from andon.domain.containment import Hold

_WHAT: Final = {
    "tool": "This action is switched off",
    "route": "This way in is closed",
    "source": "This source is not used",
    "unreviewed": "A person looks at each answer first",
    "rate_limit": "Fewer requests are taken than usual",
    "session": "This session is on hold",
}
_PAUSED: Final = "The assistant is paused"
_WHY: Final = {
    "privacy_event": "personal data may have been shown to others",
    "harmful_output": "it may have said something harmful",
    "unsupported_recommendation": "it may have advised what its sources do not support",
    "unauthorised_tool_action": "it may have done something it was not allowed to do",
    "source_failure": "a source it relies on may be wrong",
    "model_drift": "its answers may have become worse",
    "use_outside_approved_purpose": "it may have been used for what it is not approved for",
    "security_event": "its security may have been breached",
}
_ANY: Final = "something may have gone wrong"


def why(reason: str) -> str:
    """Return in plain words what a hold was put on for."""
    return _WHY.get(reason, _ANY)


def title_of(hold: Hold) -> str:
    """Return one plain sentence: what is held, and why."""
    shape = hold.lever.split(".")[1] if hold.lever.count(".") else ""
    return f"{_WHAT.get(shape, _PAUSED)}: {why(hold.reason)}, and people are looking into it."
