"""The door's server: what it is made of, and what runs beside the requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.adapters.store.texts import SealedTexts
from andon.adapters.store.vault import AesVault
from andon.api.authentication import token_book
from andon.api.server import new_app
from andon.config import Settings, settings
from andon.domain.detection import DetectionReport
from andon.door import ofrep, routes
from andon.door.books import Books
from andon.door.drain import Drain
from andon.door.engine import Engine
from andon.door.flags import Flags
from andon.door.holding import Holding
from andon.door.intake import Intake
from andon.door.limit import StopLimit
from andon.door.opening import Secrets
from andon.door.policy import PolicyDesk
from andon.door.stop import Cord, StopRequest
from andon.register.detections import Detections
from andon.register.engine import Databases, open_databases
from andon.register.incidents import Incidents
from andon.register.keys import WrappedKeys
from andon.register.migrate import migrate
from andon.register.people import People
from andon.register.policies import Policies, Systems
from andon.register.switches import Switches
from andon.register.texts import Texts


def create_app(given: Settings | None = None) -> FastAPI:
    """Return the door on the databases, policies and keys of the settings."""
    chosen = given or settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        databases = await asyncio.to_thread(_opened, chosen)
        background = [asyncio.create_task(one) for one in _set_up(app, chosen, databases)]
        try:
            yield
        finally:
            for task in background:
                task.cancel()
            for task in background:
                with suppress(asyncio.CancelledError):
                    await task
            flags: Flags = app.state.flags
            flags.close()
            databases.close()

    app = new_app("Andon door", token_book(chosen), lifespan, (DetectionReport, StopRequest))
    app.include_router(routes.router)
    app.include_router(ofrep.router)
    return app


def _opened(chosen: Settings) -> Databases:
    migrate(chosen.databases)
    return open_databases(chosen.databases)


def _set_up(app: FastAPI, chosen: Settings, databases: Databases) -> list[Coroutine[Any, Any, None]]:
    """Put together what requests need in `app.state`; return what runs beside them.

    Raises:
        InvalidInputError: a policy file can't be used; the door does not start on a guess.
    """
    switches, incidents = Switches(databases.switches), Incidents(databases.register)
    flags = Flags(switches)
    policy = PolicyDesk(
        chosen.policy,
        Policies(databases.register),
        Systems(databases.register),
        People(databases.register),
        flags,
    )
    policy.load()
    keys = Secrets(chosen.keys.master.read_bytes(), chosen.keys.attestation.read_bytes())
    texts = SealedTexts(
        AesVault(chosen.keys.master, WrappedKeys(databases.register)), Texts(databases.register)
    )
    books = Books(incidents, Detections(databases.register), texts)
    engine = Engine(chosen.temporal)
    holding = Holding(FlagLever(switches, OpenFeatureProbe(chosen.door.url, chosen.probe_token)), switches)
    intake = Intake(
        incidents=incidents,
        books=books,
        policy=policy,
        keys=keys,
        engine=engine,
        holding=holding,
        limit=StopLimit(incidents, chosen.intake.stops_per_source_per_hour),
        console_url=chosen.console.url,
    )
    app.state.engine = engine
    app.state.flags = flags
    app.state.intake = intake
    app.state.cord = Cord(intake, books, policy, keys, holding, switches)
    app.state.body_bytes = chosen.intake.body_bytes
    app.state.depth = chosen.intake.depth
    drain = Drain(incidents, engine, holding, intake)
    return [policy.keep_current(), drain.keep_draining(), intake.joined.keep_telling()]
