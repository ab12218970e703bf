"""Naming a further change while an incident is open: who owns it must be somebody."""

from __future__ import annotations

from andon.api.problems import ProblemError
from andon.console.models.declaration import DeclarationBody
from andon.console.parts import Parts
from andon.domain.declaration import Declared
from andon.domain.finding import fits, wanted
from andon.domain.promised import GIVEN
from andon.register.incidents import IncidentRow


class Promising:
    """Looks at changes that are declared, before they are delivered."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def check(self, _: IncidentRow, body: DeclarationBody) -> None:
        """Refuse a change that nobody could make, with what it takes; the workflow judges all else.

        Raises:
            ProblemError: 422, the type, the owner or the day can't be.
        """
        if body.kind is not Declared.CHANGE:
            return
        at = self._parts.now()
        for name, sort in GIVEN.items():
            given = body.about.get(name)
            if given is not None and not fits(given, (sort.mark,), at):
                raise ProblemError(422, "not-a-change", f"{name}: this takes {wanted((sort.mark,))}.")
        owner = body.about.get("owner", "")
        standing = await self._parts.directory.standing(owner, at)
        if owner and (not standing.known or standing.suspended or standing.shared):
            detail = f"owner: {owner} is nobody who counts in the directory; name somebody by their id."
            raise ProblemError(422, "not-a-person", detail)
