"""Quarantine of single sessions: which levers an incident gets for the sessions its detections name.

A system's file declares one lever `quarantine_session` without a target. An incident gets one lever for each
session instead, named by a keyed digest. The lever without a target stays in the plan as a pattern, for
sessions that later detections name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from andon.domain.containment import FLAG_SHAPES, Lever, Verb, flag_key
from andon.domain.playbook import Plan, Quarantine
from andon.domain.sessions import SESSIONS_AT_MOST

_VERB = Verb.QUARANTINE_SESSION


def quarantining(plan: Plan, digests: Sequence[str]) -> Plan:
    """Return the plan with a lever for each session; without any named, nothing is to be quarantined."""
    patterns = tuple(lever for lever in plan.levers if lever.verb is _VERB and not lever.target)
    steps = tuple(step for step in plan.steps if step.verb is _VERB)
    if not patterns and not steps:
        return plan
    kept = Quarantine(levers=patterns, steps=steps) if patterns and steps else None
    named = plan.model_copy(
        update={
            "quarantine": kept,
            "levers": tuple(lever for lever in plan.levers if lever not in patterns),
            "steps": plan.steps if digests else tuple(step for step in plan.steps if step.verb is not _VERB),
        }
    )
    return _with_levers(named, patterns, digests)


def quarantining_also(plan: Plan, digests: Sequence[str]) -> Plan:
    """Return an incident's plan with a lever for each further session, as its playbook has it."""
    if plan.quarantine is None or not digests:
        return plan
    steps = tuple(step for step in plan.quarantine.steps if step not in plan.steps)
    further = plan.model_copy(update={"steps": (*plan.steps, *steps)})
    return _with_levers(further, plan.quarantine.levers, digests)


def for_sessions(plan: Plan, digests: Sequence[str]) -> Plan:
    """Return what an incident's plan has for these sessions, and nothing else."""
    found = plan.quarantine or Quarantine(levers=(), steps=())
    alone = plan.model_copy(update={"levers": (), "steps": found.steps})
    return _with_levers(alone, found.levers, digests)


def _with_levers(plan: Plan, patterns: Sequence[Lever], digests: Sequence[str]) -> Plan:
    there = {lever.id for lever in plan.levers}
    fresh = {lever.id: lever for lever in _for_each(patterns, digests) if lever.id not in there}
    return plan.model_copy(update={"levers": (*plan.levers, *fresh.values())}) if fresh else plan


def _for_each(patterns: Sequence[Lever], digests: Sequence[str]) -> Iterator[Lever]:
    for lever in patterns:
        for digest in digests[:SESSIONS_AT_MOST]:
            yield _for_one(lever, digest)


def _for_one(lever: Lever, digest: str) -> Lever:
    by_flag = lever.adapter == "flag" and lever.verb in FLAG_SHAPES
    name = flag_key(lever.system, lever.verb, digest) if by_flag else f"{lever.id}.{digest}"
    return lever.model_copy(update={"id": name, "target": digest})
