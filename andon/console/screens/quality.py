"""The pages of quality issues and near misses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from andon.console.models.quality import IssueListed, IssueShown, NearMissList, SuggestionList
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.tied import LinkLine, link_lines, why_in_words
from andon.console.screens.words import lower, plain


@dataclass(frozen=True, slots=True)
class IssueLine:
    """One issue in a list."""

    id: str
    href: str | None
    title: str
    kind: str
    state: str
    severity: str
    potential: str
    system: str
    count: int
    last_seen: Moment


@dataclass(frozen=True, slots=True)
class SuggestionLine:
    """Two incidents that may be one."""

    one: str
    other: str
    why: str
    since: Moment


@dataclass(frozen=True, slots=True)
class IssueScreen:
    """The page of one issue."""

    line: IssueLine
    cause: str
    actual: str
    incident: str | None
    settled: Moment | None
    settled_by: str
    reason: str
    detections: tuple[tuple[str, str, Moment, Moment], ...]
    links: tuple[LinkLine, ...]


def issue_line(issue: IssueListed, now: datetime, *, linked: bool) -> IssueLine:
    """Return one issue in a list."""
    return IssueLine(
        id=issue.id,
        href=f"/quality/{issue.id}" if linked else None,
        title=issue.title or issue.id,
        kind=plain(issue.classification),
        state=plain(issue.state),
        severity=plain(issue.severity),
        potential=plain(issue.potential) if issue.potential else "",
        system=issue.system,
        count=issue.count,
        last_seen=moment(issue.last_seen, now),
    )


def missed_lines(near: NearMissList, now: datetime, *, linked: bool) -> list[IssueLine]:
    """Return near misses in a list."""
    return [
        IssueLine(
            id=one.id,
            href=(f"/quality/{one.id}" if one.id.startswith("QI-") else f"/incidents/{one.id}")
            if linked
            else None,
            title=one.title or one.id,
            kind="Near miss",
            state=plain(one.state),
            severity=plain(one.actual),
            potential=plain(one.potential) if one.potential else "not known",
            system=one.system,
            count=one.count,
            last_seen=moment(one.detected_at, now),
        )
        for one in near.near_misses
    ]


def suggestion_lines(found: SuggestionList, now: datetime) -> list[SuggestionLine]:
    """Return what may be one incident."""
    return [
        SuggestionLine(one=one.one, other=one.other, why=why_in_words(one.why), since=moment(one.at, now))
        for one in found.suggestions
    ]


def issue_screen(issue: IssueShown, now: datetime) -> IssueScreen:
    """Return the page of one issue."""
    return IssueScreen(
        line=issue_line(issue, now, linked=False),
        cause=lower(issue.cause.replace(":", ": ")) if issue.cause else "nothing that can be counted",
        actual=plain(issue.actual),
        incident=issue.incident,
        settled=maybe(issue.settled_at, now),
        settled_by=issue.settled_by or "",
        reason=issue.reason or "",
        detections=tuple(
            (
                one.id,
                one.source.partition(":")[2] or one.source,
                moment(one.detected_at, now),
                moment(one.received_at, now),
            )
            for one in issue.detections
        ),
        links=tuple(link_lines(issue.id, issue.links, now)),
    )
