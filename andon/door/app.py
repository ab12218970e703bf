"""The door's server: what it is made of, and what runs beside the requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from andon.adapters.store.uploads import UploadFolder
from andon.api.authentication import token_book
from andon.api.guards import refuse_unguarded
from andon.api.problems import ProblemError
from andon.api.server import new_app
from andon.api.vouching import Vouching, vouching_key
from andon.bootstrap.door import DoorParts, open_door_parts
from andon.config import Settings, settings
from andon.domain.detection import DetectionReport
from andon.door import backlog, evidence_routes, issue_routes, notice_routes, ofrep, routes, streams
from andon.door.backlog import BacklogDesk
from andon.door.drain import Drain
from andon.door.flags import Flags
from andon.door.notices import Notices
from andon.door.opening import Secrets
from andon.door.policy import PolicyDesk
from andon.door.promoting import Promoting
from andon.door.repeats import Repeats
from andon.door.senders.wiring import ROUTERS, receive
from andon.door.session_digests import SessionDigests
from andon.door.spool import Spool, SpoolFullError
from andon.door.stop import Cord, StopRequest
from andon.door.streams import Streams
from andon.door.taking_in import TakingIn, taking_in
from andon.door.tickets import Tickets
from andon.door.uploads import UploadDesk

RETRY_AFTER: Final = "5"
"""Seconds after which a sender may try again when nothing could be kept."""
OWN: Final = (
    routes.router,
    evidence_routes.router,
    issue_routes.router,
    notice_routes.router,
    ofrep.router,
    streams.router,
    backlog.router,
)


def create_app(given: Settings | None = None) -> FastAPI:
    """Return the door on the databases, policies and keys of the settings."""
    chosen = given or settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = await asyncio.to_thread(open_door_parts, chosen)
        master = chosen.keys.master.read_bytes()
        flags = Flags(parts.queries.switches, SessionDigests(master))
        app.state.tickets = Tickets(master)
        app.state.streams = Streams(flags, app.state.tickets, chosen.flags.streams)
        app.state.ending = app.state.streams.close
        spool = Spool(chosen.intake.spool or chosen.data_dir / "spool", master)
        background: list[asyncio.Task[None]] = []
        try:
            beside = await asyncio.to_thread(_set_up, app, chosen, parts, flags, spool)
            background += [asyncio.create_task(one) for one in beside]
            yield
        finally:
            for task in background:
                task.cancel()
            for task in background:
                with suppress(asyncio.CancelledError):
                    await task
            flags.close()
            app.state.tokens.close()
            spool.close()
            parts.queries.databases.close()

    app = new_app("Andon door", token_book(chosen), lifespan, (DetectionReport, StopRequest))
    for router in (*OWN, *ROUTERS):
        app.include_router(router)
    app.add_exception_handler(SpoolFullError, _not_kept)
    refuse_unguarded(app.router)
    return app


async def _not_kept(_: Request, __: Exception) -> Response:
    told = "Nothing was kept: neither the register nor the door's own disk takes anything. Send it again."
    return ProblemError(503, "not-kept", told, headers={"Retry-After": RETRY_AFTER}).response()


def _set_up(
    app: FastAPI, chosen: Settings, parts: DoorParts, flags: Flags, spool: Spool
) -> list[Coroutine[Any, Any, None]]:
    """Put together what requests need in `app.state`; return what runs beside them.

    Raises:
        InvalidInputError: a policy file can't be used; the door does not start on a guess.
    """
    queries = parts.queries
    app.state.tokens.look_in(queries.databases.register)
    app.state.tokens.take_vouchers(Vouching(vouching_key(chosen.keys.master), lambda: datetime.now(UTC)))
    policy = PolicyDesk(chosen, queries.policies, queries.systems, queries.people, flags)
    policy.load()
    keys = Secrets(chosen.keys.master.read_bytes(), chosen.keys.attestation.read_bytes())
    taking = taking_in(chosen, parts, policy, keys, spool)
    taking.outage.load()
    _put_at_hand(app, chosen, parts, policy, keys, taking)
    app.state.flags = flags
    words = receive(app, chosen, queries, policy, keys, taking.engine)
    drain = Drain(queries.incidents, taking.engine, taking.holding, taking.intake)
    return [
        policy.keep_current(),
        drain.keep_draining(),
        taking.outage.keep_draining(taking.intake.joined),
        taking.intake.joined.keep_telling(),
        taking.weather.keep_watching(),
        words.keep_telling(),
        app.state.uploads.keep_sweeping(),
        app.state.streams.keep_watching(),
    ]


def _put_at_hand(
    app: FastAPI, chosen: Settings, parts: DoorParts, policy: PolicyDesk, keys: Secrets, taking: TakingIn
) -> None:
    """Put what requests use into `app.state`."""
    queries, intake = parts.queries, taking.intake
    app.state.engine = taking.engine
    app.state.intake = intake
    app.state.promoting = Promoting(
        issues=queries.issues,
        detections=queries.detections,
        texts=parts.texts,
        policy=policy,
        placing=taking.placing,
        intake=intake,
    )
    app.state.repeats = Repeats(queries.detections, intake.as_it_stands)
    app.state.cord = Cord(intake, taking.books, policy, keys, taking.holding, queries.switches)
    app.state.body_bytes = chosen.intake.body_bytes
    app.state.depth = chosen.intake.depth
    app.state.elsewhere = routes.EVIDENCE_ELSEWHERE.format(door=chosen.door.url)
    folder = UploadFolder(chosen.data_dir, chosen.keys.master)
    app.state.notices = Notices(policy, queries.switches, queries.incidents, queries.uses, parts.texts)
    app.state.status_pages = chosen.flags.status_pages
    app.state.uploads = UploadDesk(folder, queries.uploads, chosen.intake)
    app.state.backlog = BacklogDesk(intake, taking.engine, policy, queries.waits, queries.storms)
