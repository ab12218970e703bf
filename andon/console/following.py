"""Changes after the close: listed from the register, and settled by people's signed words."""

from __future__ import annotations

import asyncio

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.attesting import Attesting, acting_role
from andon.console.delivery import EndedError, EngineAwayError
from andon.console.models.change import (
    ChangeList,
    ChangeShown,
    DropBody,
    ProofBody,
    change_list,
    change_shown,
)
from andon.console.models.declaration import DeclarationBody
from andon.console.parts import Parts
from andon.console.refusals import RefusedError, away
from andon.domain.change import ChangeState
from andon.domain.declaration import Declaration, Declared
from andon.domain.errors import NotFoundError, SignatureError
from andon.domain.follow_up import CHANGE, CONTENT
from andon.domain.response import Refusal
from andon.domain.signing import DECLARATION_TYPE, sign
from andon.domain.values import IncidentId, Sha256Hex
from andon.ports import SealedText
from andon.register.changes import ChangeRow, Changes, Wanted
from andon.register.follow_ups import FollowUps
from andon.register.incidents import IncidentRow

RETRY_AFTER_SECONDS = 60


class Following:
    """Answers what has been promised, and takes what people say of it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._changes = Changes(parts.databases.register)
        self._follow_ups = FollowUps(parts.databases.register)
        self._attesting = Attesting(parts)

    async def listed(self, wanted: Wanted, caller: Caller, *, limit: int) -> ChangeList:
        """Return changes that fit; what they are is opened for those who may read incidents."""
        rows = await asyncio.to_thread(self._changes.find, wanted, limit=limit + 1)
        shown = [await self._shown(row, caller) for row in rows[:limit]]
        at = self._parts.now()
        sums = await asyncio.to_thread(lambda: self._changes.sums(at, system=wanted.system))
        return change_list(shown, sums, more=len(rows) > limit)

    async def one(self, incident: IncidentId, change: str, caller: Caller) -> ChangeShown:
        """Return one change.

        Raises:
            NotFoundError: the incident has no such change.
        """
        shown = await self._shown(await self._row(incident, change), caller)
        looks = await asyncio.to_thread(self._follow_ups.recurrences, incident)
        return shown.model_copy(update={"recurrence": tuple(one for one, _ in looks)})

    async def prove(
        self, row: IncidentRow, caller: Caller, change: str, body: ProofBody, idempotency_key: str | None
    ) -> ChangeShown:
        """Take it that a change is made; the same words under the same key count once.

        Raises:
            RefusedError: it has no effect; the access chain says so.
            ProblemError: it could not be delivered, or there is nothing yet that could take it.
        """
        content = {CONTENT: body.content} if body.content else {}
        said = DeclarationBody(
            kind=Declared.CHANGE_PROVEN, about={CHANGE: change, **content}, reason=body.proof, role=body.role
        )
        return await self._settle(row, caller, said, idempotency_key)

    async def drop(
        self, row: IncidentRow, caller: Caller, change: str, body: DropBody, idempotency_key: str | None
    ) -> ChangeShown:
        """Take it that a change will not be made; the same words under the same key count once.

        Raises:
            RefusedError: it has no effect; the access chain says so.
            ProblemError: it could not be delivered, or there is nothing yet that could take it.
        """
        said = DeclarationBody(
            kind=Declared.CHANGE_DROPPED, about={CHANGE: change}, reason=body.reason, role=body.role
        )
        return await self._settle(row, caller, said, idempotency_key)

    async def _settle(
        self, row: IncidentRow, caller: Caller, body: DeclarationBody, idempotency_key: str | None
    ) -> ChangeShown:
        acting_role(caller, body)
        standing = await self._row(row.incident, body.about[CHANGE])
        _must_take(row, standing)
        declaration = Declaration(
            **await self._attesting.fields("change", row, caller, body, idempotency_key)
        )
        envelope = sign(declaration, self._parts.attestation_seed, DECLARATION_TYPE)
        try:
            taken = await self._parts.engine.settle(row.incident, envelope, declaration.nonce)
        except EngineAwayError as error:
            raise away() from error
        except EndedError as error:
            raise _not_yet() from error
        # Sent again under its key, it is on record already.
        if taken.refusal is not None and not (taken.refusal is Refusal.REPLAYED and idempotency_key):
            raise RefusedError(taken.refusal, body.about[CHANGE])
        return await self.one(row.incident, body.about[CHANGE], caller)

    async def _row(self, incident: IncidentId, change: str) -> ChangeRow:
        rows = await asyncio.to_thread(self._changes.of, incident)
        found = next((row for row in rows if row.change.id == change), None)
        if found is None:
            raise NotFoundError("change", change)
        return found

    async def _shown(self, row: ChangeRow, caller: Caller) -> ChangeShown:
        opens = caller.role in READING
        what = await self._words(row.incident, row.change.link) if opens else None
        words = await self._words(row.incident, row.reason) if opens else None
        return change_shown(row, self._parts.now(), self._parts.url, what=what, words=words)

    async def _words(self, incident: IncidentId, digest: Sha256Hex | None) -> str | None:
        """Return a sealed text; None: there is none, or its key was destroyed."""
        if digest is None:
            return None
        try:
            kept = await asyncio.to_thread(self._parts.kept_texts.with_digest, incident, digest)
            return await self._parts.texts.open(SealedText(id=kept.id, digest=kept.digest))
        except (NotFoundError, SignatureError):
            return None


def _must_take(row: IncidentRow, change: ChangeRow) -> None:
    """Refuse what nothing could take."""
    if row.closed_at is None:
        raise ProblemError(
            409, "open", "The incident is open. Its changes are proven or dropped once it is closed."
        )
    if change.change.state is ChangeState.OPEN and not change.followed:
        raise _not_yet()


def _not_yet() -> ProblemError:
    return ProblemError(
        503,
        "not-begun",
        "Nobody keeps after this incident's changes yet. Send it again in a minute.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
