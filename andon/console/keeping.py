"""Keeping what somebody typed into a form whose session had ended when it was sent."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from andon.console.pages import came_from
from andon.console.sessions import Sessions
from andon.console.slips import SealedSlips
from andon.console.step_up import KEPT_FOR, NEVER_KEPT, Held
from andon.register.slips import Slip

KEPT: Final = "/kept/"


async def keep_form(request: Request, form: dict[str, str]) -> str:
    """Seal a form for the person whose session it came from, and return the address that gives it back.

    Empty unless the form carries the token of the session that the browser's cookie names: whoever was never
    signed in can make the console keep nothing. Nothing of it is done; only its person gets it back.
    """
    sessions: Sessions = request.app.state.sessions
    cookie = request.cookies.get(request.app.state.cookie, "")
    person = await sessions.ended_of(cookie, form.get("csrf", ""))
    typed = {name: text for name, text in form.items() if name not in NEVER_KEPT and text.strip()}
    if person is None or not typed:
        return ""
    slips: SealedSlips = request.app.state.slips
    held = Held(person=person, path=came_from(request, request.url.path), fields=typed)
    return KEPT + await slips.put(Slip.HELD, held, KEPT_FOR)
