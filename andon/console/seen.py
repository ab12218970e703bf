"""What the page of a question showed when it was opened, so that an answer from a stale page is not taken.

The page carries short digests of it in its form. They need no signature: whoever alters them fools nobody but
themselves, since the incident's workflow judges every answer by what is on record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from andon.console.models.decision import DecisionShown
from andon.console.models.incident import IncidentShown
from andon.console.screens.incident import gate_box
from andon.console.screens.moments import moment
from andon.console.screens.parts import SEVERITIES, role_name
from andon.console.screens.words import lower
from andon.domain.values import digest_of

DIGITS: Final = 12
LONGEST: Final = 400


def seen_now(incident: IncidentShown, decision: DecisionShown, now: datetime) -> dict[str, str]:
    """Return what stands on the page, as short digests by what they are of."""
    gate = [one.model_dump(mode="json") if one else None for one in (incident.gate, incident.evaluation)]
    return {
        "question": _short([decision.digest, decision.state, _expired(decision, now)]),
        "answers": f"{len(decision.responses)}.{_short([one.statement for one in decision.responses])}",
        "clock": _short([decision.breached, decision.defaulted]),
        "severity": incident.severity.value,
        "evidence": incident.evidence.root[:DIGITS] if incident.evidence else "none",
        "gate": _short(gate),
    }


def written(seen: Mapping[str, str]) -> str:
    """Return it as the value of a form's field."""
    return ",".join(f"{name}={value}" for name, value in seen.items())


def read(text: str) -> dict[str, str]:
    """Return what a form carries; whatever can't be read is left out."""
    parts = (one.partition("=") for one in text[:LONGEST].split(","))
    return {name: value for name, found, value in parts if found}


def changes(
    before: Mapping[str, str], incident: IncidentShown, decision: DecisionShown, now: datetime
) -> tuple[str, ...]:
    """Say in words what has changed since a page was opened; nothing for a form that does not carry it."""
    standing = seen_now(incident, decision, now)
    changed = {name for name, value in before.items() if name in standing and standing[name] != value}
    return tuple(_said(changed, before, incident, decision, now))


def newest(incident: IncidentShown, decision: DecisionShown) -> str:
    """Return the open question that was put in place of this one; empty if there is none."""
    if decision.state == "open":
        return ""
    found = [one.id for one in incident.decisions if one.kind is decision.kind and one.state == "open"]
    return found[-1] if found and found[-1] != decision.id else ""


def _said(
    changed: set[str],
    before: Mapping[str, str],
    incident: IncidentShown,
    decision: DecisionShown,
    now: datetime,
) -> Iterator[str]:
    if "answers" in changed:
        yield from _answers(before["answers"], decision, now)
    if "question" in changed:
        yield _question(decision, now)
    elif "clock" in changed:
        yield _clock(decision)
    if "evidence" in changed and incident.evidence:
        yield f"New evidence was sealed; items in the newest snapshot: {incident.evidence.items}."
    if "gate" in changed and (gate := gate_box(incident, now)):
        yield f"The gate was judged anew: it is {lower(gate.state.text.lower())}."
    elif "gate" in changed:
        yield "The evaluation that the gate rested on no longer counts."
    if "severity" in changed:
        yield f"The severity is {SEVERITIES[incident.severity].text.lower()} now."


def _answers(before: str, decision: DecisionShown, now: datetime) -> Iterator[str]:
    count, _, _ = before.partition(".")
    known = int(count) if count.isdecimal() and len(count) < 5 else 0
    fresh = decision.responses[known:] or decision.responses
    for one in fresh:
        at = moment(one.received_at, now)
        yield f"{one.person}, {role_name(one.role)}, answered “{lower(one.option)}” at {at.text}."


def _question(decision: DecisionShown, now: datetime) -> str:
    if decision.state == "superseded":
        return "This question is no longer asked in this form."
    if decision.state == "settled":
        return f"It has been decided: {lower(decision.outcome or 'no outcome')}."
    return "The question has expired." if _expired(decision, now) else "The question was changed."


def _clock(decision: DecisionShown) -> str:
    if decision.defaulted and decision.default:
        return f"Nobody answered in time, so “{lower(decision.default)}” applies; an answer is marked late."
    return "Its deadline has passed; an answer is marked late."


def _expired(decision: DecisionShown, now: datetime) -> bool:
    return decision.expires_at is not None and now > decision.expires_at


def _short(value: Sequence[object]) -> str:
    return digest_of(list(value))[:DIGITS]
