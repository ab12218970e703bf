"""What an answer would change, as people are shown it: versions before and after, and what levers allow."""

from __future__ import annotations

from pydantic import Field

from andon.domain.allowed import Permission
from andon.domain.difference import Line, Verdict, Why
from andon.domain.values import Frozen, IncidentId, Instant, Sha256Hex


class Side(Frozen):
    """The versions of one time."""

    digest: Sha256Hex | None = Field(description="of all of it; None: not known")
    at: Instant | None = None
    item: Sha256Hex | None = Field(None, description="the evidence item that holds it")
    lacking: str = Field("", description="code: why it is not known; empty: it is")


class PartShown(Frozen):
    """One part of the versions; names and numbers of versions are shown, all else by where it stands."""

    part: str
    verdict: Verdict
    why: Why | None
    before: Sha256Hex | None
    after: Sha256Hex | None
    then: tuple[tuple[str, str], ...] = Field((), description="names and version numbers at the incident")
    now: tuple[tuple[str, str], ...] = Field((), description="the same of what it is compared with")
    elsewhere: tuple[str, ...] = Field((), description="where else it differs, without the values")


class TextShown(Frozen):
    """The difference of one long text, as redacted as the reader's role sees evidence."""

    path: str
    lines: tuple[Line, ...]
    only_redacted: bool = Field(False, description="it differs in what was made unreadable, and nowhere else")


class VersionsShown(Frozen):
    """The versions of the incident beside those that will run."""

    incident: Side
    evaluated: Side
    running: Side
    runs_what_was_evaluated: bool | None = Field(description="None: it can't be told")
    parts: tuple[PartShown, ...] = Field(description="the incident's, against the evaluated or the running")
    against: str = Field(description="`evaluated` or `running`: what the incident's are compared with")
    text_at_hand: bool = Field(description="both texts are among the evidence, and this role may see them")
    texts: tuple[TextShown, ...] | None = Field(None, description="None: not asked for")


class EffectShown(Frozen):
    """What settling on an option does to levers; none: it moves no lever."""

    option: str
    permissions: tuple[Permission, ...] = Field(description="levers that change")


class DifferenceShown(Frozen):
    """What an answer to one question would change."""

    incident: IncidentId
    decision: str
    versions: VersionsShown | None = Field(description="None: the question is not about versions")
    levers: tuple[Permission, ...] = Field(description="every lever as it is now")
    effects: tuple[EffectShown, ...]
