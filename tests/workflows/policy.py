"""The policy these tests are pinned to: small, and independent of the shipped files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from andon.domain.containment import Verb
from andon.domain.decision import DecisionKind, Exclusion, Rung
from andon.domain.directory import Role
from andon.domain.evidence import EvidenceRow
from andon.domain.playbook import ContainmentStep, EvidencePolicy, Plan, Playbook, WatchPlan, resolve
from andon.domain.rights import OptionRight, Right, RightsPolicy
from andon.domain.severity import Band
from andon.domain.system import AISystem, Evaluation, EvidencePlaces, Fallback, LeverEntry, Tier
from andon.domain.values import NOTHING_YET

HALF_HOUR = timedelta(minutes=30)
TWO_PEOPLE = ((), ())
OWNER_LEGAL_SECURITY = ((Role.BUSINESS_OWNER,), (Role.LEGAL,), (Role.SECURITY,))


def right(*options: OptionRight, eligible: tuple[Role, ...], **more: Any) -> Right:
    return Right(options=options, eligible=eligible, **more)


def option(name: str, **more: Any) -> OptionRight:
    return OptionRight(id=name, **more)


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
        within={Band.HIGH: timedelta(hours=1)},
        ladder=(Rung(after=timedelta(0), role=Role.EXECUTIVE),),
        default="hold_disclosure",
    ),
    DecisionKind.IMPACT: right(
        option("isolated"), option("unknown"), eligible=(Role.BUSINESS_OWNER, Role.OPERATIONS)
    ),
    DecisionKind.CUSTOMER_NOTIFICATION: right(
        option("notify", needs=((Role.LEGAL,), (Role.BUSINESS_OWNER,))),
        option("do_not_notify", blocks=True),
        eligible=(Role.LEGAL, Role.BUSINESS_OWNER),
        within={Band.HIGH: timedelta(hours=4)},
        default="do_not_notify",
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


def plan_for(trusted: dict[str, str], *, sources: tuple[str, ...] = ()) -> Plan:
    """Resolve the test policy; `sources` are those the fake ports serve."""
    plan = resolve(
        SYSTEM,
        PLAYBOOK,
        RightsPolicy(rights=RIGHTS, wording={}),
        EvidencePolicy(rows=ROWS),
        policy=NOTHING_YET,
        trusted=trusted,
    )
    return plan.model_copy(update={"sources": sources})
