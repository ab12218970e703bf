"""Prometheus Alertmanager's webhook, version 4: each alert of a notification is taken by itself."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from andon.api.authentication import Caller
from andon.api.bodies import read_json
from andon.api.problems import ProblemError
from andon.domain.mapping import reports_in
from andon.domain.sender import Says
from andon.domain.source import SourceKind
from andon.domain.values import Frozen
from andon.door.senders.callers import Sent, sender, sent_by
from andon.door.senders.cloudevents import DEEPER
from andon.door.senders.described import JSON, NOTIFICATION, foreign
from andon.door.senders.reception import Handled, Reception

VERSION: Final = "4"
RESOLVED: Final = "resolved"
MOST: Final = 500
"""Alerts of one notification."""

router = APIRouter(prefix="/v1", tags=["senders"])


class Alert(BaseModel):
    """What is needed of an alert; the rest is kept and read by the mapping."""

    model_config = ConfigDict(extra="allow")

    status: str
    labels: dict[str, Any]
    fingerprint: str = Field(min_length=1)
    startsAt: str = Field(min_length=1)  # noqa: N815 - Alertmanager's name


class Notification(BaseModel):
    """What is needed of a notification."""

    model_config = ConfigDict(extra="allow")

    version: str
    alerts: list[Alert] = Field(min_length=1, max_length=MOST)
    truncatedAlerts: int = Field(0, ge=0)  # noqa: N815 - Alertmanager's name


class HandledAlerts(Frozen):
    """What became of each alert, in their order."""

    alerts: tuple[Handled, ...]
    truncated: int = Field(description="alerts that Alertmanager left out; raise or drop its max_alerts")


@router.post(
    "/alertmanager",
    status_code=202,
    response_model=HandledAlerts,
    openapi_extra=foreign({JSON: NOTIFICATION}),
)
async def take(
    request: Request, caller: Annotated[Caller, Depends(sender(SourceKind.ALERTMANAGER))]
) -> JSONResponse:
    """Take a notification: what fires opens or joins an incident, what is resolved is noted with it."""
    sent = await sent_by(caller, request, SourceKind.ALERTMANAGER)
    told = read_json(sent.body, request.app.state.depth + DEEPER)
    notification = _notification(told)
    try:
        handled = [
            await _taken(request, sent, alert, number)
            for number, alert in enumerate(reports_in(SourceKind.ALERTMANAGER, told))
        ]
    except ProblemError as error:
        raise _again(error) from error
    answer = HandledAlerts(alerts=tuple(handled), truncated=notification.truncatedAlerts)
    return JSONResponse(answer.model_dump(mode="json"), 202)


async def _taken(request: Request, sent: Sent, alert: dict[str, Any], number: int) -> Handled:
    reception: Reception = request.app.state.reception
    if alert["status"] == RESOLVED:
        return await reception.note(sent, alert, Says.RESOLVED)
    return await reception.take(sent, alert, number=number)


def _notification(told: dict[str, Any]) -> Notification:
    try:
        notification = Notification.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ProblemError(
            400, "not-alertmanager", f"This is no notification of Alertmanager: {place}: {first['msg']}"
        ) from error
    if notification.version != VERSION:
        raise ProblemError(
            400,
            "not-alertmanager",
            f"version: {notification.version[:20]!r} is not known; Alertmanager sends {VERSION}.",
        )
    return notification


def _again(error: ProblemError) -> ProblemError:
    """Return an error after which Alertmanager tries again: it gives up on any below 500."""
    if error.status != 429:
        return error
    return ProblemError(503, error.kind, error.detail, headers=error.headers)
