"""What every route needs: the console's parts, and path values that are what they seem."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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


def of_app(name: str) -> Callable[[Request], Awaitable[object]]:
    """Return a dependency: what the application holds under this name, typed by whoever asks for it."""

    async def held(request: Request) -> object:
        found: object = getattr(request.app.state, name)
        return found

    return held


Stock = Annotated[Parts, Depends(of_app("parts"))]
Reader = Annotated[Reading, Depends(of_app("reading"))]
Noting = Annotated[Reviewed, Depends(of_app("reviewed"))]
Taking = Annotated[Desk, Depends(of_app("desk"))]
Petitions = Annotated[Asking, Depends(of_app("asking"))]
ToDo = Annotated[Duties, Depends(of_app("duties"))]
Stating = Annotated[Declaring, Depends(of_app("declaring"))]
Incident = Annotated[str, Path(max_length=64, description="`INC-...`; one that can't be is not found")]
Digest = Annotated[Sha256Hex, Path(description="SHA-256 in hexadecimal")]
TaskId = Annotated[str, Path(max_length=64, description="`<code>-<n>`")]
DecisionId = Annotated[str, Path(max_length=64, description="`<kind>-<n>`")]
Speaker = Annotated[Caller, Depends(only(EVERYBODY, Scope.RESPOND, answering=True))]
"""Whoever says something on record; whether it counts is not the route's to judge."""
RepeatKey = Annotated[str | None, Header(min_length=8, max_length=200)]
