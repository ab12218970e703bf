"""The console as an application: parts, API, pages."""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import State

from andon.api.guards import refuse_unguarded
from andon.api.server import new_app
from andon.config import settings
from andon.console.affected import Affected
from andon.console.asking import Asking
from andon.console.cord import CordDesk
from andon.console.counting import Counting
from andon.console.custody import CustodyDesk
from andon.console.deciding import Deciding
from andon.console.declaring import Declaring
from andon.console.differing import Differing
from andon.console.duties import Duties
from andon.console.eval_case import EvalCases
from andon.console.explaining import Explaining
from andon.console.figures import FiguresDesk
from andon.console.following import Following
from andon.console.handing_out import OnlyDownloads
from andon.console.live import Live
from andon.console.live_states import States
from andon.console.models.affected import AffectedBody
from andon.console.models.change import DropBody, ProofBody
from andon.console.models.custody import ErasureBody, HoldBody, OriginalBody, Reasoned
from andon.console.models.declaration import DeclarationBody
from andon.console.models.directory import NewAbsence, Why
from andon.console.models.keys import NewKey, ProvenKey
from andon.console.models.proposal import ProposalBody
from andon.console.models.quarterly import UseBody
from andon.console.models.reproduction import ReproductionBody
from andon.console.models.response import ResponseBody, SignedBody
from andon.console.models.review import WordsBody
from andon.console.models.tokens import NewToken
from andon.console.opening import Reviewed
from andon.console.parts import Parts, open_parts
from andon.console.promising import Promising
from andon.console.quarterly import Quarterly
from andon.console.reach import Reaching
from andon.console.reading import Reading
from andon.console.reliving import Reliving
from andon.console.reports import Reports
from andon.console.reproducing import Reproducing
from andon.console.responding import Desk
from andon.console.review import ReviewDesk
from andon.console.routes import (
    access,
    affected,
    alarms,
    answering,
    auditing,
    change_pages,
    changes,
    custody,
    custody_pages,
    decisions,
    declarations,
    directory,
    duties,
    entrance,
    eval_case,
    explaining,
    exporting,
    figures,
    incidents,
    keys,
    known,
    links,
    live,
    log,
    metrics,
    my_keys,
    notices,
    pages,
    petitions,
    promising,
    proposals,
    provider,
    proving,
    quality,
    quality_pages,
    quarterly,
    reach,
    reach_pages,
    reading_file,
    releasing,
    reliving,
    report,
    reproductions,
    review,
    signing,
    sources,
    stopping,
    systems,
    tasks,
    terms,
    timeline,
    tokens,
    traces,
    tying,
    verifying,
    viewing,
    zone,
)
from andon.console.sessions import Sessions, cookie_name
from andon.console.slips import SealedSlips, slip_key
from andon.console.small_matters import SmallMatters
from andon.console.statics import Statics
from andon.console.system_desk import SystemDesk
from andon.console.tracing import Tracing
from andon.console.tying import LinkBody, Tying
from andon.console.verifying import Verifying
from andon.console.viewing import Viewing
from andon.console.wording import Wordings
from andon.domain.directory import Directory
from andon.register.touched import Touched

BODIES: Final = (
    AffectedBody,
    ProofBody,
    DropBody,
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
    ReproductionBody,
    UseBody,
    WordsBody,
    LinkBody,
)
"""What routes read from their bodies by themselves."""

APIS: Final = (
    changes.router,
    alarms.router,
    log.router,
    metrics.router,
    quarterly.api,
    figures.api,
    links.api,
    quality.router,
    tokens.api,
    sources.router,
    affected.router,
    reach.router,
    review.api,
    tying.api,
    eval_case.router,
    reproductions.router,
    access.router,
    custody.router,
    exporting.router,
    terms.router,
    traces.router,
    reliving.router,
    explaining.router,
    verifying.router,
    viewing.router,
    systems.router,
    incidents.router,
    decisions.router,
    proposals.router,
    declarations.router,
    tasks.router,
    directory.router,
    keys.router,
    notices.router,
)
"""What programs and the command line ask for."""
PAGES: Final = (
    change_pages.router,
    quality_pages.router,
    quarterly.router,
    figures.router,
    reach_pages.router,
    access.screens,
    custody_pages.router,
    reading_file.screens,
    review.screens,
    terms.screens,
    tying.screens,
    traces.screens,
    reliving.screens,
    explaining.screens,
    verifying.screens,
    auditing.screens,
    viewing.screens,
    systems.screens,
    stopping.router,
    entrance.router,
    links.router,
    proving.router,
    provider.router,
    my_keys.router,
    tokens.router,
    pages.router,
    timeline.router,
    answering.router,
    petitions.router,
    promising.router,
    duties.router,
    releasing.router,
    signing.router,
    known.router,
    live.router,
    report.router,
    zone.router,
)
"""What browsers show."""
ROUTERS: Final = (*APIS, *PAGES)


def create_app(parts: Parts | None = None) -> FastAPI:
    """Return the console; without `parts` it is built from this process's settings."""
    stands_on = parts or open_parts(settings())
    app = new_app("Andon console", stands_on.tokens, bodies=BODIES)
    _stand(app, stands_on)
    if stands_on.custody.terms.originals_url:
        app.add_middleware(OnlyDownloads, url=stands_on.custody.terms.originals_url)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", Statics())
    # What nothing above has taken.
    app.include_router(pages.elsewhere)
    refuse_unguarded(app.router)
    app.state.page_rules = live.PageRules(app.routes)
    return app


def _end(streams: Live, reliving: Reliving) -> None:
    """End what would keep the server from ending: open streams, and a replay."""
    streams.close()
    reliving.close()


def _stand(app: FastAPI, parts: Parts) -> None:
    """Put what routes work with where they find it."""
    wordings = Wordings(parts.policies)
    state = app.state
    state.parts = parts
    state.reading = Reading(parts, wordings)
    state.system_desk = SystemDesk(parts, state.reading)
    state.cord = CordDesk(parts, state.system_desk)
    state.tracing = Tracing(parts)
    state.reliving = Reliving(parts)
    state.explaining = Explaining(parts)
    state.verifying = Verifying(parts)
    state.reproducing = Reproducing(parts)
    state.small_matters = SmallMatters(parts)
    state.tying = Tying(parts)
    state.counting = Counting(parts.databases.register)
    state.quarterly = Quarterly(parts, state.counting)
    state.figures = FiguresDesk(parts, state.counting)
    state.reviewed = Reviewed(parts)
    state.asking = Asking(parts, wordings)
    state.declaring = Declaring(parts)
    state.following = Following(parts)
    state.affected = Affected(parts, state.reading, state.declaring)
    state.reaching = Reaching(parts, state.affected)
    state.declaring.look_with(state.reaching.check)
    state.declaring.look_with(Promising(parts).check)
    state.duties = Duties(parts, wordings)
    state.desk = Desk(parts, wordings)
    state.reviews = ReviewDesk(parts)
    state.desk.review_with(state.reviews.kept)
    state.eval_cases = EvalCases(parts)
    state.reports = Reports(parts)
    _let_in(state, parts)
    state.custody = CustodyDesk(parts, state.declaring, state.slips)
    state.viewing = Viewing(parts, state.slips)
    state.differing = Differing(parts, state.viewing)
    state.deciding = Deciding(
        parts, reading=state.reading, desk=state.desk, reviews=state.reviews, differing=state.differing
    )
    state.deciding.reach_with(state.reaching)


def _let_in(state: State, parts: Parts) -> None:
    """Put what lets people in, keeps their pages live and hands out one download."""
    state.cookie = cookie_name(parts.url)
    state.sessions = Sessions(parts.session_key, parts.sessions, parts.tokens, parts.sign_in, parts.now)
    states = States(Touched(parts.databases.register), parts.switches)
    state.live = Live(states, state.sessions, parts.live, parts.now)
    state.ending = partial(_end, state.live, state.reliving)
    state.slips = SealedSlips(slip_key(parts.session_key), parts.slips, parts.now)
