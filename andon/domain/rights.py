"""Decision rights: who decides what, by when, and what holds if nobody does. Data, never code."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from pydantic import Field, field_validator, model_validator

from andon.domain.business_time import BusinessCalendar, BusinessHours, Term, due_at, reminder_at
from andon.domain.decision import (
    Binding,
    DecisionKind,
    DecisionRequest,
    Exclusion,
    Exhibit,
    Option,
    Rung,
    Unopened,
)
from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import Role
from andon.domain.finding import Sort, sort_of
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.task import TaskRule, TaskWording
from andon.domain.values import Carried, Frozen, IncidentId, Instant, PersonId, Sha256Hex, Spare

Needs = tuple[tuple[Role, ...], ...]
ANYBODY_ELIGIBLE: Final[Needs] = ((),)
NO_BINDING: Final = Binding()


class OptionRight(Spare):
    """One possible answer, and how many people it takes at each severity."""

    id: str = Field(pattern=r"^[a-z0-9_]{1,64}$")
    blocks: bool = False
    needs: Needs = ANYBODY_ELIGIBLE
    needs_at: dict[Band, Needs] = Field(default_factory=dict, description="overrides `needs` at a severity")
    wants: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="findings an answer must come with, and which of their values do"
    )
    wants_at: dict[Band, dict[str, tuple[str, ...]]] = Field(
        default_factory=dict, description="overrides `wants` at a severity"
    )

    def at(self, band: Band) -> Option:
        """Return the option as it stands at one severity."""
        needs = self.needs_at.get(band, self.needs)
        return Option(id=self.id, blocks=self.blocks, needs=needs, wants=self.wants_at.get(band, self.wants))


class Right(Spare):
    """Who decides one kind of question, by when, and what holds if nobody does."""

    within: dict[Band, Term] = Field(
        default_factory=dict, description="time to answer; a severity left out has no deadline"
    )
    eligible: tuple[Role, ...]
    options: tuple[OptionRight, ...] = Field(min_length=2)
    ladder: tuple[Rung, ...] = ()
    delegates_after: timedelta | None = Field(
        None, description="silence after which delegates may answer for holders who are not away"
    )
    default: str | None = None
    default_after: timedelta = Field(timedelta(minutes=30), description="from the deadline")
    expires_after: timedelta | None = None
    excludes: tuple[Exclusion, ...] = ()
    excludes_at: dict[Band, tuple[Exclusion, ...]] = Field(
        default_factory=dict, description="overrides `excludes` at a severity"
    )
    opens: tuple[Exhibit, ...] = ()
    unopened: Unopened = "record"
    personal_at: tuple[Band, ...] = Field(
        (), description="severities at which an answer must be signed with the person's own key"
    )
    asked_by: tuple[Role, ...] = Field((), description="roles that may ask for it; empty: only Andon asks")
    about: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="codes whoever asks must give; no list of values: any code"
    )
    findings: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="the values each takes, or the one kind of value it is"
    )
    wants: tuple[str, ...] = Field((), description="findings that every answer must come with")

    @field_validator("findings", mode="before", json_schema_input_type=dict[str, tuple[str, ...] | Sort])
    @classmethod
    def _mark_kinds(cls, findings: Any) -> Any:
        """Take the name of a kind of value where a list of codes stands otherwise."""
        if not isinstance(findings, dict):
            return findings
        return {name: _values(name, values) for name, values in findings.items()}

    def findings_about(self, cause: str) -> dict[str, tuple[str, ...]]:
        """Return the findings as a question carries them, once this cause was diagnosed."""
        return {
            name: (cause,) if sort_of(values) is Sort.CAUSE else values
            for name, values in self.findings.items()
        }

    def options_at(self, band: Band) -> tuple[Option, ...]:
        """Return the options as they stand at one severity."""
        always: dict[str, tuple[str, ...]] = dict.fromkeys(self.wants, ())
        options = (option.at(band) for option in self.options)
        return tuple(one.model_copy(update={"wants": always | one.wants}) for one in options)

    @model_validator(mode="after")
    def _refuse_wanting_what_nobody_can_say(self) -> Right:
        named: dict[str, tuple[str, ...]] = dict.fromkeys(self.wants, ())
        by_severity = (wants for option in self.options for wants in option.wants_at.values())
        for wanted in (named, *(option.wants for option in self.options), *by_severity):
            for name, values in wanted.items():
                if name not in self.findings or not set(values) <= set(self.findings[name]):
                    raise ValueError(f"wants: {name} is none of the findings, or has no such value")
        return self

    def asked_at(self, band: Band) -> bool:
        """Whether a severity has a clock for this kind: some questions are put at some severities only."""
        return band in self.within


def _values(name: str, values: Any) -> Any:
    """Return a list as a tuple, since strict reading takes none past this point, and a kind as its mark."""
    if isinstance(values, list):
        return tuple(values)
    if not isinstance(values, str):
        return values
    if values not in list(Sort):
        raise ValueError(f"{name}: {values} is no kind of finding; use one of {', '.join(Sort)}")
    return (Sort(values).mark,)


class Asking(Carried):
    """What a question is about, beyond its kind."""

    band: Band
    fixers: tuple[PersonId, ...] = ()
    binding: Binding = NO_BINDING
    requested_by: PersonId | None = None
    also: tuple[Role, ...] = Field((), description="roles that are asked besides those of the right")
    about: dict[str, str] = Field(default_factory=dict)
    subject: Sha256Hex | None = None
    subject_text: str = ""
    deadline: Instant | None = Field(None, description="instead of the one the right gives")
    lifted: tuple[Exclusion, ...] = Field((), description="exclusions an executive has lifted")
    cause: str = Field("unknown", description="the cause that was diagnosed")


class StageRight(Spare):
    """Who owns a stage of the loop, and how long it may take."""

    owner: Role
    within: dict[Band, Term] = Field(default_factory=dict)


class Joining(Spare):
    """Who joins an incident by itself: by how severe it is, what kind of failure was seen, and its tags."""

    at: dict[Band, tuple[Role, ...]] = Field(default_factory=dict)
    types: dict[str, tuple[Role, ...]] = Field(default_factory=dict)
    tags: dict[str, tuple[Role, ...]] = Field(default_factory=dict)

    def roles(self, band: Band, kind: str | None, tags: Iterable[str] = ()) -> tuple[Role, ...]:
        """Return the roles that belong to an incident of this severity, kind and tags."""
        by_tag = (role for tag in tags for role in self.tags.get(tag, ()))
        return tuple(dict.fromkeys((*self.at.get(band, ()), *self.types.get(kind or "", ()), *by_tag)))

    def why(self, role: Role, band: Band, kind: str | None, tags: Iterable[str]) -> tuple[str, ...]:
        """Return what brings a role in, as `severity:high`, `type:privacy_event` or `tag:privacy`.

        An incident keeps who joined it at a lower severity, so all bands up to `band` count.
        """
        reached = [one for one in Band if one <= band and role in self.at.get(one, ())]
        return (
            *(f"severity:{one.value}" for one in reached[-1:]),
            *((f"type:{kind}",) if kind and role in self.types.get(kind, ()) else ()),
            *(f"tag:{tag}" for tag in tags if role in self.tags.get(tag, ())),
        )


class Wording(Frozen):
    """What people are shown for one kind of question. Never enters Temporal."""

    title: str = Field(max_length=80)
    question: str = Field(max_length=400)
    options: dict[str, str] = Field(description="option id -> what choosing it does")


class RightsPolicy(Frozen):
    """The organisation's decision rights, one per kind of question, and who owns each stage."""

    rights: dict[DecisionKind, Right]
    wording: dict[DecisionKind, Wording]
    stages: dict[Stage, StageRight] = Field(default_factory=dict)
    joining: Joining = Joining()
    declarations: dict[Declared, DeclarationRight] = Field(default_factory=dict)
    tasks: dict[str, TaskRule] = Field(default_factory=dict)
    task_wording: dict[str, TaskWording] = Field(default_factory=dict)
    business_hours: BusinessHours = BusinessHours()


def put(
    right: Right,
    kind: DecisionKind,
    number: int,
    asking: Asking,
    *,
    incident: IncidentId,
    at: Instant,
    calendar: BusinessCalendar | None,
    policy: Sha256Hex,
) -> DecisionRequest:
    """Put a question of this kind, with its clock running from `at`."""
    term = right.within.get(asking.band)
    deadline = asking.deadline or (due_at(term, at, calendar) if term is not None else None)
    return DecisionRequest(
        id=f"{kind}-{number}",
        incident=incident,
        kind=kind,
        opened_at=at,
        deadline=deadline,
        expires_at=at + right.expires_after if right.expires_after else None,
        eligible=tuple(dict.fromkeys((*asking.also, *right.eligible))),
        ladder=right.ladder,
        options=right.options_at(asking.band),
        default=right.default,
        default_at=deadline + right.default_after if deadline is not None and right.default else None,
        remind_at=reminder_at(at, deadline) if deadline is not None else None,
        delegates_from=at + right.delegates_after if right.delegates_after is not None else None,
        excluded=_excluded(right, asking),
        requested_by=asking.requested_by,
        about=asking.about,
        subject=asking.subject,
        subject_text=asking.subject_text,
        opens=right.opens,
        unopened=right.unopened,
        signing="personal" if asking.band in right.personal_at else "attested",
        findings=right.findings_about(asking.cause),
        binding=asking.binding,
        policy=policy,
    )


def _excluded(right: Right, asking: Asking) -> tuple[PersonId, ...]:
    """Return the people whose answer does not count: it is their own work, or their own request."""
    people = {
        Exclusion.FIXER: asking.fixers,
        Exclusion.REQUESTER: (asking.requested_by,) if asking.requested_by else (),
    }
    return tuple(
        person
        for one in right.excludes_at.get(asking.band, right.excludes)
        if one not in asking.lifted
        for person in people[one]
    )
