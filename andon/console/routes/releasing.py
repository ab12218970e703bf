"""Pages on which a release in steps goes on, or back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.duties import Duties
from andon.console.models.declaration import DeclarationBody
from andon.console.models.incident import IncidentShown
from andon.console.pages import HEADERS, PageRoute
from andon.console.routes.answering import key_of
from andon.console.routes.places import Incident, Reader, Stating, ToDo
from andon.console.screens.releasing import ReleaseBox, release_box
from andon.console.visitors import Answering, check_csrf, form_of
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.register.incidents import IncidentRow

WITHOUT_A_WORD: Final = "Taken back."
"""Going back must not wait for a sentence."""

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/incidents/{incident}/release-steps")
async def step(
    request: Request,
    *,
    incident: Incident,
    session: Answering,
    reading: Reader,
    duties: ToDo,
    declaring: Stating,
) -> Response:
    """Take a step on or back; a second click on the same page takes none."""
    form = await form_of(request)
    check_csrf(form, session)
    row = await reading.row(incident)
    kind = Declared.STEP_BACK if form.get("way") == "back" else Declared.STEP_ON
    role = await acting(row, session.caller, duties, kind)
    await declaring.take(row, session.caller, _read(form, kind, role), key_of(form))
    return RedirectResponse(f"/incidents/{incident}#release", 303, headers=HEADERS)


async def ladder(
    row: IncidentRow, shown: IncidentShown, caller: Caller, duties: Duties, now: datetime
) -> ReleaseBox | None:
    """Return the steps as this reader sees them: what they may have taken, and no more."""
    return release_box(
        shown.release,
        shown.watch_until,
        over=shown.ending is not None,
        may_on=await acting(row, caller, duties, Declared.STEP_ON) is not None,
        may_back=await acting(row, caller, duties, Declared.STEP_BACK) is not None,
        now=now,
    )


async def acting(row: IncidentRow, caller: Caller, duties: Duties, kind: Declared) -> Role | None:
    """Return the role in which the caller may have a step taken; None: in none."""
    right = row.opening.plan.declarations.get(kind) if row.opening else None
    for role in right.by if right else ():
        if await duties.speaks_as(caller, role):
            return role
    return None


def _read(form: Mapping[str, str], kind: Declared, role: Role | None) -> DeclarationBody:
    reason = form.get("reason", "").strip() or (WITHOUT_A_WORD if kind is Declared.STEP_BACK else "")
    try:
        return DeclarationBody(kind=kind, about={"step": form.get("step", "")}, reason=reason, role=role)
    except ValidationError as error:
        raise ProblemError(
            400, "invalid-input", "Say in a sentence why it goes on now; at most 4000 characters."
        ) from error
