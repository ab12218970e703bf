"""What an incident is called, whom that brought in and why, and what its reports brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from andon.domain.classification import ExternalId, Taxonomy
from andon.domain.directory import Role
from andon.domain.offered import Offered
from andon.domain.values import Frozen, Instant
from andon.register.codes import CodeKind
from andon.register.detections import Detection
from andon.register.incidents import IncidentRow


class ExternalShown(ExternalId):
    """What a public taxonomy calls it; the name is None when that version is no longer pinned."""

    name: str | None


class RoleJoined(Frozen):
    """A role that belongs to the incident by policy, and what brought it in."""

    role: Role
    why: tuple[str, ...] = Field(description="`severity:high`, `type:privacy_event`, `tag:privacy`")


class OfferedShown(Frozen):
    """A piece of evidence that a report brought. Addresses are text: Andon never opens them."""

    detection: str
    by: str
    at: Instant
    offered: Offered


class Called(Frozen):
    """Everything of this kind that is shown of an incident."""

    categories: tuple[str, ...]
    tags: tuple[str, ...]
    external: tuple[ExternalShown, ...]
    joined_roles: tuple[RoleJoined, ...]
    registered: bool = Field(description="whether somebody has registered the AI system")
    offered: tuple[OfferedShown, ...]


def called_shown(
    row: IncidentRow,
    codes: Mapping[CodeKind, Sequence[str]],
    taxonomies: Mapping[str, Taxonomy],
    *,
    registered: bool,
    offered: Sequence[OfferedShown] = (),
) -> Called:
    """Return what an incident is called; `codes` are also those of detections that joined it."""
    return Called(
        categories=tuple(codes[CodeKind.CATEGORY]),
        tags=tuple(codes[CodeKind.TAG]),
        external=tuple(_external(row, codes[CodeKind.EXTERNAL], taxonomies)),
        joined_roles=_roles(row),
        registered=registered,
        offered=tuple(offered),
    )


def offered_shown(detection: Detection, offered: Sequence[Offered]) -> list[OfferedShown]:
    """Return what one report brought, as it named it."""
    return [
        OfferedShown(detection=detection.id, by=detection.source, at=detection.received_at, offered=one)
        for one in offered
    ]


def _external(
    row: IncidentRow, codes: Sequence[str], taxonomies: Mapping[str, Taxonomy]
) -> list[ExternalShown]:
    opening = row.opening
    pinned = {f"{one.taxonomy}:{one.id}": one for one in (opening.external if opening else ())}
    found = []
    for code in codes:
        name, _, wanted = code.partition(":")
        taxonomy = taxonomies.get(name)
        version = pinned[code].version if code in pinned else taxonomy.version if taxonomy else "unknown"
        same = taxonomy is not None and taxonomy.version == version
        called = taxonomy.terms.get(wanted) if taxonomy is not None and same else None
        found.append(ExternalShown(taxonomy=name, id=wanted, version=version, name=called))
    return found


def _roles(row: IncidentRow) -> tuple[RoleJoined, ...]:
    view, opening = row.view, row.opening
    if view is None:
        return ()
    if opening is None:
        return tuple(RoleJoined(role=role, why=()) for role in view.joined_roles)
    joining = opening.plan.joining
    return tuple(
        RoleJoined(role=role, why=joining.why(role, row.severity, row.type, opening.tags))
        for role in view.joined_roles
    )
