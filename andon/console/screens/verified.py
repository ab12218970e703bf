"""The pages on which a bundle is uploaded, and what its verification found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andon.console.models.verifying import StepShown, VerificationShown
from andon.console.screens.words import Status, inert, plain

MIB: Final = 1024 * 1024
OUTCOMES: Final = {
    "holds": Status("holds", "✓", "good"),
    "broken": Status("broken", "✕", "bad"),
    "not_checked": Status("not checked", "-", "quiet"),
}
HOLDS: Final = Status("holds", "✓", "good")
BROKEN: Final = Status("broken", "✕", "bad")
OWN: Final = "This console's own keys counted: it shows that the bundle is as this console signed it."
UPLOADED: Final = "The keys of the trust file that you sent counted, and no others."
STRANGE: Final = (
    "This console knows no incident by that id. If the bundle is from another house, none of its signatures "
    "can count by this console's keys: verify it with the trust file of that house."
)


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step."""

    number: int
    title: str
    detects: str
    outcome: Status
    checked: str
    findings: tuple[tuple[str, str], ...]
    """Where, and what is wrong there."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UploadScreen:
    """The form, and what was wrong with what was sent last."""

    most: str
    problem: str


@dataclass(frozen=True, slots=True)
class VerifiedScreen:
    """What was found."""

    title: str
    verdict: Status
    summary: str
    incident: str
    known: bool
    trust: str
    strange: str
    keys: tuple[str, ...]
    sha256: str
    trust_sha256: str
    size: str
    head: str
    steps: tuple[StepLine, ...]
    unenforced: tuple[str, ...]
    most: str


def upload_screen(most: int, problem: str = "") -> UploadScreen:
    """Return the form; `most` is the largest bundle in bytes."""
    return UploadScreen(most=size_of(most), problem=inert(problem))


def verified_screen(found: VerificationShown, most: int) -> VerifiedScreen:
    """Return what was found as a page."""
    own = found.trust == "own"
    return VerifiedScreen(
        title=f"{inert(found.incident)} {'holds' if found.holds else 'is broken'}",
        verdict=HOLDS if found.holds else BROKEN,
        summary=_summary(found),
        incident=inert(found.incident),
        known=found.known,
        trust=OWN if own else UPLOADED,
        strange=STRANGE if own and not found.known else "",
        keys=tuple(map(inert, found.keys)),
        sha256=found.sha256,
        trust_sha256=found.trust_sha256 or "",
        size=size_of(found.size_bytes),
        head=found.head,
        steps=tuple(map(_line, found.steps)),
        unenforced=tuple(map(inert, found.unenforced)),
        most=size_of(most),
    )


def size_of(count: int) -> str:
    """Return a number of bytes in words."""
    if count < MIB:
        return f"{count:,} bytes"
    return f"{count / MIB:,.1f} MiB".replace(".0 ", " ")


def _summary(found: VerificationShown) -> str:
    by_outcome = {name: [one for one in found.steps if one.outcome == name] for name in OUTCOMES}
    broken = [str(one.step) for one in by_outcome["broken"]]
    checks = sum(one.checked for one in found.steps)
    told = f"{checks:,} checks in {len(found.steps)} steps, {found.seconds:.1f} s."
    skipped = len(by_outcome["not_checked"])
    if skipped:
        told += f" {skipped} {'step' if skipped == 1 else 'steps'} had nothing to check; each says why."
    if broken:
        word = "step is" if len(broken) == 1 else "steps are"
        told += f" {len(broken)} {word} broken: {', '.join(broken)}."
    return told


def _line(one: StepShown) -> StepLine:
    return StepLine(
        number=one.step,
        title=plain(one.title),
        detects=inert(one.detects),
        outcome=OUTCOMES[one.outcome],
        checked=f"{one.checked:,} {'check' if one.checked == 1 else 'checks'}",
        findings=tuple((inert(found.where), inert(found.problem)) for found in one.findings),
        notes=tuple(map(inert, one.notes)),
    )
