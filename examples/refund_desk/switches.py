"""What the desk may do right now, asked of the flag service through the OpenFeature SDK.

Every switch is a permission whose code default is the safe side: no answer, a late answer or an answer
of the wrong form all mean "not allowed".
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails
from openfeature.provider import FeatureProvider
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from examples.refund_desk.asked import FlagEvents
from examples.refund_desk.tickets import Notice

SYSTEM: Final = "refund_desk"
ALLOWED: Final = f"{SYSTEM}.allowed"
ISSUE_REFUND: Final = f"{SYSTEM}.tool.issue_refund.allowed"
UNREVIEWED: Final = f"{SYSTEM}.unreviewed.allowed"
POLICIES: Final = f"{SYSTEM}.source.policies.allowed"
RATE_LIMIT: Final = f"{SYSTEM}.rate_limit"
SESSION: Final = f"{SYSTEM}.session.allowed"
BLOCKED: Final = f"{SYSTEM}.block_source.policies"
FALLBACK: Final = f"{SYSTEM}.switch_to_fallback"

TIMEOUT_SECONDS: Final = 2.0
DESK: Final = "the support desk"

UNREADABLE: Final = "The assistant is off because its switch could not be read."
SOMETHING: Final = "Something went wrong, and we are looking into it."
REASONS: Final = {
    "unauthorised_tool_action": "It did something it should not have done, and we are looking into it.",
    "privacy_event": "It may have shown something it should not show, and we are looking into it.",
    "harmful_output": "It wrote something it should not have written, and we are looking into it.",
    "unsupported_recommendation": "It gave advice that it could not support, and we are looking into it.",
    "source_failure": "Something it works from was wrong, and we are putting it right.",
    "model_drift": "It did not behave as when we tested it, and we are looking into it.",
    "use_outside_approved_purpose": "It was used for something it is not made for.",
}
"""What the reason codes of incidents mean to a customer."""

_CODE: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Permission:
    """The state of one switch at the moment it was asked."""

    key: str
    allowed: bool
    notice: Notice


def over_ofrep(url: str, token: str) -> FeatureProvider:
    """Return a provider that asks a flag service over OFREP, with a short patience."""
    provider: FeatureProvider = OFREPProvider(
        url, headers_factory=lambda: {"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_SECONDS
    )
    return provider


def everything_allowed() -> FeatureProvider:
    """Return a provider for staging, where nothing done has an effect outside."""
    on = InMemoryFlag("on", {"on": True})
    keys = (ALLOWED, SESSION, ISSUE_REFUND, UNREVIEWED, POLICIES)
    return InMemoryProvider(
        {RATE_LIMIT: InMemoryFlag("most", {"most": 1_000_000}), **dict.fromkeys(keys, on)}
    )


class Switches:
    """The desk's switches; each question is one evaluation, never a remembered answer."""

    def __init__(self, provider: FeatureProvider) -> None:
        api.set_provider_and_wait(provider, domain=SYSTEM)
        self._client = api.get_client(domain=SYSTEM)
        self._client.add_hooks([FlagEvents()])
        self._pace = _Pace()

    def permission(self, key: str, account_id: str) -> Permission:
        """Ask whether `key` is allowed now to this account. Blocks for at most the provider's timeout."""
        details = self._client.get_boolean_details(key, False, EvaluationContext(account_id))
        return Permission(key, details.value is True, _notice(details))

    def turn(self, account_id: str) -> Permission:
        """Ask whether one more ticket may be taken under the tickets-per-minute limit, and count it."""
        details = self._client.get_integer_details(RATE_LIMIT, 0, EvaluationContext(account_id))
        # bool is an int to Python and to the provider: `true` must not read as a limit of one.
        limit = 0 if isinstance(details.value, bool) else details.value
        return Permission(RATE_LIMIT, self._pace.admit(limit), _notice(details))


class _Pace:
    """A sliding window over the last minute."""

    def __init__(self) -> None:
        self._counting = threading.Lock()
        self._taken: deque[float] = deque()

    def admit(self, limit: int) -> bool:
        now = time.monotonic()
        with self._counting:
            while self._taken and self._taken[0] <= now - 60:
                self._taken.popleft()
            if len(self._taken) >= limit:
                return False
            self._taken.append(now)
            return True


def _notice(details: FlagEvaluationDetails[Any]) -> Notice:
    if details.error_code is not None:
        return Notice(incident=None, reason=UNREADABLE, contact=DESK)
    return notice_of(details.flag_metadata or {})


def notice_of(said: Mapping[str, Any]) -> Notice:
    """Return what a customer may be told of a hold: its incident, the reason in words, whom to ask."""
    incident = said.get("incident")
    return Notice(
        incident=str(incident) if incident else None,
        reason=reason_in_words(str(said.get("reason") or ""), instead=str(said.get("title") or SOMETHING)),
        contact=str(said.get("contact") or DESK),
    )


def reason_in_words(reason: str, *, instead: str) -> str:
    """Return the sentence for a reason code, or one instead; a reason that is a sentence stays as it is."""
    if reason and not _CODE.fullmatch(reason):
        return reason
    return REASONS.get(reason, instead)
