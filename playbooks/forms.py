"""The forms of the policy files, and what must hold within each.

Decision rights are written with their wording, since whoever changes an option must change what
people are told of it; the two part ways here, because wording never enters Temporal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final, Self

from pydantic import Field, model_validator

from andon.domain.business_time import BusinessHours
from andon.domain.conditions import Facts
from andon.domain.decision import DecisionKind
from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.detection import Flagged, IncidentType, Tag
from andon.domain.directory import APPROVING_ROLES, Role
from andon.domain.escalation import FOLLOW_UPS
from andon.domain.evidence import EvidenceRow
from andon.domain.playbook import EvidencePolicy
from andon.domain.rights import Joining, OptionRight, Right, RightsPolicy, StageRight, Wording
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.task import Shown, TaskRule, TaskWording
from andon.domain.values import Frozen

ACTED_ON: Final[dict[DecisionKind, tuple[str, ...]]] = {
    DecisionKind.TRIAGE: ("confirm", "false_positive", "quality_issue"),
    DecisionKind.LEGAL_REVIEW: ("hold_disclosure", "disclosure_needed"),
    DecisionKind.IMPACT: ("unknown",),
    DecisionKind.CUSTOMER_NOTIFICATION: ("notify", "do_not_notify"),
    DecisionKind.DIAGNOSIS: ("unknown",),
    DecisionKind.REMEDIATION: ("fix_deployed", "not_restarting"),
    DecisionKind.RESTART: ("restart", "keep_stopped"),
    DecisionKind.LESSONS: ("lessons_recorded", "no_change"),
    DecisionKind.PUBLIC_STATEMENT: ("publish", "do_not_publish"),
    DecisionKind.EXTERNAL_COUNSEL: ("retain", "do_not_retain"),
    DecisionKind.NOTIFY_REGULATOR: ("notify", "do_not_notify"),
    DecisionKind.SHUTDOWN_REVENUE_FEATURE: ("shut_down", "keep_running"),
    DecisionKind.RATIFICATION: ("uphold", "swap"),
    DecisionKind.EXECUTIVE_OVERRIDE: ("lift", "refuse"),
    DecisionKind.GATE_EXCEPTION: ("grant", "refuse"),
    DecisionKind.THRESHOLD_CHANGE: ("accept", "refuse"),
    DecisionKind.NO_CHANGE_CLOSURE: ("approve", "refuse"),
    DecisionKind.SEVERITY_DOWNGRADE: ("lower", "keep"),
    DecisionKind.RAW_EVIDENCE: ("release", "refuse"),
    DecisionKind.LEAD_TRANSFER: ("hand_over", "keep"),
    DecisionKind.CLOCK_EXTENSION: ("extend", "refuse"),
    DecisionKind.EXPIRY: ("extend", "keep", "let_go"),
}
"""Options that the incident workflow acts on; a policy without one would leave incidents stuck."""

TASK_CODE: Final = re.compile(r"^[a-z][a-z0-9_]{0,47}$")

LETS_GO: Final = {
    DecisionKind.TRIAGE: ("false_positive", "quality_issue"),
    DecisionKind.CUSTOMER_NOTIFICATION: ("notify",),
    DecisionKind.REMEDIATION: ("fix_deployed", "not_restarting"),
    DecisionKind.RESTART: ("restart",),
    DecisionKind.PUBLIC_STATEMENT: ("publish",),
    DecisionKind.EXTERNAL_COUNSEL: ("retain",),
    DecisionKind.NOTIFY_REGULATOR: ("notify",),
    DecisionKind.SHUTDOWN_REVENUE_FEATURE: ("shut_down",),
    DecisionKind.RATIFICATION: ("swap",),
    DecisionKind.EXECUTIVE_OVERRIDE: ("lift",),
    DecisionKind.GATE_EXCEPTION: ("grant",),
    DecisionKind.THRESHOLD_CHANGE: ("accept",),
    DecisionKind.NO_CHANGE_CLOSURE: ("approve",),
    DecisionKind.SEVERITY_DOWNGRADE: ("lower",),
    DecisionKind.RAW_EVIDENCE: ("release",),
    DecisionKind.LEAD_TRANSFER: ("hand_over",),
    DecisionKind.CLOCK_EXTENSION: ("extend",),
    DecisionKind.EXPIRY: ("extend", "let_go"),
}
"""Options that silence may never choose: they end or release something, or tell somebody outside."""


class OptionEntry(OptionRight):
    """One possible answer, with what choosing it does."""

    does: str = Field(min_length=1, max_length=300)


class DecisionEntry(Right):
    """Who decides one kind of question, by when, what holds if nobody does, and how it is put."""

    title: str = Field(min_length=1, max_length=80)
    question: str = Field(min_length=1, max_length=400)
    options: tuple[OptionEntry, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        ids = [option.id for option in self.options]
        for doubled in _doubled(ids):
            yield f"options: {doubled} stands twice: keep one"
        if self.default is not None and self.default not in ids:
            yield f"default: {self.default} is not an option; use one of {', '.join(ids)}"
        yield from self._role_problems()
        yield from self._clock_problems()

    def _role_problems(self) -> Iterator[str]:
        if not self.eligible:
            yield "eligible: names nobody: name at least one role"
        for role in (*self.eligible, *(rung.role for rung in self.ladder)):
            if role not in APPROVING_ROLES:
                yield f"{role} may not decide anything: name another role"
        for option in self.options:
            for role in sorted(_roles(option) - set(self.eligible)):
                yield f"options: {option.id} needs {role}, who is not eligible: add it to eligible"

    def _clock_problems(self) -> Iterator[str]:
        rungs = [rung.after for rung in self.ladder]
        if rungs != sorted(rungs):
            yield "ladder: rungs must stand in the order in which they are reached"
        last = max([*rungs, self.default_after if self.default else timedelta(0)], default=timedelta(0))
        for band, within in self.within.items():
            longest = within.elapsed or within.at_most
            if self.expires_after is not None and longest and longest + last >= self.expires_after:
                yield f"expires_after: the question expires before its clock at {band} has run out"

    def right(self) -> Right:
        """The right alone, as a plan carries it."""
        options = tuple(OptionRight(**option.model_dump(exclude={"does"})) for option in self.options)
        fields = self.model_dump(exclude={"title", "question", "options"})
        return Right(**fields, options=options)

    def wording(self) -> Wording:
        """The wording alone, as people are shown it."""
        options = {option.id: option.does for option in self.options}
        return Wording(title=self.title, question=self.question, options=options)


class TaskEntry(TaskRule):
    """One task of a function in a stage, or after an escalation question, and how it is put."""

    title: str = Field(min_length=1, max_length=80)
    ask: str = Field(min_length=1, max_length=300)
    shows: tuple[Shown, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.role not in APPROVING_ROLES:
            raise ValueError(f"role: {self.role} does no work in an incident: name another role")
        if self.follows and self.follows not in FOLLOW_UPS:
            known = ", ".join(sorted(FOLLOW_UPS))
            raise ValueError(f"follows: {self.follows} is no follow-up; use one of {known}")
        if self.by_hand is not None and (self.follows or self.closes_with or self.at or self.within):
            raise ValueError("by_hand: comes with its order: leave out at, follows, within and closes_with")
        return self

    def rule(self) -> TaskRule:
        """The task alone, as a plan carries it."""
        return TaskRule(**{name: getattr(self, name) for name in TaskRule.model_fields})

    def wording(self) -> TaskWording:
        """The wording alone, as people are shown it."""
        return TaskWording(title=self.title, ask=self.ask, shows=self.shows)


class RightsFile(Frozen):
    """`rights.yaml`."""

    decisions: dict[DecisionKind, DecisionEntry]
    stages: dict[Stage, StageRight]
    joining: Joining = Joining()
    declarations: dict[Declared, DeclarationRight] = Field(default_factory=dict)
    tasks: dict[str, TaskEntry] = Field(default_factory=dict)
    business_hours: BusinessHours = BusinessHours()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for kind in DecisionKind:
            if kind not in self.decisions:
                raise ValueError(f"decisions.{kind}: is missing: add it")
            entry = self.decisions[kind]
            ids = [option.id for option in entry.options]
            for needed in ACTED_ON[kind]:
                if needed not in ids:
                    raise ValueError(f"decisions.{kind}.options: {needed} is missing: Andon acts on it")
            if entry.default in LETS_GO.get(kind, ()):
                raise ValueError(
                    f"decisions.{kind}.default: {entry.default} may not come about by silence: "
                    "choose an option that changes nothing"
                )
        return self

    @model_validator(mode="after")
    def _tasks_can_be_closed(self) -> Self:
        for code in self.tasks:
            if not TASK_CODE.match(code):
                raise ValueError(f"tasks.{code}: a code is small letters, digits and _, at most 48")
        closing = self.declarations.get(Declared.TASK)
        if self.tasks and (closing is None or set(closing.about) != {"task", "state"}):
            raise ValueError("declarations.task: is missing, or lacks about.task and about.state")
        for code, entry in self.tasks.items():
            if closing is not None and entry.role not in closing.by:
                raise ValueError(
                    f"tasks.{code}.role: {entry.role} may not close it: add it to declarations.task.by"
                )
        return self

    @model_validator(mode="after")
    def _has_owners_and_knows_types(self) -> Self:
        for stage in Stage:
            if stage is not Stage.CLOSED and stage not in self.stages:
                raise ValueError(f"stages.{stage}: is missing: every stage has an owner")
        known = [one.value for one in IncidentType]
        for named in self.joining.types:
            if named not in known:
                raise ValueError(f"joining.types.{named}: no such type; use one of {', '.join(known)}")
        tags = [one.value for one in Tag]
        for named in self.joining.tags:
            if named not in tags:
                raise ValueError(f"joining.tags.{named}: no such tag; use one of {', '.join(tags)}")
        return self

    def policy(self) -> RightsPolicy:
        """Return the file as the domain knows it."""
        return RightsPolicy(
            rights={kind: entry.right() for kind, entry in self.decisions.items()},
            wording={kind: entry.wording() for kind, entry in self.decisions.items()},
            stages=self.stages,
            joining=self.joining,
            declarations=self.declarations,
            tasks={code: entry.rule() for code, entry in self.tasks.items()},
            task_wording={code: entry.wording() for code, entry in self.tasks.items()},
            business_hours=self.business_hours,
        )


class EvidenceFile(Frozen):
    """`evidence.yaml`."""

    rows: tuple[EvidenceRow, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _refuse_doubles(self) -> Self:
        for doubled in _doubled(row.id for row in self.rows):
            raise ValueError(f"rows: {doubled} stands twice: keep one")
        for doubled in _doubled(kind for row in self.rows for kind in row.kinds):
            raise ValueError(f"rows: kind {doubled} stands in more than one row: keep it in one")
        return self

    def policy(self) -> EvidencePolicy:
        """Return the file as the domain knows it."""
        return EvidencePolicy(rows=self.rows)


class Prefill(Frozen):
    """Facts that a trigger or a flag stands for, used where the report says nothing else."""

    meaning: str = Field(min_length=1, max_length=200)
    facts: Facts = Field(min_length=1)
    source: str = Field("", max_length=200, description="where the entry comes from")
    same_as: str | None = Field(None, max_length=64, description="an entry that says nearly the same")
    external: tuple[str, ...] = Field((), max_length=10, description="`taxonomy:id` it is known by elsewhere")


class TriggersFile(Frozen):
    """`triggers.yaml`."""

    triggers: dict[str, Prefill]
    flags: dict[Flagged, Prefill]

    @model_validator(mode="after")
    def _has_every_flag(self) -> Self:
        for flag in Flagged:
            if flag not in self.flags:
                raise ValueError(f"flags.{flag}: is missing: people can choose it, so give it facts")
        for name, one in self.triggers.items():
            if one.same_as is not None and (one.same_as not in self.triggers or one.same_as == name):
                raise ValueError(f"triggers.{name}.same_as: {one.same_as} is no other trigger here")
        return self


def missing_bands(table: Iterable[Band]) -> list[Band]:
    """Return the severities that a table by severity leaves out."""
    there = set(table)
    return [band for band in Band if band not in there]


def _roles(option: OptionRight) -> set[Role]:
    needs = (option.needs, *option.needs_at.values())
    return {role for slots in needs for slot in slots for role in slot}


def _doubled(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
