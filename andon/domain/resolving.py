"""Choosing the playbook of an incident, and resolving policy into the plan it is pinned to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from andon.domain.business_time import BusinessCalendar
from andon.domain.containment import Lever, Verb
from andon.domain.decision import DecisionKind
from andon.domain.evidence import applying
from andon.domain.fallback import FallbackPlan
from andon.domain.playbook import EvaluationPlan, EvidencePolicy, Plan, Playbook
from andon.domain.release import feasible
from andon.domain.rights import Right, RightsPolicy
from andon.domain.suite import PIN_DIGITS, pin_of
from andon.domain.system import AISystem
from andon.domain.task import TaskRule
from andon.domain.values import Sha256Hex, Slug


def choose_playbook(playbooks: Mapping[Slug, Playbook], system: AISystem, kind: str | None) -> Playbook:
    """Return the playbook for an incident: the system's own, else one for its type, else the general one.

    Raises:
        KeyError: the shipped `general` playbook was taken away.
    """
    if system.playbook is not None and system.playbook in playbooks:
        return playbooks[system.playbook]
    fitting = sorted(
        one.id for one in playbooks.values() if kind is not None and kind in one.applies_to_types
    )
    return playbooks[fitting[0] if fitting else "general"]


def _levers_within_reach(system: AISystem, playbook: Playbook) -> tuple[Lever, ...]:
    """Return the levers that the playbook's steps, or a release in steps, can move; a plan is carried far."""
    verbs = {Verb.PAUSE_SYSTEM, Verb.ROUTE_TO_REVIEW, *(step.verb for step in playbook.containment)}
    return tuple(lever for lever in system.lever_list() if lever.verb in verbs)


def resolve(
    system: AISystem,
    playbook: Playbook,
    rights: RightsPolicy,
    evidence: EvidencePolicy,
    *,
    policy: Sha256Hex,
    trusted: dict[Sha256Hex, str],
    calendar: BusinessCalendar | None = None,
) -> Plan:
    """Resolve policy into the plan one incident is pinned to."""
    return Plan(
        system=system.id,
        owner=system.owner,
        playbook=playbook.id,
        policy=policy,
        levers=_levers_within_reach(system, playbook),
        steps=playbook.containment,
        mode=system.mode or playbook.mode,
        by_hand=True,
        fallback=FallbackPlan(owner=system.fallback.owner if system.fallback else None),
        contact=system.owner,
        rights=_clocked(rights, playbook),
        rows=applying(evidence.rows, playbook.not_applicable, system.evidence.not_applicable),
        sources=_sources_of(system),
        lookback=playbook.lookback,
        probe_within=playbook.probe_within,
        capture_within=playbook.capture_within,
        evidence_within=playbook.evidence_within,
        evaluation=_evaluation_of(system),
        versions=system.evidence.versions_url is not None,
        watch=playbook.watch.model_copy(update={"review": system.watch.review}),
        release=feasible(playbook.release, system.lever_list()),
        release_lacking=_lacking(playbook, system),
        trusted=trusted,
        stages=rights.stages,
        joining=rights.joining,
        declarations=rights.declarations,
        tasks=_tasks_of(rights, system),
        calendar=calendar,
    )


def _lacking(playbook: Playbook, system: AISystem) -> tuple[str, ...]:
    """Return the steps of the release that no lever of the AI system can take."""
    steps = feasible(playbook.release, system.lever_list())
    return tuple(step.code for step in playbook.release if step not in steps)


def _clocked(rights: RightsPolicy, playbook: Playbook) -> dict[DecisionKind, Right]:
    """Return the rights with the times to answer that the playbook gives."""
    return {
        kind: right.model_copy(update={"within": {**right.within, **playbook.clocks.get(kind, {})}})
        for kind, right in rights.rights.items()
    }


def _tasks_of(rights: RightsPolicy, system: AISystem) -> dict[str, TaskRule]:
    """Return the tasks; only an AI system whose file states a share has outputs to sample."""
    return {code: rule for code, rule in rights.tasks.items() if not rule.sampled or system.watch.review}


def _sources_of(system: AISystem) -> tuple[Slug, ...]:
    named = system.evidence
    own = {"recorder": named.recorder, "versions": named.versions_url is not None}
    return (*(name for name, there in own.items() if there), *(one.id for one in named.sources))


def _evaluation_of(system: AISystem) -> EvaluationPlan | None:
    suite = system.evaluation
    if suite is None:
        return None
    within, pin = timedelta(seconds=suite.timeout_seconds), pin_of(suite)[:PIN_DIGITS]
    return EvaluationPlan(suite=suite.suite, timeout=within, pin=pin)
