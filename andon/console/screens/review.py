"""The page of a post-incident review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.access import REVIEWING
from andon.console.models.incident import IncidentShown
from andon.console.models.review import PartShown, ReviewShown, WordsShown
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.parts import IncidentLine, incident_line, role_name
from andon.console.screens.words import in_words, inert, plain
from andon.console.sessions import Session
from andon.domain.decision import DecisionKind
from andon.domain.lessons import Proposal
from andon.domain.readable import ReadablePart, moment_in
from andon.domain.readable_review import readable_part
from andon.domain.review import LONGEST, TITLES

LEARNING: Final = frozenset({DecisionKind.LESSONS})
"""Questions beside which it is shown what may be changed."""
Cell = tuple[str, Moment | None]
"""One value of the record with words for codes, and the moment that it is, if it is one."""


@dataclass(frozen=True, slots=True)
class WordsLine:
    """What somebody wrote, by line, so that nothing in it acts."""

    lines: tuple[str, ...]
    who: str
    at: Moment
    version: int


@dataclass(frozen=True, slots=True)
class FactLine:
    """One thing the record tells: in words, or a moment in the reader's zone."""

    name: str
    known: bool
    value: str
    at: Moment | None


@dataclass(frozen=True, slots=True)
class TableShown:
    """Rows of the record; each cell is in words, or a moment."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class PartBox:
    """One part: what the record tells beside what people write."""

    name: str
    needed: bool
    read: ReadablePart
    facts: tuple[FactLine, ...]
    tables: tuple[TableShown, ...]
    words: WordsLine | None
    earlier: tuple[WordsLine, ...]
    typed: str
    after: int


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A change that may be made."""

    number: int
    type: str
    change: str
    proof: str


@dataclass(frozen=True, slots=True)
class ReviewScreen:
    """The page."""

    incident: IncidentLine
    digest: str
    missing: tuple[str, ...]
    parts: tuple[PartBox, ...]
    proposals: tuple[ProposalLine, ...]
    may_write: bool
    reader: str
    problem: str
    longest: int = LONGEST


def review_screen(
    incident: IncidentShown,
    review: ReviewShown,
    session: Session,
    now: datetime,
    *,
    typed: Mapping[str, str],
    problem: str = "",
) -> ReviewScreen:
    """Return the page as one person sees it; `typed` is what they had written when it was not taken."""
    return ReviewScreen(
        incident=incident_line(incident, now, linked=True),
        digest=review.digest,
        missing=tuple(TITLES[one] for one in review.missing),
        parts=tuple(
            _part(number, one, now, typed, incident.system)
            for number, one in enumerate(review.parts, start=1)
        ),
        proposals=proposal_lines(review.proposals),
        may_write=session.role in REVIEWING,
        reader=f"{session.caller.person}, {role_name(session.role)}",
        problem=problem,
    )


def proposal_lines(proposals: Sequence[Proposal]) -> tuple[ProposalLine, ...]:
    """Return what may be changed, numbered as it is taken over."""
    return tuple(
        ProposalLine(number, plain(one.type.value), one.change, one.proof)
        for number, one in enumerate(proposals, start=1)
    )


def _part(number: int, part: PartShown, now: datetime, typed: Mapping[str, str], system: str) -> PartBox:
    standing = part.words.text if part.words else ""
    read = readable_part(number, part.model_dump(mode="json"))
    return PartBox(
        name=part.name,
        needed=part.needed,
        read=read,
        facts=tuple(FactLine(one.name, one.known, *_cell(one.value, now, system)) for one in read.facts),
        tables=tuple(
            TableShown(
                caption=one.caption,
                columns=one.columns,
                rows=tuple(tuple(_cell(cell, now, system) for cell in row) for row in one.rows),
            )
            for one in read.tables
        ),
        words=_words(part.words, now) if part.words else None,
        earlier=tuple(_words(one, now) for one in part.earlier),
        typed=typed.get("text", "") if typed.get("part") == part.name else standing,
        after=part.words.version if part.words else 0,
    )


def _cell(text: str, now: datetime, system: str) -> Cell:
    return in_words(text, system), maybe(moment_in(text), now)


def _words(words: WordsShown, now: datetime) -> WordsLine:
    return WordsLine(
        lines=tuple(inert(line) for line in words.text.splitlines() if line.strip()),
        who=f"{words.person}, {role_name(words.role)}",
        at=moment(words.at, now),
        version=words.version,
    )
