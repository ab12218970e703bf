"""Redacted views and figures of evidence, as people are shown them."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from andon.domain.evidence import EvidenceItem
from andon.domain.redaction import Level, View, Withheld, added, by_category
from andon.domain.values import Frozen, IncidentId, Instant, Sha256Hex, Slug


class ViewShown(Frozen):
    """As much of one item as the reader's role may see; never the original."""

    incident: IncidentId
    item: str
    kind: Slug
    source: str
    captured_at: Instant
    content_type: str
    sha256: Sha256Hex = Field(description="of the item's stored bytes, which are encrypted")
    view: str = Field(description="id of the view, which is an item itself")
    redaction_of: str
    digest: Sha256Hex = Field(description="of the view; the access chain names it")
    engine: str
    level: Level
    found: dict[str, int] = Field(description="personal data and secrets that were recognised, by rule")
    categories: dict[str, int]
    left_out: int = Field(description="fields that were not stored, since nobody needs them")
    withheld: Withheld | None
    text: str | None = Field(description="the redacted content; None: withheld, or not for this role")


class KindFigures(Frozen):
    """What was recognised in all items of one kind."""

    kind: Slug
    items: int
    with_findings: int
    categories: dict[str, int]
    found: dict[str, int]


class FiguresShown(Frozen):
    """What kinds of personal data and secrets an incident's evidence holds, and how often."""

    incident: IncidentId
    items: int
    with_findings: int
    categories: dict[str, int]
    found: dict[str, int]
    kinds: tuple[KindFigures, ...]


def view_shown(
    incident: IncidentId, item: EvidenceItem, view: View, digest: Sha256Hex, level: Level
) -> ViewShown:
    """Return a view as far as a level goes."""
    # Secrets were masked, and counted, before the item was stored; the view found the rest.
    found = {rule: max(item.found.get(rule, 0), view.found.get(rule, 0)) for rule in item.found | view.found}
    return ViewShown(
        incident=incident,
        item=item.id,
        kind=item.kind,
        source=item.source,
        captured_at=item.captured_at,
        content_type=item.content_type,
        sha256=item.sha256,
        view=view.id,
        redaction_of=view.redaction_of,
        digest=digest,
        engine=view.engine,
        level=level,
        found=dict(sorted(found.items())),
        categories=by_category(found),
        left_out=item.left_out,
        withheld=view.withheld,
        text=view.text if level is Level.CONTENT else None,
    )


def figures_shown(incident: IncidentId, items: Iterable[EvidenceItem]) -> FiguresShown:
    """Add up what was recognised when items were captured."""
    by_kind: dict[str, list[EvidenceItem]] = {}
    for item in items:
        by_kind.setdefault(item.kind, []).append(item)
    kinds = tuple(_kind(kind, each) for kind, each in sorted(by_kind.items()))
    found = added(one.found for one in kinds)
    return FiguresShown(
        incident=incident,
        items=sum(one.items for one in kinds),
        with_findings=sum(one.with_findings for one in kinds),
        categories=by_category(found),
        found=found,
        kinds=kinds,
    )


def _kind(kind: Slug, items: list[EvidenceItem]) -> KindFigures:
    found = added(item.found for item in items)
    return KindFigures(
        kind=kind,
        items=len(items),
        with_findings=sum(1 for item in items if item.found),
        categories=by_category(found),
        found=found,
    )
