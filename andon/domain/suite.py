"""What an eval suite is held to: the rules that the AI system's file gives the gate, and their pin."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints, model_validator

from andon.domain.values import Frozen, Sha256Hex, digest_of
from andon.domain.wilson import fewest_runs

CaseId = Annotated[str, StringConstraints(min_length=1, max_length=200)]

RUNS: Final = 5
"""How often a case of a flaky suite is run if nothing else is said."""


class Flaky(Frozen):
    """For a suite whose cases don't always go the same way: how often each is run, and what is enough."""

    threshold: float = Field(
        0.5, ge=0, lt=1, description="what the lower end of the 95 % interval must reach for each case"
    )
    runs: int | None = Field(
        None, ge=1, le=10_000, description="runs of each case; nothing said: 5, or more if 5 can't be enough"
    )

    @property
    def wanted(self) -> int:
        """How often each case has to be run."""
        return self.runs if self.runs is not None else max(RUNS, fewest_runs(self.threshold))

    @model_validator(mode="after")
    def _refuse_what_can_never_pass(self) -> Flaky:
        least = fewest_runs(self.threshold)
        if self.runs is not None and self.runs < least:
            raise ValueError(
                f"flaky: {self.runs} runs can't reach {self.threshold}, whatever they show: at least {least}"
            )
        return self


class Past(Frozen):
    """How an incident's own case is run on the versions of the incident, or why that can't be done."""

    command: tuple[str, ...] = Field(
        (), description="as `command`; `{versions}` is a file with what evidence holds of the versions"
    )
    cannot: str = Field("", max_length=500, description="why the suite can't; shown beside the gate for ever")

    @model_validator(mode="after")
    def _one_of_them(self) -> Past:
        if bool(self.command) == bool(self.cannot.strip()):
            raise ValueError("past: name the command, or say why the suite `cannot`; one of the two")
        return self


class SuiteRules(Frozen):
    """What a run has to show; it holds for an incident as it stood when the incident opened."""

    thresholds: dict[str, float] = Field(
        default_factory=dict,
        max_length=32,
        description="what the suite judges by, under its own names; a run must report exactly these",
    )
    dataset: Sha256Hex | None = Field(
        None, description="SHA-256 of the cases; a run must report exactly this"
    )
    files: dict[str, Sha256Hex] = Field(
        default_factory=dict,
        max_length=64,
        description="files that judge, by their path from the working folder, and their SHA-256",
    )
    cases_at_least: int = Field(0, ge=0, description="cases the suite holds, without those of incidents")
    required: tuple[CaseId, ...] = Field((), max_length=200, description="cases that must be in every run")
    optional: tuple[CaseId, ...] = Field((), max_length=200, description="cases that a run may skip")
    twins: tuple[CaseId, ...] = Field(
        (), max_length=200, description="cases of the suite that are like an attack, but harmless"
    )
    makes_twins: bool = Field(
        False, description="the runner makes a harmless twin of an incident's case, marked `twin_of`"
    )
    flaky: Flaky | None = Field(None, description="nothing said: a case goes the same way each time")
    past: Past | None = Field(None, description="how the case is seen to fail on the incident's versions")

    @property
    def names_twins(self) -> bool:
        """Whether there is to be a harmless twin in every run."""
        return self.makes_twins or bool(self.twins)


PIN_DIGITS: Final = 16
"""How much of a pin an incident carries; a plan has no room for more."""

UNPINNED: Final = frozenset({"timeout_seconds", "limits", "past"})
"""What may change while an incident is open: it decides whether a suite ends, not what it finds."""


def pin_of(suite: SuiteRules) -> Sha256Hex:
    """Return the digest of what judges: the rules, and by which command they are tried."""
    judging: dict[str, Any] = suite.model_dump(mode="json", exclude=set(UNPINNED))
    return digest_of(judging)
