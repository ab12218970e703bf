"""The pages on which incidents are merged, parted, split and linked, and quality issues settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.access import TYING
from andon.console.models.incident import IncidentShown
from andon.console.screens.moments import Moment, moment
from andon.console.screens.parts import IncidentLine, incident_line, role_name
from andon.console.screens.tied import LinkLine, TiedBox, link_lines, tied_box
from andon.console.screens.words import inert, listed
from andon.console.sessions import Session
from andon.console.tying import Offered
from andon.domain.declaration import Declared
from andon.domain.directory import STOPPING
from andon.domain.playbook import Plan
from andon.register.links import LinkKind

WAYS: Final = {
    "merge": Declared.MERGED,
    "unmerge": Declared.UNMERGED,
    "split": Declared.SPLIT,
}
"""What is declared to the incident's workflow, by the form that says it."""


@dataclass(frozen=True, slots=True)
class JoinedLine:
    """A detection that joined."""

    id: str
    source: str
    received: Moment


@dataclass(frozen=True, slots=True)
class TyingScreen:
    """What an incident belongs together with, and what may be done about it."""

    incident: IncidentLine
    tied: TiedBox
    lines: tuple[LinkLine, ...]
    may: frozenset[str]
    who: str
    """Who may do what this reader may not."""
    into: tuple[str, ...]
    joined: tuple[JoinedLine, ...]
    maybe_same: tuple[str, ...]
    related: tuple[str, ...]
    typed: Mapping[str, str]
    problem: str
    reader: str


@dataclass(frozen=True, slots=True)
class Sure:
    """The second step before what can't be undone, or changes who decides."""

    heading: str
    says: tuple[str, ...]
    undone: str
    button: str
    action: str
    back: str
    reason: str
    fields: tuple[tuple[str, str], ...]


def tying_screen(
    incident: IncidentShown,
    offered: Offered,
    plan: Plan | None,
    session: Session,
    now: datetime,
    *,
    typed: Mapping[str, str],
    problem: str,
) -> TyingScreen:
    """Return the page as one person sees it; the server judges all the same whatever is sent."""
    may = _may(incident, plan, session)
    held = [one for one in incident.links if one.ended_at is None]
    return TyingScreen(
        incident=incident_line(incident, now, linked=True),
        tied=tied_box(incident, now),
        lines=tuple(link_lines(incident.id, incident.links, now)),
        may=may,
        who="" if may else f"Merging, parting, splitting and linking is for {_who(plan)}.",
        into=offered.into,
        joined=tuple(
            JoinedLine(one.id, inert(one.source), moment(one.received_at, now)) for one in offered.joined
        ),
        maybe_same=tuple(_other(incident.id, one.origin, one.target) for one in held if _suggests(one.kind)),
        related=tuple(
            _other(incident.id, one.origin, one.target) for one in held if one.kind is LinkKind.RELATED
        ),
        typed=typed,
        problem=problem,
        reader=f"{session.caller.person}, {role_name(session.role)}",
    )


def merge_sure(incident: str, into: str, fields: Mapping[str, str]) -> Sure:
    """Return what is said before a merge."""
    return Sure(
        heading=f"Merge {incident} into {into}?",
        says=(
            f"{into} decides for both from then on, by the earlier of both deadlines.",
            f"The open questions of {incident} are no longer asked.",
            "Each keeps its own ledger and evidence, and its levers stay held until the other lets go.",
        ),
        undone="It can be taken back until the other one lets go of its levers.",
        button=f"Merge into {into}",
        action=f"/incidents/{incident}/links",
        back=f"/incidents/{incident}/links",
        reason=fields.get("reason", ""),
        fields=_handed_on(fields),
    )


def split_sure(incident: str, detection: str, fields: Mapping[str, str]) -> Sure:
    """Return what is said before a split."""
    return Sure(
        heading=f"Give {detection} an incident of its own?",
        says=(
            "A new incident opens for it, with its own times, severity and levers.",
            f"{incident} keeps everything else, and both name each other.",
        ),
        undone="It can't be undone: an incident that has opened has to be closed in its own course.",
        button="Split it off",
        action=f"/incidents/{incident}/links",
        back=f"/incidents/{incident}/links",
        reason=fields.get("reason", ""),
        fields=_handed_on(fields),
    )


def settle_sure(issue: str, fields: Mapping[str, str]) -> Sure:
    """Return what is said before a quality issue is promoted or closed."""
    promote = fields.get("way") == "promote"
    opens = (
        "An incident opens with the times of this issue; containment, clocks and questions follow at once.",
        "Whoever answers for the AI system is told.",
    )
    ends = ("It is off the list of open issues.", "What comes in under its key afterwards is a new issue.")
    return Sure(
        heading=f"Make an incident of {issue}?" if promote else f"Close {issue}?",
        says=opens if promote else ends,
        undone="It can't be undone.",
        button="Make it an incident" if promote else "Close the issue",
        action=f"/quality/{issue}",
        back=f"/quality/{issue}",
        reason=fields.get("reason", ""),
        fields=_handed_on(fields),
    )


def who_settles() -> str:
    """Say who may promote or close a quality issue."""
    return listed(sorted(role.value for role in STOPPING))


def _may(incident: IncidentShown, plan: Plan | None, session: Session) -> frozenset[str]:
    rights = plan.declarations if plan else {}
    said = {way for way, kind in WAYS.items() if kind in rights and session.role in rights[kind].by}
    open_now = incident.state == "open"
    merged = incident.merged_into is not None
    wrong = {"merge", "split"} if merged else {"unmerge"}
    found = (said - wrong) if open_now else set()
    return frozenset(found | ({"link"} if session.role in TYING else set()))


def _who(plan: Plan | None) -> str:
    rights = plan.declarations if plan else {}
    roles = {role.value for kind in WAYS.values() if kind in rights for role in rights[kind].by}
    return listed(sorted(roles | {role.value for role in TYING}))


def _suggests(kind: LinkKind) -> bool:
    return kind is LinkKind.SUGGESTED


def _other(end: str, origin: str, target: str) -> str:
    return target if origin == end else origin


def _handed_on(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in fields.items() if name not in ("csrf", "sure"))
