"""Default deny: every route of an application names who may send it, or the application is not made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Router

from andon.api.authentication import Rule

SHARED_FILES: Final = frozenset({"/static"})
"""Mounted applications that hand out the same few files to everybody."""


class UnguardedRouteError(Exception):
    """A route that would be open by mistake."""


class Open:
    """As a dependency: this route is meant for everybody, known or not."""

    async def __call__(self) -> None:
        """Let the request in."""


OPEN: Final = Depends(Open())


def guards_of(routes: Iterable[BaseRoute]) -> dict[str, Rule | None]:
    """Return who may send each request, by `METHOD /path`; None: everybody.

    Raises:
        UnguardedRouteError: a route names nobody.
    """
    found: dict[str, Rule | None] = {}
    for route in _flat(routes):
        rule = _rule_of(route)
        found |= {f"{method} {route.path}": rule for method in sorted(route.methods or ())}
    return found


def refuse_unguarded(router: Router) -> None:
    """Refuse to go on with a route that names nobody.

    Raises:
        UnguardedRouteError: there is one.
    """
    guards_of(router.routes)


def _flat(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        within = getattr(route, "original_router", None)
        if within is not None:
            yield from _flat(within.routes)
        elif isinstance(route, APIRoute):
            yield route
        elif not (isinstance(route, Mount) and route.path in SHARED_FILES):
            raise UnguardedRouteError(f"{route} is no route that can be guarded")


def _rule_of(route: APIRoute) -> Rule | None:
    calls = [one.call for one in _all(route.dependant)]
    for call in calls:
        if isinstance(call, Rule):
            return call
        rule = getattr(call, "rule", None)  # how the guards of pages carry theirs
        if isinstance(rule, Rule):
            return rule
    if any(isinstance(call, Open) for call in calls):
        return None
    raise UnguardedRouteError(
        f"{route.path} names nobody who may send it: give it `only(...)`, a visitor, or `OPEN`"
    )


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for one in dependant.dependencies:
        yield from _all(one)
