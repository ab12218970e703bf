"""One report that something is wrong, as the door takes it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field

from andon.domain.offered import OFFERED_AT_MOST, Offered
from andon.domain.sessions import SESSIONS_AT_MOST, SessionId
from andon.domain.values import Frozen, Instant

UNKNOWN_SYSTEM = "unknown"


class Channel(StrEnum):
    """Where a detection comes from."""

    MONITORING = "monitoring"
    HUMAN_REVIEW = "human_review"
    USER_REPORT = "user_report"
    AUDIT_SAMPLE = "audit_sample"
    ANOMALY_DETECTION = "anomaly_detection"
    SECURITY_ALERT = "security_alert"
    BUSINESS_METRIC = "business_metric"
    VENDOR_ALERT = "vendor_alert"


class IncidentType(StrEnum):
    """What kind of failure was seen."""

    PRIVACY_EVENT = "privacy_event"
    HARMFUL_OUTPUT = "harmful_output"
    UNSUPPORTED_RECOMMENDATION = "unsupported_recommendation"
    UNAUTHORISED_TOOL_ACTION = "unauthorised_tool_action"
    SOURCE_FAILURE = "source_failure"
    MODEL_DRIFT = "model_drift"
    USE_OUTSIDE_APPROVED_PURPOSE = "use_outside_approved_purpose"


class Category(StrEnum):
    """Which part of the AI system failed; one incident may carry several."""

    OUTPUT_QUALITY = "output_quality"
    DATA_EXPOSURE = "data_exposure"
    AUTOMATION_ERROR = "automation_error"
    POLICY_ISSUE = "policy_issue"
    RETRIEVAL_FAILURE = "retrieval_failure"
    HUMAN_REVIEW_FAILURE = "human_review_failure"


class Tag(StrEnum):
    """Which functions an incident concerns."""

    SECURITY = "security"
    PRIVACY = "privacy"
    LEGAL = "legal"
    OPERATIONAL = "operational"
    REPUTATIONAL = "reputational"


class Flagged(StrEnum):
    """The four choices of a person who reports an output."""

    UNSAFE = "unsafe"
    INCORRECT = "incorrect"
    EXPOSED = "exposed"
    UNAUTHORISED = "unauthorised"


class Outcome(StrEnum):
    """What became of a detection."""

    OPENED = "opened"
    JOINED = "joined"
    QUALITY_ISSUE = "quality_issue"
    SPOOLED = "spooled"


class DetectionReport(Frozen):
    """A detection as it is sent. Facts left out are unknown, never assumed."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    system: str = Field(
        min_length=1, max_length=64, description="id of the AI system, or `unknown`", examples=["refund_desk"]
    )
    channel: Channel
    title: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=8000)
    dedupe_key: str | None = Field(None, min_length=1, max_length=200, description="the same key joins")
    occurred_at: Instant | None = None
    detected_at: Instant | None = None
    reported_at: Instant | None = Field(
        None, description="when it was said, if this relays what somebody said before"
    )
    severity: str | None = Field(
        None, max_length=32, description="asserted by the sender; a floor until triage"
    )
    type: IncidentType | None = None
    trigger: str | None = Field(None, max_length=64, description="entry of the trigger list; prefills facts")
    flag: Flagged | None = None
    categories: tuple[Category, ...] = Field((), max_length=6)
    tags: tuple[Tag, ...] = Field((), max_length=5)
    facts: dict[str, str | int] = Field(default_factory=dict, max_length=40)
    potential_facts: dict[str, str | int] = Field(default_factory=dict, max_length=40)
    trace_ids: tuple[str, ...] = Field((), max_length=50, description="W3C trace ids, 32 hexadecimal digits")
    sessions: tuple[SessionId, ...] = Field(
        (), max_length=SESSIONS_AT_MOST, description="sessions it is about, as the AI system names them"
    )
    external: tuple[str, ...] = Field(
        (), max_length=20, description="`taxonomy:id`", examples=[["owasp_llm:LLM01:2025"]]
    )
    evidence: tuple[Offered, ...] = Field((), max_length=OFFERED_AT_MOST)
