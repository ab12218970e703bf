"""Pages on which people take an incident in hand and close their tasks."""

from __future__ import annotations

import secrets
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.duties import Duties
from andon.console.models.declaration import DeclarationBody
from andon.console.models.task import TaskShown
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.reading import Reading as Incidents
from andon.console.routes.answering import key_of
from andon.console.routes.places import Incident, Reader, Stating, TaskId, ToDo
from andon.console.screens.moments import zone_key
from andon.console.screens.tasks import task_screen
from andon.console.sessions import Session
from andon.console.step_up import typed_before
from andon.console.visitors import Answering, Reading, check_csrf, form_of
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.task import TaskState

HAVE_IT: Final = "I have it."

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/incidents/{incident}/acknowledgement")
async def acknowledge(
    request: Request,
    *,
    incident: Incident,
    session: Answering,
    reading: Reader,
    duties: ToDo,
    declaring: Stating,
) -> Response:
    """Take it that the business owner, or who stands in for them, has the incident in hand."""
    form = await form_of(request)
    check_csrf(form, session)
    speaks = await duties.speaks_as(session.caller, Role.BUSINESS_OWNER)
    body = DeclarationBody(
        kind=Declared.ACKNOWLEDGED, reason=HAVE_IT, role=Role.BUSINESS_OWNER if speaks else None
    )
    await declaring.take(await reading.row(incident), session.caller, body, key_of(form))
    return RedirectResponse(f"/incidents/{incident}", 303, headers=HEADERS)


@router.get("/incidents/{incident}/tasks/{task}")
async def task(
    request: Request, *, incident: Incident, task: TaskId, session: Reading, reading: Reader, duties: ToDo
) -> Response:
    """Show a task, with what its role needs in the moment."""
    typed = await typed_before(request, session)
    return await _page(reading, duties, session, incident, task, form=typed)


@router.post("/incidents/{incident}/tasks/{task}")
async def close(
    request: Request,
    *,
    incident: Incident,
    task: TaskId,
    session: Answering,
    reading: Reader,
    duties: ToDo,
    declaring: Stating,
) -> Response:
    """Close a task; a second click on the same page closes nothing twice."""
    form = await form_of(request)
    check_csrf(form, session)
    row = await reading.row(incident)
    try:
        wanted = await duties.one(row, session.caller, task)
        body = _read(form, wanted)
        await declaring.take(row, session.caller, body, key_of(form))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await _page(reading, duties, session, incident, task, form=form, problem=problem)
    return RedirectResponse(f"/incidents/{incident}#tasks", 303, headers=HEADERS)


async def _page(
    reading: Incidents,
    duties: Duties,
    session: Session,
    incident: str,
    task: str,
    *,
    form: dict[str, str] | None = None,
    problem: ProblemError | None = None,
) -> Response:
    """Return the page; after a problem with what was typed, and the same key."""
    found = await reading.incident(incident, session.caller)
    wanted = await duties.one(await reading.row(incident), session.caller, task)
    now = await reading.now_of(session.caller)
    return render(
        "task.html",
        session=session,
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        screen=task_screen(found, wanted, now),
        typed=(form or {}).get("reason", ""),
        form=form or {},
        look_back=wanted.look_back.since.isoformat() if wanted.look_back else "",
        problem=problem.detail if problem else "",
        key=key_of(form) if form is not None else secrets.token_urlsafe(24),
        zone=zone_key(now),
    )


def _read(form: dict[str, str], task: TaskShown) -> DeclarationBody:
    try:
        state = TaskState(form.get("state", ""))
        about = {"task": task.id, "state": state.value}
        found = task.look_back is not None and state is TaskState.DONE
        if found:
            about = {"task": task.id, **{name: form.get(name, "").strip() for name in ("since", "found")}}
        return DeclarationBody(
            kind=Declared.LOOKED_BACK if found else Declared.TASK,
            about=about,
            reason=form.get("reason", ""),
            role=task.acting,
        )
    except (ValidationError, ValueError) as error:
        raise ProblemError(
            400,
            "invalid-input",
            "Say in a sentence what was done, or why it can't be; at most 4000 characters.",
        ) from error
