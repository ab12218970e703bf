"""What an incident belongs together with, as people are shown it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from andon.domain.values import Frozen, IncidentId
from andon.register.incidents import IncidentRow
from andon.register.links import Link, LinkKind


class Tied(Frozen):
    """Where an incident comes from, what it was merged with, and all its links."""

    merged_into: IncidentId | None = Field(None, description="the incident that decides for this one")
    taken_in: tuple[IncidentId, ...] = Field((), description="the incidents this one decides for")
    promoted_from: str | None = Field(None, description="the quality issue it was")
    split_from: IncidentId | None = Field(None, description="the incident its detection was part of")
    links: tuple[Link, ...] = ()


def tied(row: IncidentRow, links: Sequence[Link]) -> Tied:
    """Return what an incident belongs together with.

    Once it has let go a merged incident is closed, and its link says where it went.
    """
    view, opening = row.view, row.opening
    merged = {
        link.target if link.origin == row.incident else link.origin: link.origin == row.incident
        for link in links
        if link.kind is LinkKind.MERGED and link.ended_at is None
    }
    into = next((other for other, leads in merged.items() if leads), None)
    return Tied(
        merged_into=(view.merged_into if view else None) or into,
        taken_in=tuple(
            sorted({*(view.taken_in if view else ()), *(one for one, leads in merged.items() if not leads)})
        ),
        promoted_from=opening.promoted_from if opening else None,
        split_from=opening.split_from if opening else None,
        links=tuple(links),
    )
