"""The post-incident review, its versions and proposals as they are sent and shown."""

from __future__ import annotations

from pydantic import ConfigDict, Field, JsonValue

from andon.domain.catches import DurableControlNeeded
from andon.domain.directory import Role
from andon.domain.ledger import Head
from andon.domain.lessons import Proposal
from andon.domain.review import LONGEST
from andon.domain.severity import Band
from andon.domain.values import Frozen, IncidentId, Instant, PersonId, Sha256Hex


class WordsBody(Frozen):
    """What a person writes for one part."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    text: str = Field(min_length=1, max_length=LONGEST, description="encrypted before it is kept")
    after: int | None = Field(
        None, ge=0, description="the version you saw, 0 if there was none; another one since then is told"
    )


class WordsShown(Frozen):
    """One version of what people wrote for a part."""

    version: int
    text: str
    person: PersonId
    role: Role
    at: Instant
    digest: Sha256Hex = Field(description="of the encrypted text; the review's own digest covers it")


class PartShown(Frozen):
    """One of the five parts."""

    name: str
    title: str
    needed: bool = Field(description="whether lessons can't be answered before people have written here")
    found: dict[str, JsonValue] = Field(description="from ledger and register")
    questions: tuple[str, ...]
    words: WordsShown | None
    earlier: tuple[WordsShown, ...] = Field((), description="versions before, oldest first")


class ReviewShown(Frozen):
    """The review as it stands."""

    incident: IncidentId
    digest: Sha256Hex
    severity: Band
    head: Head = Field(description="where the response chain ended when it was made")
    missing: tuple[str, ...] = Field(description="parts without words that must have them")
    advice: str
    parts: tuple[PartShown, ...]
    proposals: tuple[Proposal, ...] = Field(description="what may be changed; numbered from 1 by their place")


class WordsNoted(Frozen):
    """Words that were kept."""

    incident: IncidentId
    part: str
    version: int
    missing: tuple[str, ...]


class DurableControlShown(DurableControlNeeded):
    """A finding over near misses, in words."""

    said: str


class DurableControlList(Frozen):
    """Where a durable control is needed, newest first."""

    needed: tuple[DurableControlShown, ...]
