"""The console as an application: parts, API, pages."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from andon.api.guards import refuse_unguarded
from andon.api.server import new_app
from andon.config import settings
from andon.console.affected import Affected
from andon.console.asking import Asking
from andon.console.custody import CustodyDesk
from andon.console.declaring import Declaring
from andon.console.duties import Duties
from andon.console.models.affected import AffectedBody
from andon.console.models.custody import ErasureBody, HoldBody, OriginalBody, Reasoned
from andon.console.models.declaration import DeclarationBody
from andon.console.models.directory import NewAbsence, Why
from andon.console.models.keys import NewKey, ProvenKey
from andon.console.models.proposal import ProposalBody
from andon.console.models.response import ResponseBody, SignedBody
from andon.console.models.tokens import NewToken
from andon.console.opening import Reviewed
from andon.console.parts import Parts, open_parts
from andon.console.reach import Reaching
from andon.console.reading import Reading
from andon.console.reports import Reports
from andon.console.responding import Desk
from andon.console.routes import (
    access,
    affected,
    alarms,
    answering,
    custody,
    custody_pages,
    decisions,
    declarations,
    directory,
    duties,
    entrance,
    exporting,
    incidents,
    keys,
    known,
    links,
    log,
    metrics,
    my_keys,
    notices,
    pages,
    petitions,
    proposals,
    provider,
    proving,
    quality,
    quality_pages,
    reach,
    reach_pages,
    reading_file,
    releasing,
    report,
    signing,
    sources,
    systems,
    tasks,
    terms,
    tokens,
    traces,
    viewing,
)
from andon.console.sessions import Sessions, cookie_name
from andon.console.slips import SealedSlips, slip_key
from andon.console.small_matters import SmallMatters
from andon.console.statics import Statics
from andon.console.tracing import Tracing
from andon.console.viewing import Viewing
from andon.console.wording import Wordings
from andon.domain.directory import Directory

BODIES: Final = (
    AffectedBody,
    ResponseBody,
    SignedBody,
    ProposalBody,
    DeclarationBody,
    OriginalBody,
    HoldBody,
    ErasureBody,
    Reasoned,
    Directory,
    NewAbsence,
    Why,
    NewKey,
    ProvenKey,
    NewToken,
)
"""What routes read from their bodies by themselves."""


def create_app(parts: Parts | None = None) -> FastAPI:
    """Return the console; without `parts` it is built from this process's settings."""
    stands_on = parts or open_parts(settings())
    wordings = Wordings(stands_on.policies)
    app = new_app("Andon console", stands_on.tokens, bodies=BODIES)
    app.state.parts = stands_on
    app.state.reading = Reading(stands_on, wordings)
    app.state.tracing = Tracing(stands_on)
    app.state.viewing = Viewing(stands_on)
    app.state.small_matters = SmallMatters(stands_on)
    app.state.reviewed = Reviewed(stands_on)
    app.state.asking = Asking(stands_on, wordings)
    app.state.declaring = Declaring(stands_on)
    app.state.affected = Affected(stands_on, app.state.reading, app.state.declaring)
    app.state.reaching = Reaching(stands_on, app.state.affected)
    app.state.declaring.look_with(app.state.reaching.check)
    app.state.duties = Duties(stands_on, wordings)
    app.state.desk = Desk(stands_on, wordings)
    app.state.reports = Reports(stands_on)
    app.state.cookie = cookie_name(stands_on.url)
    app.state.sessions = Sessions(
        stands_on.session_key, stands_on.sessions, stands_on.tokens, stands_on.sign_in, stands_on.now
    )
    app.state.slips = SealedSlips(slip_key(stands_on.session_key), stands_on.slips, stands_on.now)
    app.state.custody = CustodyDesk(stands_on, app.state.declaring, app.state.slips)
    app.include_router(alarms.router)
    app.include_router(log.router)
    app.include_router(metrics.router)
    app.include_router(links.api)
    app.include_router(quality.router)
    app.include_router(quality_pages.router)
    app.include_router(tokens.api)
    app.include_router(sources.router)
    app.include_router(affected.router)
    app.include_router(reach.router)
    app.include_router(reach_pages.router)
    app.include_router(access.router)
    app.include_router(access.screens)
    app.include_router(custody.router)
    app.include_router(custody_pages.router)
    for taken_along in (exporting.router, reading_file.screens):
        app.include_router(taken_along)
    app.include_router(terms.router)
    app.include_router(terms.screens)
    app.include_router(traces.router)
    app.include_router(traces.screens)
    app.include_router(viewing.router)
    app.include_router(viewing.screens)
    for routes in (systems, incidents, decisions, proposals, declarations, tasks, directory, keys, notices):
        app.include_router(routes.router)
    for screens in (entrance, links, proving, provider, my_keys, tokens):
        app.include_router(screens.router)
    for screens in (pages, answering, petitions, duties, releasing, signing, known, report):
        app.include_router(screens.router)
    app.mount("/static", Statics())
    app.include_router(pages.elsewhere)
    refuse_unguarded(app.router)
    return app
