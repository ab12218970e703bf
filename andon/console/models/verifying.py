"""What the verification of an uploaded bundle found, as people and programs are told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.domain.values import Frozen, Sha256Hex


class FindingShown(Frozen):
    """One thing that does not hold, and where."""

    where: str
    problem: str


class StepShown(Frozen):
    """One step of the verification."""

    step: int
    title: str
    detects: str
    outcome: Literal["holds", "broken", "not_checked"]
    checked: int
    findings: tuple[FindingShown, ...] = Field(description="the first hundred; the rest is counted")
    notes: tuple[str, ...] = Field(description="what it could not look at, and why")


class ReportShown(Frozen):
    """The verifier's report."""

    incident: str
    holds: bool
    entries: int
    head: Sha256Hex
    steps: tuple[StepShown, ...]


class VerificationShown(ReportShown):
    """A report, on which bytes, and by whose keys."""

    sha256: Sha256Hex = Field(description="of the file that was uploaded")
    size_bytes: int
    trust: Literal["own", "uploaded"] = Field(
        description="whose keys counted: this console's, or a trust file"
    )
    trust_sha256: Sha256Hex | None = Field(None, description="of the trust file that was uploaded")
    keys: tuple[str, ...] = Field(description="the keys that counted: what for, and the key or its id")
    known: bool = Field(description="whether this console has an incident by that id")
    seconds: float
    unenforced: tuple[str, ...] = Field((), description="bounds that this machine could not enforce")
