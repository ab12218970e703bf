"""What a person's report may set in motion before anybody has looked at it.

Anybody in the organisation may report. So that one sentence can't switch off what others depend on,
a report from which the severity policy reads no harm has what the AI system produces read by people,
and nothing more. Whoever says what harm was done, or pulls the cord, gets the playbook's steps.
"""

from __future__ import annotations

from typing import Final

from andon.domain.containment import Verb
from andon.domain.detection import Channel
from andon.domain.playbook import ContainmentStep, Plan
from andon.domain.severity import Assessment, Band, SeverityPolicy

ALLOWED: Final = Verb.ROUTE_TO_REVIEW
"""The one step that stops nothing: each output is read by a person before it takes effect."""


def asserts_harm(policy: SeverityPolicy, assessment: Assessment) -> bool:
    """Whether what was reported says that harm was done, and not only that nobody knows.

    A threshold test that rests on the rules about the unknown alone says nothing of harm. A severity
    of high and above that the sender asserts does: they put their name to it.
    """
    unknown = set(policy.unknowns.provisional_rules)
    stated = {test.name for test in policy.threshold_tests if test.when or not unknown.issuperset(test.rules)}
    insisted = assessment.asserted is not None and assessment.asserted.floor >= Band.HIGH
    return insisted or not stated.isdisjoint(assessment.threshold_tests)


def within_a_reports_reach(
    plan: Plan, channel: Channel, policy: SeverityPolicy, assessment: Assessment
) -> Plan:
    """Return the plan of an incident that a report opens: whole, or cautious if it asserts no harm.

    Up to the severity it opens with, a cautious plan holds `ALLOWED` and no other step. The steps of
    graver severities stay: they are ordered as soon as somebody has found that it is so grave.
    """
    if channel is not Channel.USER_REPORT or asserts_harm(policy, assessment):
        return plan
    here = tuple(band for band in Band if band <= assessment.severity)
    review = ContainmentStep(verb=ALLOWED, at=here)
    later = (_after(step, assessment.severity) for step in plan.steps)
    return plan.model_copy(update={"steps": (review, *(step for step in later if step.at))})


def _after(step: ContainmentStep, band: Band) -> ContainmentStep:
    return step.model_copy(update={"at": tuple(one for one in step.at if one > band)})
