"""AI systems under protection: owner, tier, levers, evidence sources, eval suite."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, HttpUrl, StringConstraints, model_validator

from andon.domain.confinement import Limits
from andon.domain.containment import FLAG_SHAPES, Lever, Verb, flag_key, session_flag
from andon.domain.cost import Cost
from andon.domain.errors import InvalidInputError
from andon.domain.mode import Mode
from andon.domain.proof import Ground
from andon.domain.staging import Staging, mistaken
from andon.domain.suite import SuiteRules
from andon.domain.values import Frozen, PersonId, Slug
from andon.domain.watch import NOTHING_STATED, WatchFile

FieldPattern = Annotated[str, StringConstraints(pattern=r"^[^\s]{1,128}$")]
"""Name of a field of evidence, with `*` for anything; of nested fields the path with dots."""


class Tier(StrEnum):
    """How much an AI system can do to people, money or data."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class LeverEntry(Frozen):
    """One lever as the system's file declares it."""

    verb: Verb
    target: str = Field("", pattern=r"^[a-z0-9_]{0,64}$", description="tool, route or source")
    adapter: Slug = "flag"
    normal: int | None = Field(None, ge=0, description="for rate_limit: requests a minute when nothing holds")
    options: dict[str, str] = Field(
        default_factory=dict,
        max_length=16,
        description="where the adapter finds it, by the adapter's own names; secrets are named, never given",
    )
    cost: Cost | None = Field(None, description="what holding it is expected to cost the business")
    proofs: tuple[Ground, ...] = Field(
        (), description="looks that must find the effect besides the lever's own"
    )


class Unreachable(Frozen):
    """What an application does while no door answers, if its OpenFeature provider can: Andon's own does."""

    then: Literal["deny", "last_known"] = Field(
        "deny", description="`last_known`: go on by the last answer for a while; then deny"
    )
    seconds: int = Field(0, ge=0, le=3600, description="for `last_known`: how old that answer may be")

    @model_validator(mode="after")
    def _refuse_what_says_nothing(self) -> Unreachable:
        if (self.then == "last_known") != (self.seconds > 0):
            raise ValueError("on_unreachable: `last_known` needs `seconds`, and `deny` has none")
        return self


class Fallback(Frozen):
    """What people do by hand while the AI system is stopped."""

    owner: PersonId
    instructions: str = Field(max_length=2000)


class Evaluation(SuiteRules):
    """The eval suite that gates a restart, run as a process of its own."""

    kind: Slug = Field("command", description="form of its result, and how it is run")
    command: tuple[str, ...] = Field(
        (),
        description="argument list, no shell; `{python}`, `{out}`, `{logs}`, `{cases}`, `{runs}` are filled",
    )
    options: dict[str, str] = Field(
        default_factory=dict, max_length=16, description="what the kind needs; secrets are named, never given"
    )
    directory: str = Field("", description="working folder; empty: the folder of the system's file")
    suite: str = Field(description="name of the suite in reports")
    timeout_seconds: int = Field(300, ge=1, le=6 * 3600)
    limits: Limits = Field(default_factory=lambda: Limits.model_validate({}))

    @model_validator(mode="after")
    def _refuse_a_command_that_is_none(self) -> Evaluation:
        if self.kind == "command" and not self.command:
            raise ValueError("command: is missing: say how the suite is run")
        return self


BUILT_IN_SOURCES: Final = frozenset({"recorder", "versions", "uploads"})
"""Sources that need no entry of their own."""


class SourceEntry(Frozen):
    """One further place where evidence can be had, as the system's file names it."""

    id: Slug
    kind: Slug
    supplies: tuple[Slug, ...] = Field(min_length=1, description="kinds of evidence it gives")
    options: dict[str, str] = Field(
        default_factory=dict,
        max_length=16,
        description="where it is and what is asked, by the kind's own names; secrets are named, never given",
    )
    look_back_minutes: int | None = Field(
        None, ge=1, le=366 * 24 * 60, description="window before the detection, instead of the playbook's"
    )
    keeps_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="how long it keeps what it holds; a window that began before lacks some",
    )
    within_seconds: int = Field(60, ge=1, le=600, description="longest time it may take")
    most_bytes: int = Field(64 * 1024 * 1024, ge=1, le=8 * 1024**3, description="most that is kept of it")
    most_items: int = Field(1000, ge=1, le=100_000, description="most items that are kept of it")


class RecordRule(Frozen):
    """Where a tool's call names the record that it changes."""

    tool: str = Field(min_length=1, max_length=128, description="the tool's name, as spans have it")
    argument: str = Field(min_length=1, max_length=128, description="its argument that is the record's id")
    system: Slug = Field(description="the system of record")
    field: str = Field("", max_length=128, description="what of the record it changes")
    after: str = Field("", max_length=128, description="its argument that is the new value")


class Counting(Frozen):
    """How spans tell whom and what this AI system reached."""

    user: str = Field(
        "", max_length=128, description="attribute that tells users apart; empty: user.id, enduser.id"
    )
    segment: str = Field(
        "", max_length=128, description="attribute that tells groups of users or cases apart"
    )
    records: tuple[RecordRule, ...] = Field((), max_length=64)


class EvidencePlaces(Frozen):
    """Where evidence about this AI system can be had."""

    recorder: bool = Field(True, description="spans in the flight recorder, under service.name = system id")
    versions_url: HttpUrl | None = Field(None, description="endpoint that says which versions run")
    sources: tuple[SourceEntry, ...] = Field((), max_length=32, description="further places, each of a kind")
    not_applicable: dict[Slug, Slug] = Field(
        default_factory=dict,
        description="rows of the evidence list that do not apply here, and why, as a code",
    )
    counting: Counting = Counting(user="", segment="")
    keep: dict[Slug, tuple[FieldPattern, ...]] = Field(
        default_factory=dict,
        max_length=32,
        description="by source: fields that are kept, `*` for anything; the rest is left out and counted",
    )

    @model_validator(mode="after")
    def _refuse_names_that_are_taken(self) -> EvidencePlaces:
        named = [one.id for one in self.sources]
        for name in named:
            if name in BUILT_IN_SOURCES:
                raise ValueError(f"sources: {name} is built in: give this one another id")
            if named.count(name) > 1:
                raise ValueError(f"sources: {name} is there twice")
        for name in self.keep:
            if name not in {*named, *BUILT_IN_SOURCES}:
                raise ValueError(f"keep: there is no source {name}")
        return self

    def source(self, name: Slug) -> SourceEntry | None:
        """Return a source by its id."""
        return next((one for one in self.sources if one.id == name), None)


class TradeOffs(Frozen):
    """What was weighed against what, a sentence or two each; empty: nobody has said."""

    logging_privacy: str = Field(
        "", max_length=500, description="what is kept to explain it, and what is not"
    )
    approval_latency: str = Field("", max_length=500, description="what waits for a person, and for how long")
    containment_continuity: str = Field(
        "", max_length=500, description="what is stopped at once, and what goes on meanwhile"
    )
    autonomy_blast_radius: str = Field(
        "", max_length=500, description="what it may do alone, and how far that can reach"
    )

    def lacking(self) -> tuple[str, ...]:
        """Name those that nobody has stated."""
        return tuple(name for name in type(self).model_fields if not getattr(self, name).strip())


class AISystem(Frozen):
    """One production AI workflow under protection."""

    id: Slug
    name: str = Field(max_length=120)
    purpose: str = Field("", max_length=1000)
    tier: Tier
    owner: PersonId = Field(description="the business owner, who decides a restart")
    playbook: Slug | None = Field(None, description="playbook to use whatever the incident's type")
    mode: Mode | None = Field(None, description="how far playbooks act by themselves here")
    revenue_generating: bool = False
    fallback: Fallback | None = None
    on_unreachable: Unreachable | None = Field(
        None, description="what applications do while no door answers; nothing said: deny"
    )
    review_standard: str = Field("", max_length=1000)
    escalation: tuple[PersonId, ...] = ()
    levers: tuple[LeverEntry, ...] = ()
    evidence: EvidencePlaces = EvidencePlaces(recorder=True, versions_url=None)
    evaluation: Evaluation | None = None
    staging: Staging | None = Field(None, description="a copy that an incident's input may be sent to again")
    watch: WatchFile = Field(NOTHING_STATED, description="what is watched of it after a restart")
    thresholds: dict[str, int] = Field(
        default_factory=dict, description="thresholds of the severity policy that differ for this AI system"
    )
    facts: dict[str, str | int] = Field(
        default_factory=dict, description="facts true of every incident with it; what a report says wins"
    )
    trade_offs: TradeOffs = Field(
        TradeOffs(
            logging_privacy="", approval_latency="", containment_continuity="", autonomy_blast_radius=""
        ),
        description="the four that every AI system makes, said by whoever answers for it",
    )
    in_inventory: bool = Field(True, description="False for a system first heard of in a detection")

    @model_validator(mode="after")
    def _refuse_a_high_tier_without_the_four(self) -> AISystem:
        missing = [
            name
            for name, there in (
                ("fallback", self.fallback),
                ("review_standard", self.review_standard),
                ("escalation", self.escalation),
            )
            if not there
        ]
        if self.tier is Tier.HIGH and missing:
            raise InvalidInputError(f"system {self.id} of tier high lacks: {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _refuse_signals_from_nowhere(self) -> AISystem:
        for signal in self.watch.signals:
            known = signal.source == "recorder" or self.evidence.source(signal.source) is not None
            if not (signal.is_url or known):
                raise ValueError(f"watch: {signal.name}: {signal.source} is neither a source here nor a URL")
        return self

    @model_validator(mode="after")
    def _refuse_staging_that_is_production(self) -> AISystem:
        if self.staging is not None:
            versions = self.evidence.versions_url
            levers = [value for one in self.levers for value in one.options.values()]
            if why := mistaken(self.staging, str(versions) if versions else None, levers):
                raise InvalidInputError(f"system {self.id}: staging: {why}")
        return self

    def lever_list(self) -> tuple[Lever, ...]:
        """The system's levers; those served by flags carry the flag key as their id."""
        return tuple(self._lever(entry) for entry in self.levers)

    def normal(self, lever: str) -> bool | int:
        """What a lever says when nothing holds it: allowed, or the normal rate."""
        for entry in self.levers:
            if entry.verb is Verb.RATE_LIMIT and self._lever(entry).id == lever:
                return entry.normal or 0
        return True

    def _lever(self, entry: LeverEntry) -> Lever:
        if entry.verb is Verb.QUARANTINE_SESSION and entry.adapter == "flag":
            name = session_flag(self.id)
        elif entry.verb in FLAG_SHAPES and entry.adapter == "flag":
            name = flag_key(self.id, entry.verb, entry.target)
        else:
            name = ".".join(part for part in (self.id, entry.verb.value, entry.target) if part)
        return Lever(
            id=name,
            adapter=entry.adapter,
            system=self.id,
            verb=entry.verb,
            target=entry.target,
            options=entry.options,
            cost=entry.cost,
            proofs=entry.proofs,
        )


def unregistered(system: Slug, owner: PersonId) -> AISystem:
    """An AI system first heard of in a detection; its pause flag is the safest containment there is."""
    return AISystem(
        id=system,
        name=system,
        tier=Tier.LOW,
        owner=owner,
        levers=(LeverEntry(verb=Verb.PAUSE_SYSTEM), LeverEntry(verb=Verb.ROUTE_TO_REVIEW)),
        in_inventory=False,
    )
