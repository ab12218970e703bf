"""The post-incident review: five parts, each with what the record tells and the words that people add.

It holds ids, codes, times and digests. People's words are sealed texts that it names, so its digest says
which words stood there without saying them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import Field, JsonValue

from andon.domain.directory import Role
from andon.domain.ledger import Entry, Head, Kind
from andon.domain.severity import Band
from andon.domain.values import Carried, Frozen, IncidentId, Instant, PersonId, Sha256Hex, digest_of

FORMAT: Final = "andon-review/1"

PARTS: Final = ("what_happened", "controls", "evidence", "changed", "recurrence")
"""The five parts, in order (LRN-01)."""

TITLES: Final[Mapping[str, str]] = {
    "what_happened": "What happened",
    "controls": "Why controls failed or held",
    "evidence": "What it rests on",
    "changed": "What was changed",
    "recurrence": "How we will know if it comes back",
}

ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "what_happened": (
        "What did those who were there see and think, in which order?",
        "What did they not know at the time that would have helped them?",
    ),
    "controls": (
        "Why did the control that should have caught it let it pass?",
        "What kept it from getting worse, and was that a control or good luck?",
    ),
    "evidence": (
        "Which of this would you show somebody who does not believe it?",
        "What was never found out, and who could still find it out?",
    ),
    "changed": (
        "Why do these changes get at the cause, and not only at this one case?",
        "What did you decide not to change, and why is that all right?",
    ),
    "recurrence": (
        "Which number will tell that it does not come back, who looks at it, and when?",
        "What would you see first if the change did not help?",
    ),
}
"""What only people can answer, whatever the incident; each part adds what this one leaves open."""

NEEDED_FROM: Final = Band.MEDIUM
"""From this severity on no part may stay without people's words when lessons are answered."""
LONGEST: Final = 8000
_WEIGHED: Final = frozenset({Kind.INCIDENT_OPENED, Kind.SEVERITY_RAISED, Kind.SEVERITY_LOWERED})
"""Entries that say the severity from then on."""


class Words(Carried):
    """What people wrote for one part; each writing is a version of its own."""

    part: str
    version: int = Field(ge=1)
    text: str = Field(description="id of the sealed text")
    digest: Sha256Hex = Field(description="of the sealed text")
    person: PersonId
    role: Role
    at: Instant


class ReviewPart(Frozen):
    """One part: what the record tells, what it leaves to people, and what they wrote."""

    found: dict[str, JsonValue] = Field(description="from ledger and register: codes, ids, times, counts")
    questions: tuple[str, ...] = Field(description="open questions that only people can answer")
    words: Words | None = Field(None, description="the newest version; None: nobody wrote anything")


class Review(Frozen):
    """The review as it stands."""

    format: Literal["andon-review/1"] = FORMAT
    incident: IncidentId
    severity: Band
    head: Head = Field(description="where the response chain ended when it was made")
    parts: dict[str, ReviewPart]

    def digest(self) -> Sha256Hex:
        """SHA-256 of the review as RFC 8785 JSON: what an answer to `lessons` is given for."""
        return digest_of(self)

    @property
    def words(self) -> dict[str, Words]:
        """People's words by part."""
        return {name: part.words for name, part in self.parts.items() if part.words is not None}


def missing_parts(review: Review, severity: Band) -> tuple[str, ...]:
    """Name the parts that must have people's words at this severity and have none, in order."""
    if severity < NEEDED_FROM:
        return ()
    return tuple(name for name in PARTS if name not in review.words)


def advice(review: Review, severity: Band) -> str:
    """Say which parts are missing and where they are written; empty: none is."""
    missing = missing_parts(review, severity)
    if not missing:
        return ""
    named = ", ".join(f"“{TITLES[name]}” ({name})" for name in missing)
    return (
        f"The post-incident review lacks words for {named}. Write them on the page "
        f"/incidents/{review.incident}/review, or with `andon review {review.incident} write PART`."
    )


def newest(versions: Sequence[Words]) -> dict[str, Words]:
    """Return the newest version of each part."""
    found: dict[str, Words] = {}
    for one in sorted(versions, key=lambda one: one.version):
        found[one.part] = one
    return found


def problems(review: Review, answer: Entry, entries: Sequence[Entry], received_at: Instant) -> list[str]:
    """Say what keeps a review from being the one that an answer was given for; empty: nothing.

    Args:
        review: as it was kept under its digest.
        answer: the entry that the answer stands in.
        entries: the response chain.
        received_at: when the answer was received.
    """
    found: list[str] = []
    if review.incident != answer.incident:
        found.append(f"is of {review.incident}")
    if set(review.parts) != set(PARTS):
        found.append("does not have the five parts")
    severity = _severity_at(entries, review.head.length) or review.severity
    if severity is not review.severity:
        found.append(f"says {review.severity} severity, the ledger {severity}")
    found += [f"has no words for {name}" for name in missing_parts(review, severity)]
    last = next((one for one in entries if one.sequence == review.head.length - 1), None)
    if review.head.length > answer.sequence:
        found.append("was made after the answer")
    elif review.head.length and (last is None or last.digest() != review.head.digest):
        found.append("was made from another ledger")
    found += [
        f"has words for {name} that were written after the answer"
        for name, words in review.words.items()
        if words.at > received_at
    ]
    return found


def _severity_at(entries: Sequence[Entry], length: int) -> Band | None:
    """Return the severity that the first entries of a chain leave; None: they don't say."""
    weighed = [one for one in entries if one.sequence < length and one.kind in _WEIGHED]
    last = max(weighed, key=lambda one: one.sequence, default=None)
    return Band(last.after) if last is not None and last.after in set(Band) else None
