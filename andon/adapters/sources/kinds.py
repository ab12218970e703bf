"""Kinds of evidence sources: what each takes and supplies, and how a file's entry becomes a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import SecretStr

from andon.adapters.clock import utc_now
from andon.adapters.entry_points import Found
from andon.adapters.options import Option, check_options
from andon.adapters.outgoing import Outgoing
from andon.config import SourceSettings
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import EvidenceRow, GapReason
from andon.domain.system import SourceEntry
from andon.domain.values import Slug
from andon.ports import EvidenceSource

GROUP: Final = "andon.sources"
SHIPPED: Final[dict[str, str]] = {
    "files": "andon.adapters.sources.files:KIND",
    "git": "andon.adapters.sources.git:KIND",
    "http_json": "andon.adapters.sources.http_json:KIND",
    "langfuse": "andon.adapters.sources.langfuse:KIND",
    "mlflow": "andon.adapters.sources.mlflow:KIND",
    "phoenix": "andon.adapters.sources.phoenix:KIND",
    "s3_prefix": "andon.adapters.sources.s3_prefix:KIND",
    "sql": "andon.adapters.sources.sql:KIND",
    "vendor": "andon.adapters.sources.vendor:KIND",
}
"""Kinds that come with Andon; other packages name theirs by an entry point of the group."""

ANY: Final[frozenset[str]] = frozenset()
"""Supplies whatever kind of evidence its entry says."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourceMeans:
    """What a source may use; whatever is not here it can't reach."""

    settings: SourceSettings
    rows: Sequence[EvidenceRow] = ()
    now: Callable[[], datetime] = utc_now
    outgoing: Outgoing = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "outgoing", Outgoing(self.settings, section="sources"))

    def secret(self, entry: SourceEntry, option: str) -> SecretStr:
        """Return the secret that an option names.

        Raises:
            SourceError: `not_configured`: nobody put it into the settings.
        """
        return self.named(entry, option, self.settings.secrets, "secrets")

    def named(self, entry: SourceEntry, option: str, things: Mapping[str, T], setting: str) -> T:
        """Return what an option names in a section of the settings.

        Raises:
            SourceError: `not_configured`: nobody put it there.
        """
        name = entry.options.get(option, "")
        found = things.get(name)
        if found is None:
            detail = f"option {option} names {name!r}: put it into the settings under sources.{setting}"
            raise SourceError(entry.id, GapReason.NOT_CONFIGURED, detail)
        return found


def _nothing_more(_: SourceEntry) -> None:
    """Options that are known and there need no further look."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of source, as its entry point gives it."""

    name: str
    version: str
    options: Mapping[str, Option]
    supplies: frozenset[str]
    """Kinds of evidence it can give; `ANY`: the one that its entry says."""
    build: Callable[[SourceEntry, SourceMeans], EvidenceSource]
    """Raises `SourceError` with `not_configured` where the settings lack something; asks nobody."""
    check: Callable[[SourceEntry], None] = _nothing_more
    """Raises `InvalidInputError` for options that can't be used; asks nobody."""
    count: Callable[[SourceEntry, Any], int] | None = None
    """Says how many records the JSON of one of its items holds; None: it can't be counted."""


KINDS: Final = Found(GROUP, SourceKind, SHIPPED)


def check(entry: SourceEntry) -> None:
    """Refuse an entry that no kind can serve; asks nobody.

    Raises:
        InvalidInputError: the message names what to change.
    """
    if entry.kind not in KINDS.names():
        raise InvalidInputError(
            f"source {entry.id}: there is no kind {entry.kind!r}; use one of: {', '.join(KINDS.names())}"
        )
    kind = KINDS.load(entry.kind)
    check_options(entry.options, kind.options, place=f"source {entry.id}", kind=entry.kind)
    _check_supplies(entry, kind)
    kind.check(entry)


def _check_supplies(entry: SourceEntry, kind: SourceKind) -> None:
    if kind.supplies is ANY or not kind.supplies:
        if len(entry.supplies) > 1:
            raise InvalidInputError(
                f"source {entry.id}: {entry.kind} gives one kind of evidence; make an entry for each"
            )
        return
    beyond = sorted(set(entry.supplies) - kind.supplies)
    if beyond:
        raise InvalidInputError(
            f"source {entry.id}: {entry.kind} can't supply {', '.join(beyond)}; "
            f"it can: {', '.join(sorted(kind.supplies))}"
        )


def rows_of(rows: Sequence[EvidenceRow], supplies: Sequence[Slug]) -> tuple[EvidenceRow, ...]:
    """Return the rows of a first snapshot that these kinds can fill."""
    return tuple(row for row in rows if not row.later and set(supplies) & set(row.kinds))
