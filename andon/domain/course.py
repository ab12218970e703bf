"""The course of one question: what each answer, alarm and voiding makes of it, as pure steps.

Whether a deadline was kept is judged by when answers were received, never by the order in which
events arrive. So a breach is recorded before an answer that was received after it, even if no clock
has told of it yet; and it is withdrawn once it turns out that people had settled the question in time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from andon.domain.clock import Alarm, AlarmKind, alarms, sound
from andon.domain.decision import Accepted, DecisionRecord, Exhibit, settle
from andon.domain.ledger import Kind
from andon.domain.response import Statement, Verdict, unopened
from andon.domain.values import Instant, Sha256Hex


class Happened(NamedTuple):
    """What the ledger is to say of a step; the subject is the question."""

    kind: Kind
    at: Instant
    after: str = ""
    actor: str = "andon"
    reason: Sha256Hex | None = None
    digests: dict[str, Sha256Hex] = {}  # noqa: RUF012 - the default of a named tuple; nobody changes it
    facts: dict[str, str | int | bool] = {}  # noqa: RUF012 - as above
    alarm: Alarm | None = None


class Step(NamedTuple):
    """A question after something has happened to it, and what has, in this order."""

    record: DecisionRecord
    happened: tuple[Happened, ...]


Due = tuple[Instant, Callable[[], Step]]


def falls_due(record: DecisionRecord) -> tuple[Due, ...]:
    """Return the next alarm of an open question and its expiry, each with the step that it is."""
    if not record.open:
        return ()
    due: list[Due] = [(one.at, partial(ring, record, one)) for one in alarms(record)[:1]]
    if (expiry := record.request.expires_at) is not None:
        due.append((expiry, partial(void, record, expiry, expired=True)))
    return tuple(due)


def ring(record: DecisionRecord, alarm: Alarm) -> Step:
    """Sound an alarm, at its own time."""
    kind, after, facts = Kind.REMINDED, "", {}
    if alarm.kind is AlarmKind.BREACH:
        kind = Kind.DEADLINE_BREACHED
    elif alarm.kind is AlarmKind.RUNG:
        kind = Kind.ESCALATED
        facts = {"rung": alarm.rung + 1, "role": alarm.role.value if alarm.role else ""}
    elif alarm.kind is AlarmKind.DEFAULT:
        kind, after = Kind.DEFAULT_APPLIED, record.request.default or ""
    return Step(sound(record, alarm), (Happened(kind, alarm.at, after, facts=facts, alarm=alarm),))


def count(
    record: DecisionRecord, statement: Statement, digest: Sha256Hex, verdict: Verdict, at: Instant
) -> Step:
    """Count an answer that was judged to count, and settle the question if it can be.

    Args:
        record: the question as it stands; it is open.
        statement: the answer.
        digest: of its signed envelope.
        verdict: the judgement on it.
        at: when it reached the incident, which is not when it was received.
    """
    record, happened = _breached(record, lambda deadline: deadline < statement.received_at)
    accepted = Accepted(
        person=statement.person,
        role=statement.role,
        option=statement.option,
        findings=statement.findings,
        received_at=statement.received_at,
        late=verdict.late,
        nonce=statement.nonce,
        statement=digest,
    )
    record = record.model_copy(update={"accepted": (*record.accepted, accepted)})
    settled = _settled(record, at)
    taken = _accepted(statement, digest, verdict, unopened(statement, record.request), at)
    return Step(settled.record, (*happened, taken, *settled.happened))


def void(record: DecisionRecord, at: Instant, *, expired: bool = False) -> Step:
    """Void an open question: it expired, or what it was bound to has changed."""
    record, happened = _breached(record, lambda deadline: deadline <= at)
    kind = Kind.DECISION_EXPIRED if expired else Kind.DECISION_SUPERSEDED
    voided = record.model_copy(update={"superseded": True, "closed_at": at})
    return Step(voided, (*happened, Happened(kind, at)))


def _breached(record: DecisionRecord, passed: Callable[[Instant], bool]) -> Step:
    """Record a breach that no clock has told of yet.

    Only the breach: whoever stands on the ladder is not called to a question that is being closed.
    """
    breach = next((one for one in alarms(record) if one.kind is AlarmKind.BREACH), None)
    return ring(record, breach) if breach is not None and passed(breach.at) else Step(record, ())


def _accepted(
    statement: Statement, digest: Sha256Hex, verdict: Verdict, unseen: tuple[Exhibit, ...], at: Instant
) -> Happened:
    return Happened(
        Kind.RESPONSE_ACCEPTED,
        at,
        after=statement.option,
        actor=f"person:{statement.person}",
        reason=statement.reason,
        digests={"statement": digest, "directory": statement.standing.directory_digest},
        facts={
            "role": statement.role.value,
            "late": verdict.late,
            "received_at": statement.received_at.isoformat(),
            **({"unopened": ",".join(unseen)} if unseen else {}),
        },
    )


def _settled(record: DecisionRecord, at: Instant) -> Step:
    outcome = settle(record.request, record.accepted)
    if outcome is None:
        return Step(record, ())
    settled = record.model_copy(update={"outcome": outcome, "closed_at": at})
    happened = (Happened(Kind.DECISION_SETTLED, at, after=outcome),)
    in_time = [one for one in record.accepted if not one.late]
    if record.breached and settle(record.request, in_time) is not None:
        withdrawn = settled.model_copy(update={"breached": False})
        return Step(withdrawn, (Happened(Kind.BREACH_WITHDRAWN, at), *happened))
    return Step(settled, happened)
