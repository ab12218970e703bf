"""What an incident is called, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from andon.console.models.called import OfferedShown
from andon.console.models.incident import IncidentShown
from andon.console.screens.parts import role_name
from andon.console.screens.words import inert, lower, plain


@dataclass(frozen=True, slots=True)
class OfferedLine:
    """A piece of evidence that a report brought; its address is shown as text and never as a link."""

    kind: str
    name: str
    place: str
    by: str


@dataclass(frozen=True, slots=True)
class CalledBox:
    """Names, roles and what reports brought."""

    names: tuple[str, ...]
    external: tuple[tuple[str, str], ...]
    joined: tuple[tuple[str, str], ...]
    registered: bool
    stoppable: bool
    offered: tuple[OfferedLine, ...]


def called_box(incident: IncidentShown) -> CalledBox:
    """Return what an incident is called, whom that brought in, and what its reports brought."""
    kinds = (incident.type,) if incident.type else ()
    return CalledBox(
        names=tuple(plain(one) for one in (*kinds, *incident.categories, *incident.tags)),
        external=tuple(
            (f"{one.taxonomy} {one.id}", f"{one.name or 'name not known'} (version {one.version})")
            for one in incident.external
        ),
        joined=tuple(
            (role_name(one.role), ", ".join(_why(why) for why in one.why)) for one in incident.joined_roles
        ),
        registered=incident.registered,
        stoppable=bool(incident.orders) or not incident.containment_required,
        offered=tuple(_offered(one) for one in incident.offered),
    )


def _why(code: str) -> str:
    kind, _, value = code.partition(":")
    return f"{lower(kind)} {lower(value)}"


def _offered(shown: OfferedShown) -> OfferedLine:
    offered = shown.offered
    return OfferedLine(
        kind=plain(offered.kind),
        name=inert(offered.name or ""),
        place=inert(offered.url) if offered.url else "uploaded; kept with the evidence",
        by=shown.by,
    )
