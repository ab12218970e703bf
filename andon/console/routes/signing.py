"""The page on which a person signs their answer with a passkey."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.deciding import Sent, carried
from andon.console.keyring import Keyring
from andon.console.models.response import SignedBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.parts import Parts
from andon.console.passkeys import passkeys_of, rp_of, signed, signing
from andon.console.reading import Reading as Incidents
from andon.console.responding import Asked, asked_of
from andon.console.routes.answering import Asked as Asking
from andon.console.routes.answering import read_answer
from andon.console.routes.keys import Keys
from andon.console.routes.places import DecisionId, Incident, Reader, Stock, Taking
from andon.console.screens.parts import role_name
from andon.console.screens.statement import bound_of, said_lines, sentence
from andon.console.screens.words import plain
from andon.console.sessions import Session
from andon.console.slips import SealedSlips
from andon.console.step_up import KEPT_FOR, Held, typed_before, way_back
from andon.console.visitors import Answering, Reading, Visitor, check_csrf, form_of
from andon.console.wording import Wordings
from andon.domain.errors import NotFoundError
from andon.domain.personal_keys import PersonalKey
from andon.domain.response import Said
from andon.domain.values import canonical
from andon.register.slips import Slip

PLACE = "/incidents/{incident}/decisions/{decision}/signature"

SAID: Final = "said"
SHOWN_TO = Visitor(READING)

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(PLACE)
async def prepared(
    request: Request,
    *,
    incident: Incident,
    decision: DecisionId,
    session: Reading,
    reading: Reader,
    keys: Keys,
    stock: Stock,
) -> Response:
    """Show what was prepared to be signed; without that, or once answered, lead back to the question."""
    form = await typed_before(request, session)
    asked = asked_of(await reading.row(incident), decision, session.caller, None)
    given = asked.record.accepted if asked.record else ()
    if form is None or SAID not in form or any(one.person == session.caller.person for one in given):
        return RedirectResponse(_question(incident, decision), 303, headers=HEADERS)
    return (await _page(asked, session, keys, stock)).render(_read(form[SAID]), form)


@router.post(PLACE)
async def sign(
    request: Request,
    *,
    incident: Incident,
    decision: DecisionId,
    session: Answering,
    reading: Reader,
    desk: Taking,
    keys: Keys,
    stock: Stock,
    deciding: Asking,
) -> Response:
    """Show what is to be signed; once it is, deliver it.

    Sensitive questions ask for no other proof of presence here: the passkey is one.
    """
    form = await form_of(request)
    check_csrf(form, session)
    if SAID not in form:
        # Whoever is barred may send an answer, to be refused on record, and is shown nothing before.
        await SHOWN_TO(request)
    asked = await _asked(reading, session, incident, decision)
    try:
        await deciding.check(incident, decision, session, form)
        if SAID not in form:
            to_sign = (await desk.prepare(asked, read_answer(form))).said
            kept = {**dict(carried(form)), SAID: canonical(to_sign).decode()}
            return await _shown_at(request, session, kept)
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        # What is to be signed is made anew from the question's own page, where what changed is told.
        return await deciding.page(incident, decision, session, sent=Sent(form, problem))
    said, page = _read(form[SAID]), await _page(asked, session, keys, stock)
    try:
        await desk.take_signed(asked, SignedBody(said=said, signature=signed(form, page.keys)))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return page.render(said, form, problem)
    return RedirectResponse(f"{_question(incident, decision)}#answer", 303, headers=HEADERS)


async def _asked(reading: Incidents, session: Session, incident: str, decision: str) -> Asked:
    """Return what is answered, in the role the person answers in."""
    asked = asked_of(await reading.row(incident), decision, session.caller, None)
    return replace(asked, role=await reading.acting(asked.record, session.caller) or asked.role)


async def _shown_at(request: Request, session: Session, fields: dict[str, str]) -> Response:
    """Lead to an address at which what was prepared is shown: the way back in the browser leads there too."""
    slips: SealedSlips = request.app.state.slips
    held = Held(person=session.caller.person, path=request.url.path, fields=fields)
    return RedirectResponse(way_back(held, await slips.put(Slip.HELD, held, KEPT_FOR)), 303, headers=HEADERS)


async def _page(asked: Asked, session: Session, keys: Keyring, stock: Parts) -> _Page:
    rp = rp_of(stock.url)
    owner = await keys.owner(session.caller.person)
    mine = passkeys_of(owner, rp, stock.now()) if rp else ()
    return _Page(asked, session, Wordings(stock.policies), rp, mine)


@dataclass(frozen=True, slots=True)
class _Text:
    title: str
    option: str
    does: str


@dataclass(frozen=True, slots=True)
class _Page:
    asked: Asked
    session: Session
    wordings: Wordings
    rp: str | None
    keys: tuple[PersonalKey, ...]

    def render(self, said: Said, form: dict[str, str], problem: ProblemError | None = None) -> Response:
        """Return the page; `form` is what was typed. After a problem the same words are to be signed."""
        content = canonical(said)
        ceremony = signing(content, self.keys, self.rp) if self.keys and self.rp else None
        return render(
            "signing.html",
            session=self.session,
            status=problem.status if problem else 200,
            said=said,
            text=self._text(said),
            bytes=content.decode(),
            reason=form.get("reason", "").strip(),
            carried=carried(form),
            signs=sentence(said.person, role_name(said.role), f"“{plain(said.option)}”", bound_of(said)),
            signed=said_lines(said),
            asked=ceremony,
            question_page=_question(said.incident, said.decision),
            problem=problem.detail if problem else "",
        )

    def _text(self, said: Said) -> _Text:
        if self.asked.record is None:
            raise NotFoundError("question", said.decision)
        wording = self.wordings.of(self.asked.record.request)
        return _Text(wording.title, plain(said.option), wording.options.get(said.option, ""))


def _question(incident: str, decision: str) -> str:
    return f"/incidents/{incident}/decisions/{decision}"


def _read(text: str) -> Said:
    try:
        return Said.model_validate_json(text)
    except ValidationError as error:
        detail = "What was prepared came back damaged. Answer again."
        raise ProblemError(400, "invalid-input", detail) from error
