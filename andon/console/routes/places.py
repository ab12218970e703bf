"""What every route needs: the console's parts, and path values that are what they seem."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Path, Request

from andon.api.authentication import Caller, only
from andon.console.access import EVERYBODY
from andon.console.asking import Asking
from andon.console.declaring import Declaring
from andon.console.duties import Duties
from andon.console.opening import Reviewed
from andon.console.parts import Parts
from andon.console.reading import Reading
from andon.console.responding import Desk
from andon.domain.access import Scope
from andon.domain.values import Sha256Hex


def parts_of(request: Request) -> Parts:
    """Return the parts of this application."""
    parts: Parts = request.app.state.parts
    return parts


def reading_of(request: Request) -> Reading:
    """Return the reader of this application."""
    reading: Reading = request.app.state.reading
    return reading


def desk_of(request: Request) -> Desk:
    """Return where answers are taken in this application."""
    desk: Desk = request.app.state.desk
    return desk


def reviewed_of(request: Request) -> Reviewed:
    """Return what keeps which exhibits people have opened."""
    reviewed: Reviewed = request.app.state.reviewed
    return reviewed


def asking_of(request: Request) -> Asking:
    """Return where people ask for decisions in this application."""
    asking: Asking = request.app.state.asking
    return asking


def declaring_of(request: Request) -> Declaring:
    """Return where people state things in this application."""
    declaring: Declaring = request.app.state.declaring
    return declaring


def duties_of(request: Request) -> Duties:
    """Return what knows the tasks in this application."""
    duties: Duties = request.app.state.duties
    return duties


Stock = Annotated[Parts, Depends(parts_of)]
Reader = Annotated[Reading, Depends(reading_of)]
Noting = Annotated[Reviewed, Depends(reviewed_of)]
Taking = Annotated[Desk, Depends(desk_of)]
Petitions = Annotated[Asking, Depends(asking_of)]
ToDo = Annotated[Duties, Depends(duties_of)]
Stating = Annotated[Declaring, Depends(declaring_of)]
Incident = Annotated[str, Path(max_length=64, description="`INC-...`; one that can't be is not found")]
Digest = Annotated[Sha256Hex, Path(description="SHA-256 in hexadecimal")]
TaskId = Annotated[str, Path(max_length=64, description="`<code>-<n>`")]
DecisionId = Annotated[str, Path(max_length=64, description="`<kind>-<n>`")]
Speaker = Annotated[Caller, Depends(only(EVERYBODY, Scope.RESPOND, answering=True))]
"""Whoever says something on record; whether it counts is not the route's to judge."""
RepeatKey = Annotated[str | None, Header(min_length=8, max_length=200)]
