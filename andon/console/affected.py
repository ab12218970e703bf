"""The list of affected records: read, added to, worked off; each change is on record in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.declaring import Declaring
from andon.console.models.affected import AffectedBody, AffectedNoted
from andon.console.models.declaration import DeclarationBody
from andon.console.parts import Parts
from andon.console.reading import Reading
from andon.console.refusals import RefusedError
from andon.domain.affected import (
    AffectedRecord,
    Batch,
    NamedRecord,
    RecordState,
    Settled,
    Tally,
    check_batch,
    records_of,
    tally_of,
)
from andon.domain.custody import Access, AccessKind
from andon.domain.declaration import Declared
from andon.domain.errors import ErasedError, InvalidInputError, NotFoundError, SignatureError
from andon.domain.response import Refusal
from andon.domain.values import IncidentId
from andon.register.affected import AffectedBatches, KeptBatch
from andon.register.incidents import IncidentRow

SEALED_AS: Final = "affected"
TRIES: Final = 5
"""Changes of others that may come in between before somebody is asked to send theirs again."""


class Affected:
    """Keeps the lists. Who may change them the incident's workflow judges."""

    def __init__(self, parts: Parts, reading: Reading, declaring: Declaring) -> None:
        self._parts = parts
        self._reading = reading
        self._declaring = declaring
        self._batches = AffectedBatches(parts.databases.register)

    async def records(self, row: IncidentRow) -> list[AffectedRecord]:
        """Return an incident's list as it stands.

        Raises:
            ProblemError: 410, what is on it was erased; 500, it can't be read.
        """
        return records_of(await self._taken(row))

    async def _taken(self, row: IncidentRow) -> list[Batch]:
        try:
            kept = await asyncio.to_thread(self._batches.leading_to, row.incident, tally_in(row).head)
            opened = [await self._parts.texts.open(one.sealed) for one in kept]
        except ErasedError as error:
            raise ProblemError(410, "erased", "What is on this list was erased by policy.") from error
        except (NotFoundError, SignatureError) as error:
            raise ProblemError(500, "lost", "The list of affected records can't be read.") from error
        return [Batch.model_validate_json(one) for one in opened]

    async def looked(self, incident: IncidentId, caller: Caller, kind: AccessKind) -> None:
        """Put on record that somebody sees the list, before they do."""
        await self._parts.custody.access.write(
            Access(
                incident=incident,
                actor=f"person:{caller.person}",
                what=kind,
                at=self._parts.now(),
                item="affected_records",
                role=caller.role,
            )
        )

    async def change(
        self, incident: IncidentId, caller: Caller, body: AffectedBody, named: tuple[NamedRecord, ...] = ()
    ) -> AffectedNoted:
        """Add records, or settle some, and return how the list stands then.

        Args:
            incident: its id.
            caller: who changes it.
            body: what they change.
            named: records found in evidence that are to be added as well.

        Raises:
            ProblemError: it changes nothing, or can't be; it could not be delivered.
            RefusedError: it has no effect; the ledger says so.
        """
        for _ in range(TRIES):
            row = await self._reading.row(incident)
            try:
                return await self._changed(row, caller, body, named)
            except RefusedError as refused:
                if refused.refusal is not Refusal.OVERTAKEN:
                    raise
        raise RefusedError(Refusal.OVERTAKEN, Declared.AFFECTED.value)

    async def _changed(
        self, row: IncidentRow, caller: Caller, body: AffectedBody, named: tuple[NamedRecord, ...]
    ) -> AffectedNoted:
        before = tally_in(row)
        if caller.bar is not None:  # refused on record by the workflow; nothing is read or kept for them
            await self._declaring.take(row, caller, _declaration(body, before, before), None)
        taken = await self._taken(row)
        records = records_of(taken)
        batch = _batch(before, caller, body, records, named, self._parts.now())
        try:
            check_batch(records, batch)
        except InvalidInputError as error:
            raise ProblemError(422, "not-on-the-list", str(error)) from error
        sealed = await self._parts.texts.seal(row.incident, SEALED_AS, batch.model_dump_json())
        kept = KeptBatch(sealed=sealed, previous=before.head, at=batch.at)
        await asyncio.to_thread(self._batches.put, row.incident, kept)
        after = tally_of(records_of([*taken, batch]), sealed.digest)
        await self._declaring.take(row, caller, _declaration(body, before, after), None)
        return AffectedNoted(incident=row.incident, tally=after, said=after.reconciled())


def tally_in(row: IncidentRow) -> Tally:
    """Return what the incident's workflow knows of its list."""
    return row.view.impact.affected if row.view else Tally()


def _batch(
    before: Tally,
    caller: Caller,
    body: AffectedBody,
    records: Sequence[AffectedRecord],
    named: tuple[NamedRecord, ...],
    at: datetime,
) -> Batch:
    known = {one.key for one in records}
    still = tuple(one.number for one in records if one.state is RecordState.OPEN)
    settled = body.settle
    numbers = still if settled is not None and settled.all_open else settled.numbers if settled else ()
    return Batch(
        previous=before.head,
        person=caller.person,
        at=at,
        added=(*body.add, *(one for one in named if one.key not in known)),
        settled=(Settled(numbers=numbers, state=settled.state, because=settled.because),)
        if settled is not None and numbers
        else (),
    )


def _declaration(body: AffectedBody, before: Tally, after: Tally) -> DeclarationBody:
    about = {
        "batch": after.head,
        "previous": before.head,
        "all": str(after.all),
        "corrected": str(after.corrected),
        "cannot": str(after.cannot),
    }
    return DeclarationBody(kind=Declared.AFFECTED, about=about, reason=body.reason, role=body.role)
