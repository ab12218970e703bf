"""Whether an AI system's file is fit to protect it: what it lacks, and what would be stopped first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.containment import FLAG_SHAPES, Lever, Verb
from andon.domain.cost import Cost
from andon.domain.directory import Directory, Role
from andon.domain.evidence import EvidenceRow
from andon.domain.mode import Mode
from andon.domain.playbook import COVERED, ContainmentStep, Playbook
from andon.domain.resolving import choose_playbook
from andon.domain.severity import Band
from andon.domain.system import AISystem, Tier
from andon.domain.values import Frozen, PersonId, Slug

FLAG = "flag"
WEIGHED: Final = {
    "logging_privacy": "logging against privacy",
    "approval_latency": "approval against latency",
    "containment_continuity": "containment against continuity",
    "autonomy_blast_radius": "autonomy against blast radius",
}
"""The trade-offs of an AI system, by their names in its file."""


class Level(StrEnum):
    """How much a finding matters."""

    PROBLEM = "problem"
    """It must be put right before the system is protected."""
    WARNING = "warning"
    """It will be missed in an incident."""
    GOOD = "good"
    """It was tried, and works."""


class Finding(Frozen):
    """One thing found in a system's file, or tried."""

    level: Level
    field: str
    text: str


class FirstStop(Frozen):
    """What one step of containment does to this system at a severity."""

    step: str
    levers: tuple[str, ...]
    after_decision: bool
    by_hand: Role | None = Field(None, description="there is no lever: a person in this role does it")
    cost: Cost | None = None


def readiness(
    system: AISystem, playbooks: Mapping[Slug, Playbook], adapters: Collection[str]
) -> Iterator[Finding]:
    """Yield what the file itself lacks; a high tier without the four is refused when it is read."""
    for field, there, without in (
        ("fallback", system.fallback, "nobody knows how to work while it is stopped"),
        ("review_standard", system.review_standard, "nobody knows what a review must look at"),
        ("escalation", system.escalation, "nobody is named beyond the owner"),
    ):
        if not there:
            text = f"is missing: {without}; tier high would be refused"
            yield Finding(level=Level.WARNING, field=field, text=text)
    for name in system.trade_offs.lacking():
        yield _warning(f"trade_offs.{name}", f"is missing: nobody has said what was weighed: {WEIGHED[name]}")
    if system.tier is Tier.HIGH and system.on_unreachable is None:
        yield _warning(
            "on_unreachable", "is missing: nobody has said what it does while no door answers; it is denied"
        )
    yield from _levers(system, adapters)
    yield from _acting(system, playbooks)
    if system.playbook is not None and system.playbook not in playbooks:
        known = ", ".join(sorted(playbooks))
        yield _problem("playbook", f"there is no playbook {system.playbook}; there are {known}")
    if system.evaluation is None:
        yield _warning("evaluation", "is missing: without a suite the gate stays shut once it was stopped")
    if system.evidence.versions_url is None:
        yield _warning(
            "evidence.versions_url", "is missing: nobody can tell what was evaluated, so the gate stays shut"
        )


def excuses(system: AISystem, rows: Sequence[EvidenceRow]) -> Iterator[Finding]:
    """Yield whether what the file says does not apply is a row, and which of its sources contradict it."""
    known = {row.id: row for row in rows}
    for name in system.evidence.not_applicable:
        field = f"evidence.not_applicable.{name}"
        if name not in known:
            yield _problem(field, f"there is no such row; there are {', '.join(known)}")
            continue
        for source in system.evidence.sources:
            given = sorted(set(source.supplies) & set(known[name].kinds))
            if given:
                yield _warning(
                    field, f"is said not to apply, and the source {source.id} supplies {', '.join(given)}"
                )


def staffing(system: AISystem, directory: Directory) -> Iterator[Finding]:
    """Yield whether the people whom the file names can be reached and may decide."""
    owner = directory.person(system.owner)
    if owner is None:
        yield _problem("owner", f"{system.owner} is not in the directory")
    else:
        if Role.BUSINESS_OWNER not in owner.roles:
            yield _warning(
                "owner", f"{system.owner} does not hold the role business_owner and can't restart it"
            )
        if not owner.channels:
            yield _warning("owner", f"{system.owner} has no channel and is told nothing")
        elif Role.BUSINESS_OWNER in owner.roles:
            yield Finding(
                level=Level.GOOD, field="owner", text=f"{system.owner} can be reached and may decide"
            )
    level = Level.PROBLEM if system.tier is Tier.HIGH else Level.WARNING
    for field, person in _named(system):
        if directory.person(person) is None:
            yield Finding(level=level, field=field, text=f"{person} is not in the directory")


def stopped_first(
    system: AISystem, playbooks: Mapping[Slug, Playbook], kind: str | None = None
) -> dict[Band, tuple[FirstStop, ...]]:
    """Return, for each severity, the steps in their order and the levers each would hold."""
    playbook = choose_playbook(playbooks, system, kind)
    return {
        band: _in_turn([step for step in playbook.containment if band in step.at], system) for band in Band
    }


def modes(system: AISystem, playbooks: Mapping[Slug, Playbook]) -> dict[Slug, Mode]:
    """Return how far each playbook acts by itself on this system."""
    used = [system.playbook] if system.playbook in playbooks else sorted(playbooks)
    return {name: system.mode or playbooks[name].mode for name in used if name is not None}


def _acting(system: AISystem, playbooks: Mapping[Slug, Playbook]) -> Iterator[Finding]:
    for mode in (Mode.OBSERVE, Mode.WARN):
        named = [name for name, one in modes(system, playbooks).items() if one is mode]
        if named and system.tier is Tier.HIGH:
            text = f"is {mode} for {', '.join(named)}: nothing is stopped there before people have looked"
            yield _warning("mode", text)


def _levers(system: AISystem, adapters: Collection[str]) -> Iterator[Finding]:
    if not system.levers:
        level = Level.PROBLEM if system.tier is Tier.HIGH else Level.WARNING
        yield Finding(level=level, field="levers", text="there is none, so Andon can't stop it")
    for number, entry in enumerate(system.levers):
        field = f"levers.{number}"
        if entry.adapter not in adapters:
            yield _problem(field, f"no adapter {entry.adapter}; there are {', '.join(sorted(adapters))}")
        elif entry.adapter == FLAG and entry.verb not in FLAG_SHAPES:
            known = ", ".join(sorted(FLAG_SHAPES))
            yield _problem(field, f"a flag can't carry out {entry.verb}; it can: {known}")


def _in_turn(steps: Sequence[ContainmentStep], system: AISystem) -> tuple[FirstStop, ...]:
    paused = any(
        step.verb is Verb.PAUSE_SYSTEM and not step.costly and _levers_of(step, system) for step in steps
    )
    return tuple(_first_stop(step, system, paused=paused) for step in steps)


def _levers_of(step: ContainmentStep, system: AISystem) -> list[Lever]:
    return [
        lever
        for lever in system.lever_list()
        if lever.verb is step.verb and (not step.target or lever.target == step.target)
    ]


def _first_stop(step: ContainmentStep, system: AISystem, *, paused: bool) -> FirstStop:
    levers = _levers_of(step, system)
    needless = step.verb is Verb.NOTIFY_ONLY or (paused and step.verb in COVERED)
    return FirstStop(
        step=f"{step.verb}:{step.target}" if step.target else step.verb.value,
        levers=tuple(lever.id for lever in levers),
        after_decision=step.costly,
        by_hand=None if levers or needless else step.assignee,
        cost=next((lever.cost for lever in levers if lever.cost), step.cost),
    )


def _named(system: AISystem) -> Iterator[tuple[str, PersonId]]:
    if system.fallback is not None:
        yield "fallback.owner", system.fallback.owner
    for number, person in enumerate(system.escalation):
        yield f"escalation.{number}", person


def _problem(field: str, text: str) -> Finding:
    return Finding(level=Level.PROBLEM, field=field, text=text)


def _warning(field: str, text: str) -> Finding:
    return Finding(level=Level.WARNING, field=field, text=text)
