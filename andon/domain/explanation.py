"""What those who use an AI system are told of a stop and a restart: made of codes, times and roles alone.

A draft holds no names and no words of anybody. What a person makes of it is sealed like a reason, and only
what was published is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Final

from pydantic import Field

from andon.domain.change import ChangeState, ChangeType
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.denial import why
from andon.domain.directory import Role
from andon.domain.explained import Explained
from andon.domain.incident import Ending, IncidentView
from andon.domain.use import ENDING_FINDING, Use, UseShown, decided_use
from andon.domain.values import Carried, Instant, Slug


class SystemNotice(Carried):
    """What those who use an AI system are told now."""

    system: Slug
    name: str
    use: Use
    says: tuple[str, ...] = Field(description="plain sentences")
    since: Instant | None = None
    instead: str = Field("", description="what to do instead, while it is stopped or limited")
    watched_until: Instant | None = None
    explanation: str | None = Field(None, description="published by a person; None: there is none yet")
    explained_at: Instant | None = None


STATES: Final = {
    Use.RUNNING: "It is in use as usual.",
    Use.LIMITED: "It is in use with limits.",
    Use.STOPPED: "It is stopped.",
    Use.NARROWED: "It is in use for part of its purpose only. The rest was not taken up again.",
    Use.RETIRED: "It is retired and will not come back into use.",
    Use.NOT_RESTARTED: "It was not put back into use.",
}


NOT_RESTARTING: Final = "not_restarting"
ROLES: Final = {Role.BUSINESS_OWNER: "its business owner", Role.LEGAL: "the legal department"}
CHANGES: Final = {
    ChangeType.PROMPT: "its instructions",
    ChangeType.PERMISSION: "what it is allowed to do",
    ChangeType.TOOL: "the tools it uses",
    ChangeType.SOURCE: "the sources it relies on",
    ChangeType.DATA: "the data it relies on",
    ChangeType.GUARDRAIL: "the checks on what it puts out",
    ChangeType.CONTROL: "the checks on what it puts out",
    ChangeType.MONITORING: "how it is watched",
    ChangeType.UI: "how it is shown to people",
    ChangeType.PROCESS: "how people work with it",
    ChangeType.POLICY: "the rules for its use",
    ChangeType.APPROVED_USE: "what it may be used for",
    ChangeType.TRAINING: "how people are trained for it",
    ChangeType.EVAL: "the tests it has to pass",
    ChangeType.FALLBACK: "what is done when it is stopped",
}
"""What was changed, in words for those who use it; all else is `how it is set up`."""


def notice_of(
    system: Slug,
    name: str,
    shown: UseShown,
    reasons: Iterable[str],
    *,
    instead: str = "",
    restarted: IncidentView | None = None,
    explanation: str | None = None,
) -> SystemNotice:
    """Return the notice about an AI system.

    Args:
        system: its id.
        name: what it is called.
        shown: how it is used.
        reasons: codes of what its holds were put on for.
        instead: what people do by hand.
        restarted: the incident after which it was let go last, if it is watched or explained.
        explanation: what was published of it.
    """
    says = [STATES[shown.use]]
    if shown.use in (Use.STOPPED, Use.LIMITED):
        known = dict.fromkeys(map(why, reasons))
        says += [f"The reason: {reason}. People are looking into it." for reason in known]
    until = restarted.watch_until if restarted is not None and restarted.closed_at is None else None
    if until is not None:
        says.append(f"It was put back into use and is watched more closely until {moment(until)}.")
    explained = explained_of(restarted) if explanation else None
    return SystemNotice(
        system=system,
        name=name,
        use=shown.use,
        says=tuple(says),
        since=shown.since,
        instead=instead if shown.use is not Use.RUNNING else "",
        watched_until=until,
        explanation=explanation,
        explained_at=explained.at if explained else None,
    )


def explained_of(view: IncidentView | None) -> Explained | None:
    """Return the explanation of an incident that still holds; a relapse makes an earlier one past."""
    told = view.rest.get("explained") if view is not None else None
    if view is None or not isinstance(told, dict):
        return None
    found = Explained.model_validate(told)
    return found if found.relapses == view.relapses else None


def explainable(view: IncidentView) -> bool:
    """Whether there is anything to explain: it was let go again, or it is decided that it is not."""
    return _restart(view) is not None or _not_restarting(view) is not None


def draft(view: IncidentView, name: str, kind: str | None) -> str:
    """Return a first explanation, for a person to edit."""
    stopped = min((record.order.ordered_at for record in view.orders), default=None)
    what = f"{name} was stopped" if stopped is not None else f"Something was reported about {name}"
    at = f" on {moment(stopped)}" if stopped is not None else f" on {moment(view.detected_at)}"
    return " ".join([f"{what}{at}: {why(kind or '')}.", *_changed(view), *_decided(view), *_watched(view)])


def _changed(view: IncidentView) -> list[str]:
    made = [one for one in view.changes.values() if one.state is ChangeState.DONE or one.fixes]
    kinds = list(dict.fromkeys(CHANGES.get(one.type, "how it is set up") for one in made))
    if _restart(view) is None:
        return []
    found = [f"Since then this was changed: {listed(kinds)}."] if kinds else []
    if view.gate is not None and view.gate.open:
        found.append("It was tested again, with what had happened as one of the cases, and passed.")
    return found


def _decided(view: IncidentView) -> list[str]:
    restart, ending = _restart(view), _not_restarting(view)
    if restart is not None and restart.closed_at is not None:
        roles = listed([ROLES.get(one.role, one.role.value.replace("_", " ")) for one in restart.accepted])
        return [f"It was allowed to run again on {moment(restart.closed_at)} by {roles}."]
    return [STATES[ending]] if ending is not None else []


def _watched(view: IncidentView) -> list[str]:
    if _restart(view) is None or view.watch_until is None:
        return []
    return [f"It is watched more closely until {moment(view.watch_until)}, and is stopped again if it fails."]


def _restart(view: IncidentView) -> DecisionRecord | None:
    """Return the decision to restart that holds; a relapse since then makes it past."""
    if view.watch_until is None:
        return None
    found = [one for one in view.decisions if one.request.kind is DecisionKind.RESTART]
    return next((one for one in found[-1:] if one.outcome == "restart"), None)


def _not_restarting(view: IncidentView) -> Use | None:
    found = [one for one in view.decisions if one.request.kind is DecisionKind.REMEDIATION]
    last = next((one for one in found[-1:] if one.outcome == NOT_RESTARTING), None)
    if last is None:
        return None
    said = next((one.findings.get(ENDING_FINDING) for one in last.accepted), None)
    return decided_use(Ending.NOT_RESTARTED, said)


def listed(words: Sequence[str]) -> str:
    """Return words with commas and an `and`."""
    unique = list(dict.fromkeys(words))
    return " and ".join(part for part in (", ".join(unique[:-1]), *unique[-1:]) if part)


def moment(at: Instant) -> str:
    """Return a time as people who use it read it."""
    here = at.astimezone(UTC)
    return f"{here.day} {here:%B %Y, %H:%M} UTC"
