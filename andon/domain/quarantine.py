"""Quarantine of single sessions: which levers an incident gets for the sessions its detection names.

A system's file declares one lever `quarantine_session` without a target. An incident gets one lever for each
session instead, named by a keyed digest.
"""

from __future__ import annotations

from collections.abc import Sequence

from andon.domain.containment import FLAG_SHAPES, Lever, Verb, flag_key
from andon.domain.playbook import Plan
from andon.domain.sessions import SESSIONS_AT_MOST


def quarantining(plan: Plan, digests: Sequence[str]) -> Plan:
    """Return the plan with a lever for each session; without any named, nothing is to be quarantined."""
    verb = Verb.QUARANTINE_SESSION
    if not digests:
        levers = tuple(lever for lever in plan.levers if lever.verb is not verb or lever.target)
        steps = tuple(step for step in plan.steps if step.verb is not verb)
        if (levers, steps) == (plan.levers, plan.steps):
            return plan
        return plan.model_copy(update={"levers": levers, "steps": steps})
    found: list[Lever] = []
    for lever in plan.levers:
        if lever.verb is not verb or lever.target:
            found.append(lever)
            continue
        found += [_for_one(lever, digest) for digest in dict.fromkeys(digests[:SESSIONS_AT_MOST])]
    return plan.model_copy(update={"levers": tuple(found)})


def _for_one(lever: Lever, digest: str) -> Lever:
    by_flag = lever.adapter == "flag" and lever.verb in FLAG_SHAPES
    name = flag_key(lever.system, lever.verb, digest) if by_flag else f"{lever.id}.{digest}"
    return lever.model_copy(update={"id": name, "target": digest})
