"""PagerDuty Events API v2, as its clients speak it: they change the URL, and the key is one of our tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from andon.api.authentication import Caller, TokenBook
from andon.api.bodies import read_json
from andon.api.problems import ProblemError
from andon.api.token_form import MAX_TOKEN
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.sender import Says
from andon.domain.source import SourceKind
from andon.domain.values import Frozen
from andon.door.senders.callers import Sender, body_of, sent_by
from andon.door.senders.cloudevents import DEEPER
from andon.door.senders.described import JSON, PAGERDUTY, foreign
from andon.door.senders.reception import Handled, Reception

ROUTING_KEY: Final = "routing_key"
LONGEST_KEY: Final = 255
"""Characters of a dedup_key (Events API v2)."""
LONGEST_SUMMARY: Final = 1024
SEVERITIES: Final = ("critical", "error", "warning", "info")
SAID: Final = {"acknowledge": Says.ACKNOWLEDGED, "resolve": Says.RESOLVED}
ACTIONS: Final = ("trigger", *SAID)

router = APIRouter(prefix="/v2", tags=["senders"])


class Enqueued(Frozen):
    """The answer that clients of the Events API expect, and what became of the event."""

    status: str
    message: str
    dedup_key: str
    andon: Handled


class Invalid(Frozen):
    """What is wrong with an event, as clients of the Events API read it."""

    status: str = "invalid event"
    message: str = "Event object is invalid"
    errors: tuple[str, ...]


@dataclass(frozen=True)
class RoutingKey(Sender):
    """Knows a caller by the routing key of the event, which is an access token."""

    async def known(self, request: Request) -> Caller:
        """Return whose the routing key is.

        Raises:
            ProblemError: 401, nobody's.
        """
        if "authorization" in request.headers:
            return await super().known(request)
        body = await body_of(request)
        try:
            key = read_json(body, request.app.state.depth + DEEPER).get(ROUTING_KEY)
        except ProblemError:
            key = None  # whoever sends what can't be read has not said who they are
        book: TokenBook = request.app.state.tokens
        found = None
        if isinstance(key, str) and 0 < len(key) <= MAX_TOKEN:
            found = await book.identify(key.strip())
        if found is None:
            raise ProblemError(
                401,
                "unauthenticated",
                "routing_key: give an access token of the role detector; `andon tokens create` makes one.",
                headers={"WWW-Authenticate": 'Bearer realm="andon"'},
            )
        request.state.person = found.person
        return found


KEYED: Final = RoutingKey(frozenset({Role.DETECTOR}), Scope.INTAKE, kind=SourceKind.PAGERDUTY)


@router.post(
    "/enqueue",
    status_code=202,
    response_model=Enqueued,
    responses={400: {"model": Invalid}},
    openapi_extra=foreign({JSON: PAGERDUTY}),
)
async def enqueue(request: Request, caller: Annotated[Caller, Depends(KEYED)]) -> JSONResponse:
    """Take an event: trigger opens or joins an incident, acknowledge and resolve are noted with it."""
    sent = await sent_by(caller, request, SourceKind.PAGERDUTY)
    event = read_json(sent.body, request.app.state.depth + DEEPER)
    # It is a credential, and what came in is kept.
    event.pop(ROUTING_KEY, None)
    errors = _errors(event)
    if errors:
        return JSONResponse(Invalid(errors=tuple(errors)).model_dump(), 400)
    event.setdefault("dedup_key", secrets.token_hex(16))
    reception: Reception = request.app.state.reception
    action = event["event_action"]
    if action in SAID:
        handled = await reception.note(sent, event, SAID[action], by=caller.person)
    else:
        handled = await reception.take(sent, event, by=caller.person)
    answer = Enqueued(
        status="success", message="Event processed", dedup_key=event["dedup_key"], andon=handled
    )
    return JSONResponse(answer.model_dump(mode="json"), 202)


def _errors(event: dict[str, Any]) -> list[str]:
    action, key = event.get("event_action"), event.get("dedup_key")
    errors = []
    if action not in ACTIONS:
        errors.append(f"'event_action' is missing or invalid (must be one of {', '.join(ACTIONS)})")
    if key is None:
        event.pop("dedup_key", None)
    elif not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
        errors.append(f"'dedup_key' must be a string of at most {LONGEST_KEY} characters")
    if action in SAID and key is None:
        errors.append(f"'dedup_key' is missing: {action} needs the key of what was triggered")
    if action == "trigger":
        errors += _payload_errors(event.get("payload"))
    return errors


def _payload_errors(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or invalid"]
    errors = [
        f"'payload.{name}' is missing or blank"
        for name in ("summary", "source")
        if not isinstance(payload.get(name), str) or not payload[name].strip()
    ]
    if len(str(payload.get("summary", ""))) > LONGEST_SUMMARY:
        errors.append(f"'payload.summary' is longer than {LONGEST_SUMMARY} characters")
    if payload.get("severity") not in SEVERITIES:
        errors.append(f"'payload.severity' is invalid (must be one of {', '.join(SEVERITIES)})")
    return errors
