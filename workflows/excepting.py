"""The exception to the gate: for some hours and under review only, by an executive's decision."""

from __future__ import annotations

from temporalio import workflow

from andon.domain.containment import Verb
from andon.domain.incident import IncidentState
from andon.domain.playbook import Plan
from andon.domain.release import ReleaseStep, StepKind, Steps

OVER = "exception_over"
"""What a watch is told to have seen when the time of an exception is up."""

UNDER_REVIEW: Steps = (ReleaseStep(kind=StepKind.REVIEW_ALL), ReleaseStep(kind=StepKind.FULL))
"""How it is let go under an exception; the second step is never reached."""


def may_be_excepted(state: IncidentState, plan: Plan) -> bool:
    """Whether there is a shut gate, and a lever that sends every answer to review."""
    shut = state.gate is not None and not state.gate.open
    return shut and any(lever.verb is Verb.ROUTE_TO_REVIEW for lever in plan.levers)


def excepted(state: IncidentState) -> bool:
    """Whether the gate is shut and an exception holds now."""
    shut = state.gate is None or not state.gate.open
    return shut and state.exception is not None and workflow.now() < state.exception.until
