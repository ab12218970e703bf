"""The policy these tests are pinned to: small, and independent of the shipped files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from andon.adapters.calendar import business_calendar
from andon.domain.business_time import BusinessCalendar, BusinessHours, Term
from andon.domain.containment import Verb
from andon.domain.decision import DecisionKind, Exclusion, Rung
from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import Role
from andon.domain.escalation import QUESTIONS
from andon.domain.evidence import EvidenceRow
from andon.domain.playbook import ContainmentStep, EvidencePolicy, Plan, Playbook, WatchPlan
from andon.domain.resolving import resolve
from andon.domain.rights import OptionRight, Right, RightsPolicy, StageRight
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.system import AISystem, Evaluation, EvidencePlaces, Fallback, LeverEntry, Tier
from andon.domain.values import NOTHING_YET

HALF_HOUR = timedelta(minutes=30)
TWO_PEOPLE = ((), ())
OWNER_LEGAL_SECURITY = ((Role.BUSINESS_OWNER,), (Role.LEGAL,), (Role.SECURITY,))


def right(*options: OptionRight, eligible: tuple[Role, ...], **more: Any) -> Right:
    return Right(options=options, eligible=eligible, **more)


def option(name: str, **more: Any) -> OptionRight:
    return OptionRight(id=name, **more)


def stage(owner: Role, within: str) -> StageRight:
    return StageRight(owner=owner, within={Band.HIGH: Term.model_validate(within)})


def outward(go: str, stay: str, roles: tuple[Role, ...]) -> Right:
    """A right to say or do something outside: every one of the roles must agree."""
    return right(
        option(go, needs=tuple((role,) for role in roles)),
        option(stay, blocks=True),
        eligible=roles,
        within={Band.HIGH: timedelta(hours=4)},
        default=stay,
        excludes=(Exclusion.REQUESTER,),
        asked_by=(Role.LEGAL, Role.COMMUNICATIONS, Role.COMPLIANCE),
        expires_after=timedelta(days=2),
    )


RIGHTS = {
    DecisionKind.TRIAGE: right(
        option("confirm"),
        option("false_positive", needs_at={Band.HIGH: TWO_PEOPLE, Band.CRITICAL: TWO_PEOPLE}),
        option("quality_issue", needs_at={Band.HIGH: TWO_PEOPLE, Band.CRITICAL: TWO_PEOPLE}),
        eligible=(Role.INCIDENT_LEAD, Role.RESPONDER),
        within={Band.HIGH: HALF_HOUR, Band.CRITICAL: HALF_HOUR},
        ladder=(
            Rung(after=timedelta(0), role=Role.BUSINESS_OWNER),
            Rung(after=timedelta(minutes=15), role=Role.EXECUTIVE),
        ),
        default="confirm",
        default_after=timedelta(minutes=30),
        findings={"severity": ("low", "medium", "high", "critical")},
    ),
    DecisionKind.LEGAL_REVIEW: right(
        option("hold_disclosure"),
        option("disclosure_needed"),
        eligible=(Role.LEGAL,),
        within=dict.fromkeys(Band, timedelta(hours=1)),
        ladder=(Rung(after=timedelta(0), role=Role.EXECUTIVE),),
        default="hold_disclosure",
    ),
    DecisionKind.IMPACT: right(
        option("isolated"),
        option("segment"),
        option("unknown"),
        eligible=(Role.BUSINESS_OWNER, Role.OPERATIONS),
        within={Band.HIGH: timedelta(hours=4)},
        default="unknown",
        findings={
            **dict.fromkeys(QUESTIONS, ("yes", "no", "unknown")),
            "reversibility": ("easy", "irreversible", "unknown"),
        },
    ),
    DecisionKind.CUSTOMER_NOTIFICATION: right(
        option("notify", needs=((Role.LEGAL,), (Role.BUSINESS_OWNER,))),
        option("do_not_notify", blocks=True),
        eligible=(Role.LEGAL, Role.BUSINESS_OWNER),
        within={Band.HIGH: timedelta(hours=4)},
        default="do_not_notify",
        excludes=(Exclusion.REQUESTER,),
        asked_by=(Role.LEGAL, Role.COMMUNICATIONS),
    ),
    DecisionKind.DIAGNOSIS: right(
        option("prompt_design"), option("unknown"), eligible=(Role.ENGINEER, Role.SECURITY)
    ),
    DecisionKind.REMEDIATION: right(
        option("fix_deployed"),
        option("not_restarting", needs=((Role.BUSINESS_OWNER,),)),
        eligible=(Role.ENGINEER, Role.SECURITY),
    ),
    DecisionKind.RESTART: right(
        option("restart", needs=((Role.BUSINESS_OWNER,),), needs_at={Band.HIGH: OWNER_LEGAL_SECURITY}),
        option("keep_stopped", blocks=True),
        eligible=(Role.BUSINESS_OWNER, Role.LEGAL, Role.SECURITY),
        within={Band.HIGH: timedelta(hours=8)},
        default="keep_stopped",
        excludes=(Exclusion.FIXER,),
        expires_after=timedelta(hours=24),
    ),
    DecisionKind.LESSONS: right(
        option("lessons_recorded"), option("no_change"), eligible=(Role.INCIDENT_LEAD,)
    ),
    DecisionKind.NO_CHANGE_CLOSURE: right(
        option("approve"),
        option("refuse", blocks=True),
        eligible=(Role.BUSINESS_OWNER, Role.EXECUTIVE),
        within={Band.CRITICAL: timedelta(days=5)},
    ),
    DecisionKind.PUBLIC_STATEMENT: outward(
        "publish", "do_not_publish", (Role.LEGAL, Role.COMMUNICATIONS, Role.EXECUTIVE)
    ),
    DecisionKind.EXTERNAL_COUNSEL: outward("retain", "do_not_retain", (Role.LEGAL,)),
    DecisionKind.NOTIFY_REGULATOR: outward("notify", "do_not_notify", (Role.LEGAL,)),
    DecisionKind.SHUTDOWN_REVENUE_FEATURE: right(
        option("shut_down", needs=((Role.OPERATIONS,), (Role.BUSINESS_OWNER,))),
        option("keep_running", blocks=True),
        eligible=(Role.OPERATIONS, Role.BUSINESS_OWNER),
        within=dict.fromkeys(Band, HALF_HOUR),
        excludes=(Exclusion.REQUESTER,),
        asked_by=(Role.SECURITY,),
    ),
    DecisionKind.RATIFICATION: right(
        option("uphold"),
        option("swap", blocks=True),
        eligible=(Role.BUSINESS_OWNER, Role.EXECUTIVE),
        within=dict.fromkeys(Band, HALF_HOUR),
        default="uphold",
    ),
    DecisionKind.EXECUTIVE_OVERRIDE: right(
        option("lift", needs=((Role.EXECUTIVE,),)),
        option("refuse", blocks=True),
        eligible=(Role.EXECUTIVE,),
        excludes=(Exclusion.REQUESTER, Exclusion.FIXER),
        asked_by=(Role.BUSINESS_OWNER, Role.EXECUTIVE, Role.OPERATIONS),
    ),
    DecisionKind.GATE_EXCEPTION: right(
        option("grant", needs=((Role.EXECUTIVE,),)),
        option("refuse", blocks=True),
        eligible=(Role.EXECUTIVE,),
        excludes=(Exclusion.REQUESTER, Exclusion.FIXER),
        asked_by=(Role.BUSINESS_OWNER, Role.OPERATIONS),
        about={"hours": ("8", "24", "72")},
    ),
    DecisionKind.THRESHOLD_CHANGE: right(
        option("accept", needs=((Role.BUSINESS_OWNER,), (Role.SECURITY,))),
        option("refuse", blocks=True),
        eligible=(Role.BUSINESS_OWNER, Role.SECURITY),
        excludes=(Exclusion.REQUESTER, Exclusion.FIXER),
        asked_by=(Role.ENGINEER,),
        about={"pin": ()},
    ),
    DecisionKind.SEVERITY_DOWNGRADE: right(
        option("lower"),
        option("keep", blocks=True),
        eligible=(Role.INCIDENT_LEAD, Role.SECURITY, Role.BUSINESS_OWNER),
        excludes_at=dict.fromkeys((Band.HIGH, Band.CRITICAL), (Exclusion.REQUESTER,)),
        asked_by=(Role.INCIDENT_LEAD, Role.SECURITY),
        about={"severity": ("low", "medium", "high")},
        expires_after=timedelta(days=2),
    ),
    DecisionKind.RAW_EVIDENCE: right(
        option("release"),
        option("refuse", blocks=True),
        eligible=(Role.LEGAL, Role.SECURITY),
        excludes=(Exclusion.REQUESTER,),
        asked_by=(Role.ENGINEER, Role.SECURITY),
    ),
    DecisionKind.LEAD_TRANSFER: right(
        option("hand_over"),
        option("keep", blocks=True),
        eligible=(Role.INCIDENT_LEAD, Role.EXECUTIVE),
        asked_by=(Role.INCIDENT_LEAD, Role.RESPONDER),
        about={"to": ()},
    ),
    DecisionKind.CLOCK_EXTENSION: right(
        option("extend"),
        option("refuse", blocks=True),
        eligible=(Role.INCIDENT_LEAD, Role.EXECUTIVE),
        excludes=(Exclusion.REQUESTER,),
        asked_by=(Role.LEGAL, Role.RESPONDER),
        about={"decision": (), "hours": ("1", "2", "4")},
    ),
    DecisionKind.EXPIRY: right(
        option("extend"),
        option("keep"),
        option("let_go"),
        eligible=(Role.INCIDENT_LEAD,),
        within=dict.fromkeys(Band, timedelta(hours=4)),
        default="keep",
    ),
}

STAGES = {
    Stage.TRIAGE_CLASSIFY: stage(Role.RESPONDER, "PT40M"),
    Stage.CONTAIN: stage(Role.OPERATIONS, "same business day, at most PT8H"),
    Stage.INVESTIGATE: stage(Role.SECURITY, "2 business days"),
    Stage.CORRECT_REMEDIATE: stage(Role.ENGINEER, "P2D"),
}

DECLARATIONS = {
    Declared.ACKNOWLEDGED: DeclarationRight(by=(Role.BUSINESS_OWNER,)),
    Declared.STEP_ON: DeclarationRight(by=(Role.BUSINESS_OWNER,), about={"step": ()}),
    Declared.STEP_BACK: DeclarationRight(
        by=(Role.BUSINESS_OWNER, Role.INCIDENT_LEAD, Role.OPERATIONS), about={"step": ()}
    ),
    Declared.MERGED: DeclarationRight(by=(Role.INCIDENT_LEAD, Role.RESPONDER), about={"into": ()}),
    Declared.UNMERGED: DeclarationRight(by=(Role.INCIDENT_LEAD, Role.RESPONDER)),
    Declared.SPLIT: DeclarationRight(by=(Role.INCIDENT_LEAD, Role.RESPONDER), about={"detection": ()}),
    Declared.FACTS: DeclarationRight(by=(Role.PRIVACY, Role.SECURITY), further=True),
    Declared.TIMES: DeclarationRight(
        by=(Role.LEGAL,), about={"which": ("occurred", "detected", "reported", "aware"), "at": ()}
    ),
}

SYSTEM = AISystem(
    id="refund_desk",
    name="Refund desk",
    tier=Tier.HIGH,
    owner="p-business_owner",
    fallback=Fallback(owner="p-operations", instructions="Answer by hand."),
    review_standard="two eyes",
    escalation=("p-executive",),
    levers=(
        LeverEntry(verb=Verb.PAUSE_SYSTEM),
        LeverEntry(verb=Verb.DISABLE_TOOL, target="issue_refund"),
    ),
    evidence=EvidencePlaces(recorder=True, versions_url="http://localhost:1/versions"),
    evaluation=Evaluation(command=("true",), suite="suite", timeout_seconds=60),
)

PLAYBOOK = Playbook(
    id="tool_agent",
    title="Tool-using agent",
    owner=Role.SECURITY,
    containment=(
        ContainmentStep(verb=Verb.DISABLE_TOOL, at=(Band.MEDIUM, Band.HIGH, Band.CRITICAL)),
        ContainmentStep(verb=Verb.PAUSE_SYSTEM, at=(Band.HIGH, Band.CRITICAL)),
    ),
    guidance="Answer refunds by hand.",
    probe_within=timedelta(seconds=1),
    watch=WatchPlan(window=dict.fromkeys(Band, timedelta(seconds=2)), every=timedelta(seconds=1)),
)

ROWS = (
    EvidenceRow(id="inputs", kinds=("input",)),
    EvidenceRow(id="versions", kinds=("prompt_version", "model_identity_and_config")),
    EvidenceRow(id="outcome", kinds=("business_outcome",), later=True),
)


COSTLY = PLAYBOOK.model_copy(
    update={
        "containment": (
            PLAYBOOK.containment[0],
            ContainmentStep(verb=Verb.PAUSE_SYSTEM, at=(Band.HIGH, Band.CRITICAL), costly=True),
        )
    }
)
"""The same playbook where pausing the system stops something that earns money."""


@cache
def calendar() -> BusinessCalendar:
    return business_calendar("Europe/Budapest", "HU", "", BusinessHours(), datetime.now(UTC))


def plan_for(
    trusted: dict[str, str],
    *,
    sources: tuple[str, ...] = (),
    playbook: Playbook = PLAYBOOK,
    system: AISystem = SYSTEM,
) -> Plan:
    """Resolve the test policy; `sources` are those the fake ports serve."""
    plan = resolve(
        system,
        playbook,
        RightsPolicy(rights=RIGHTS, wording={}, stages=STAGES, declarations=DECLARATIONS),
        EvidencePolicy(rows=ROWS),
        policy=NOTHING_YET,
        trusted=trusted,
        calendar=calendar(),
    )
    return plan.model_copy(update={"sources": sources})
