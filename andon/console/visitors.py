"""Who visits a page, and whether a form was sent from one of ours."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Collection
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from andon.api.authentication import Rule
from andon.api.bodies import NO_NUL, read_body
from andon.api.problems import ProblemError
from andon.console.access import LISTING, READING
from andon.console.keeping import keep_form
from andon.console.pages import ForgedFormError, SignInNeededError
from andon.console.screens.parts import role_name
from andon.console.sessions import Session, Sessions
from andon.console.zones import in_zone
from andon.domain.access import EXPLAINED
from andon.domain.directory import Role

logger = logging.getLogger(__name__)

FORM_BYTES: Final = 64 * 1024
FIELDS_AT_MOST: Final = 100
OUR_OWN: Final = frozenset({"same-origin", "none"})


async def session_of(request: Request) -> Session | None:
    """Return the visitor's session, if they are signed in."""
    sessions: Sessions = request.app.state.sessions
    session = await sessions.read(request.cookies.get(request.app.state.cookie, ""))
    if session is not None:
        session = await in_zone(request, session)
        request.state.session = session
        request.state.person = session.caller.person
    return session


class Visitor:
    """As a dependency of a page: lets people in who are signed in with one of these roles."""

    def __init__(self, roles: Collection[Role], *, answering: bool = False) -> None:
        self.rule = Rule(frozenset(roles), answering=answering)

    async def __call__(self, request: Request) -> Session:
        """Return the session.

        Raises:
            SignInNeededError: they are not signed in.
            ProblemError: 403, this is not for them.
        """
        session = await session_of(request)
        if session is None:
            raise SignInNeededError(await _kept(request))
        if session.caller.bar is not None:
            bar, person = session.caller.bar, session.caller.person
            logger.warning("somebody who is barred came", extra={"person": person, "bar": bar.value})
            if not self.rule.answering:
                request.state.session = None  # nothing more is shown to them, not even who they are
                raise ProblemError(403, bar.value.replace("_", "-"), EXPLAINED[bar])
        if session.role not in self.rule.roles:
            raise ProblemError(
                403,
                "forbidden",
                f"You are signed in as {role_name(session.role)}, who may not read this. "
                "Sign in again in another role you hold.",
            )
        return session


Listing = Annotated[Session, Depends(Visitor(LISTING))]
Reading = Annotated[Session, Depends(Visitor(READING))]
Answering = Annotated[Session, Depends(Visitor(READING, answering=True))]
"""Somebody who is barred gets through too: their answer is refused on record. Show them nothing."""


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form that was sent from a page of this console.

    Raises:
        ForgedFormError: a browser says that it comes from elsewhere.
        ProblemError: it is too large, or no form.
    """
    check_origin(request)
    content = await read_body(request, FORM_BYTES, instead="Shorten the text.")
    try:
        fields = parse_qsl(
            content.decode(), keep_blank_values=True, max_num_fields=FIELDS_AT_MOST, errors="strict"
        )
    except ValueError as error:
        raise ProblemError(400, "invalid-input", "The form can't be read. Open the page again.") from error
    if any("\0" in text for field in fields for text in field):
        raise ProblemError(400, "invalid-input", NO_NUL)
    return dict(fields)


async def _kept(request: Request) -> str:
    if request.method != "POST":
        return ""
    try:
        return await keep_form(request, await form_of(request))
    except ProblemError:
        return ""  # no form of ours: there is nothing to keep


def check_csrf(form: dict[str, str], session: Session) -> None:
    """Refuse a form without this session's own token.

    Raises:
        ForgedFormError: it has none, or another session's.
    """
    if not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
        raise ForgedFormError


def from_elsewhere(request: Request) -> bool:
    """Whether a link on another site led here: then a browser withholds a SameSite=Strict cookie."""
    return request.headers.get("sec-fetch-site") in ("cross-site", "same-site")


def check_origin(request: Request) -> None:
    """Refuse a form that a browser says comes from elsewhere.

    Raises:
        ForgedFormError: it does.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in OUR_OWN:
            raise ForgedFormError
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForgedFormError
