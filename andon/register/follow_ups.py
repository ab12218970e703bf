"""Follow-ups on closed incidents: which are to be begun, and what each step of one leaves behind.

Whatever is kept here follows from entries of the incident's access chain, from which it can be had again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, and_, func, or_, select, update

from andon.domain.change import Change, ChangeState
from andon.domain.custody import AccessKind
from andon.domain.follow_up import CHANGE, STEP, FollowUp, FollowUpTerms, Look, Step
from andon.domain.incident import Ending, IncidentView, OpenIncident
from andon.domain.ledger import Chain, Entry
from andon.domain.recurrence import Later, Looked, Recurrence, causes_of, recurrence_told
from andon.register.access_chain import AccessChain
from andon.register.change_tables import changes, follow_up_steps, follow_ups, recurrences
from andon.register.changes import change_row
from andon.register.engine import insert_if_absent, reading, together, writing
from andon.register.links import LinkKind, Links
from andon.register.tables import incidents, ledger_entries

NO_INCIDENT: Final = frozenset({Ending.FALSE_POSITIVE, Ending.QUALITY_ISSUE, Ending.MERGED})
"""What ended so is not one more of anything."""


class FollowUps:
    """One row an incident that is followed up on, and one each step."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._links = Links(engine)
        self._chain = AccessChain(engine)

    def to_follow(self, terms: FollowUpTerms, before: datetime, limit: int = 50) -> list[FollowUp]:
        """Return closed incidents with changes, not followed to the end and not seen to since `before`."""
        query = (
            select(incidents.c.incident, incidents.c.opening, incidents.c.view)
            .outerjoin(follow_ups, follow_ups.c.incident == incidents.c.incident)
            .where(
                incidents.c.incident.in_(select(changes.c.incident)),
                incidents.c.closed_at.is_not(None),
                incidents.c.opening.is_not(None),
                incidents.c.view.is_not(None),
                follow_ups.c.ended_at.is_(None),
                or_(follow_ups.c.looked_at.is_(None), follow_ups.c.looked_at < before),
            )
            .order_by(incidents.c.closed_at, incidents.c.incident)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
            return [_follow_up(connection, row, terms) for row in rows]

    def seen_to(self, incident: str, at: datetime) -> None:
        """Note that somebody has seen to it that a follow-up runs."""
        with writing(self._engine) as connection:
            insert_if_absent(connection, follow_ups, {"incident": incident}, on=("incident",))
            connection.execute(
                update(follow_ups).where(follow_ups.c.incident == incident).values(looked_at=at)
            )

    def record(self, step: Step) -> bool:
        """Write a step into the access chain, and what follows from it; a repeat changes nothing.

        Returns whether it is a new one.
        """
        with together(self._engine), writing(self._engine) as connection:
            if _stands(connection, step.access.incident, step.key):
                return False
            if step.statement is not None:
                entry = self._chain.append_with(step.access, step.statement)
            else:
                (entry,) = self._chain.append([step.access])
            self._take(connection, entry)
            return True

    def rebuild(self, incident: str) -> None:
        """Have the rows of a closed incident again from its access chain; what stands already stays."""
        query = (
            select(ledger_entries.c.entry)
            .where(ledger_entries.c.incident == incident, ledger_entries.c.chain == Chain.ACCESS)
            .order_by(ledger_entries.c.sequence)
        )
        with together(self._engine), writing(self._engine) as connection:
            for text in connection.execute(query).scalars().all():
                entry = Entry.model_validate_json(text)
                key = str(entry.facts.get(STEP, ""))
                if key and not _stands(connection, incident, key):
                    self._take(connection, entry)

    def look(self, look: Look) -> list[Later]:
        """Return the incidents of the same AI system that opened within so many days of a close."""
        query = (
            select(incidents.c.incident, incidents.c.opened_at, incidents.c.view)
            .where(
                incidents.c.system == look.system,
                incidents.c.incident != look.incident,
                incidents.c.exercise.is_(False),
                incidents.c.opened_at > look.closed_at,
                incidents.c.opened_at <= look.closed_at + timedelta(days=look.days),
            )
            .order_by(incidents.c.opened_at, incidents.c.incident)
        )
        with reading(self._engine) as connection:
            return list(_later(connection.execute(query)))

    def steps(self, incident: str) -> int:
        """Count the steps of an incident's follow-up that are on record."""
        query = select(func.count()).where(follow_up_steps.c.incident == incident)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def recurrences(self, incident: str) -> list[tuple[Recurrence, datetime]]:
        """Return what the looks at one incident have found, and when each was taken."""
        query = select(recurrences).where(recurrences.c.incident == incident).order_by(recurrences.c.days)
        with reading(self._engine) as connection:
            return [
                (Recurrence.model_validate_json(row.recurrence), row.measured_at)
                for row in connection.execute(query)
            ]

    def looked(self, since: datetime, until: datetime, system: str | None = None) -> list[Looked]:
        """Return the looks from `since` on and before `until`, one for each change of their incident."""
        query = (
            select(changes, recurrences.c.measured_at, recurrences.c.recurrence, incidents.c.closed_at)
            .join(recurrences, recurrences.c.incident == changes.c.incident)
            .join(incidents, incidents.c.incident == changes.c.incident)
            .where(
                recurrences.c.measured_at >= since,
                recurrences.c.measured_at < until,
                changes.c.exercise.is_(False),
            )
            .order_by(recurrences.c.measured_at, changes.c.incident, changes.c.place, recurrences.c.days)
        )
        if system is not None:
            query = query.where(changes.c.system == system)
        with reading(self._engine) as connection:
            return [_looked(row) for row in connection.execute(query)]

    def _take(self, connection: Connection, entry: Entry) -> None:
        """Bring the rows to where an entry says that they are."""
        key = {"incident": entry.incident, "key": str(entry.facts[STEP]), "sequence": entry.sequence}
        insert_if_absent(connection, follow_up_steps, key, on=("incident", "key"))
        kind = AccessKind(entry.kind)
        if kind is AccessKind.FOLLOW_UP_BEGUN:
            connection.execute(
                update(changes).where(changes.c.incident == entry.incident).values(followed=True)
            )
        elif kind is AccessKind.FOLLOW_UP_ENDED:
            insert_if_absent(connection, follow_ups, {"incident": entry.incident}, on=("incident",))
            connection.execute(
                update(follow_ups).where(follow_ups.c.incident == entry.incident).values(ended_at=entry.at)
            )
        elif kind in (AccessKind.CHANGE_PROVEN, AccessKind.CHANGE_DROPPED):
            _settle(connection, entry)
        elif kind is AccessKind.RECURRENCE_MEASURED:
            self._keep(connection, entry)

    def _keep(self, connection: Connection, entry: Entry) -> None:
        found = recurrence_told(entry.facts)
        row = {
            "incident": entry.incident,
            "days": found.days,
            "measured_at": entry.at,
            "recurrence": found.model_dump_json(),
        }
        insert_if_absent(connection, recurrences, row, on=("incident", "days"))
        for again in found.again:
            self._links.add(
                LinkKind.RECURRENCE,
                entry.incident,
                again.incident,
                why=again.why[0],
                at=entry.at,
                by="andon",
            )


def _stands(connection: Connection, incident: str, key: str) -> bool:
    query = select(follow_up_steps.c.key).where(
        follow_up_steps.c.incident == incident, follow_up_steps.c.key == key
    )
    return connection.execute(query).first() is not None


def _settle(connection: Connection, entry: Entry) -> None:
    name = str(entry.facts[CHANGE])
    here = and_(changes.c.incident == entry.incident, changes.c.id == name)
    standing = connection.execute(select(changes.c.change).where(here)).scalar()
    if standing is None:
        return
    change, person = Change.model_validate_json(standing), entry.actor.removeprefix("person:")
    state = ChangeState.DONE if entry.kind == AccessKind.CHANGE_PROVEN else ChangeState.DROPPED
    proof = {"proof": entry.reason, "proven_at": entry.at, "proven_by": person}
    now = change.model_copy(update={"state": state, **(proof if state is ChangeState.DONE else {})})
    connection.execute(
        update(changes)
        .where(here)
        .values(
            state=state,
            change=now.model_dump_json(),
            settled_at=entry.at,
            settled_by=person,
            reason=entry.reason,
            followed=True,
        )
    )


def _follow_up(connection: Connection, row: Row[Any, Any, Any], terms: FollowUpTerms) -> FollowUp:
    opening = OpenIncident.model_validate_json(row.opening)
    view = IncidentView.model_validate_json(row.view)
    here = select(changes).where(changes.c.incident == row.incident).order_by(changes.c.place)
    done = select(follow_up_steps.c.key).where(follow_up_steps.c.incident == row.incident)
    assert view.closed_at is not None  # noqa: S101 - only closed ones are asked for
    return FollowUp(
        incident=row.incident,
        system=view.system,
        severity=view.severity,
        exercise=view.exercise,
        closed_at=view.closed_at,
        policy=opening.plan.policy,
        trusted=dict(opening.plan.trusted),
        business_owner=opening.plan.owner,
        lead=view.lead,
        causes=causes_of(view.findings),
        changes=tuple(change_row(one).change for one in connection.execute(here)),
        terms=terms,
        done=tuple(connection.execute(done.order_by(follow_up_steps.c.sequence)).scalars()),
    )


def _later(rows: Iterable[Row[Any]]) -> Iterator[Later]:
    for row in rows:
        view = IncidentView.model_validate_json(row.view) if row.view else None
        if view is not None and view.ending in NO_INCIDENT:
            continue
        causes = causes_of(view.findings if view else {})
        yield Later(incident=row.incident, opened_at=row.opened_at, causes=causes)


def _looked(row: Row[Any]) -> Looked:
    change, found = Change.model_validate_json(row.change), Recurrence.model_validate_json(row.recurrence)
    made = change.proven_at or (row.closed_at if change.state is ChangeState.DONE else None)
    return Looked(
        incident=row.incident,
        system=row.system,
        change=change.id,
        type=change.type,
        owner=change.owner,
        days=found.days,
        measured_at=row.measured_at,
        in_effect_at=made,
        again=found.again,
        unknown=found.unknown,
    )
