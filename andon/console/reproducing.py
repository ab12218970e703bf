"""Having an incident's failing input sent to the staging copy: who may, whether there is one, on record."""

from __future__ import annotations

import secrets

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.delivery import EngineAwayError
from andon.console.models.reproduction import ReproductionShown
from andon.console.parts import Parts
from andon.domain.custody import Access, AccessKind
from andon.domain.staging import ReproductionCall
from andon.register.incidents import IncidentRow


class Reproducing:
    """Asks the evaluation worker, which alone may read the input and keep what comes back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def ask(self, row: IncidentRow, caller: Caller) -> ReproductionShown:
        """Send the input once, and return what came back, or that it is not over.

        Raises:
            ProblemError: 409, the AI system's file names no staging copy; 503, nobody took it.
        """
        system = self._parts.systems.system(row.system)
        if system is None or system.staging is None:
            raise ProblemError(
                409,
                "no-staging",
                f"The file of {row.system} names no staging copy. Input is never sent to production.",
            )
        call = ReproductionCall(
            incident=row.incident,
            system=row.system,
            asked_by=caller.person,
            id=f"r{secrets.token_hex(8)}",
        )
        await self._parts.custody.access.write(
            Access(
                incident=row.incident,
                actor=f"person:{caller.person}",
                what=AccessKind.REPRODUCED,
                at=self._parts.now(),
                item=call.id,
                role=caller.role,
            )
        )
        try:
            result = await self._parts.engine.reproduce(call)
        except EngineAwayError as error:
            raise ProblemError(503, "engine-away", "It could not be begun now: ask again.") from error
        return ReproductionShown(
            incident=row.incident, id=call.id, state="over" if result else "running", result=result
        )
