"""The verifier's report: numbered steps, what each one detects, and what it found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a step ended."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold, and where."""

    where: str
    problem: str


@dataclass
class Step:
    """One step of the verification."""

    number: int
    title: str
    detects: str
    checked: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """Broken when anything was found, else whether there was anything to check."""
        if self.findings:
            return Outcome.BROKEN
        return Outcome.HOLDS if self.checked else Outcome.NOT_CHECKED

    def broken(self, where: str, problem: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(where, problem))

    def must(self, holds: bool, where: str, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Count one check, and add a finding unless it holds."""
        self.checked += 1
        if not holds:
            self.broken(where, problem)

    def note(self, text: str) -> None:
        """Say what this step could not look at, once."""
        if text not in self.notes:
            self.notes.append(text)

    def plain(self) -> dict[str, Any]:
        """Return the step as JSON."""
        return {
            "step": self.number,
            "title": self.title,
            "detects": self.detects,
            "outcome": self.outcome.value,
            "checked": self.checked,
            "findings": [{"where": one.where, "problem": one.problem} for one in self.findings],
            "notes": self.notes,
        }


@dataclass(frozen=True)
class Report:
    """What the verification of one incident found."""

    incident: str
    entries: int
    head: str
    steps: tuple[Step, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found broken."""
        return not any(self.findings())

    def findings(self) -> Iterable[tuple[Step, Finding]]:
        """Return every finding with its step."""
        return ((step, finding) for step in self.steps for finding in step.findings)

    def plain(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "incident": self.incident,
            "holds": self.holds,
            "entries": self.entries,
            "head": self.head,
            "steps": [step.plain() for step in self.steps],
        }
