"""The pages of one's own keys."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from andon.api.problems import ProblemError
from andon.console.keyring import Keyring
from andon.console.models.keys import keys_shown
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.parts import Parts
from andon.console.passkeys import Ceremony, made, making, rp_of
from andon.console.routes.keys import Keys
from andon.console.routes.places import Stock
from andon.console.screens.keys import key_line, sign_line
from andon.console.sessions import Session
from andon.console.step_up import require_recent, typed_before
from andon.console.visitors import Listing, check_csrf, form_of
from andon.console.zones import now_here
from andon.domain.enrolment import Claim
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.personal_keys import LABEL_LENGTH, PersonalKey, ssh_key
from andon.domain.sshsig import fingerprint

PLACE: Final = "/me/keys"
MAKING_PLACE: Final = f"{PLACE}/passkey"
PROOF_PLACE: Final = f"{PLACE}/proof"
DONE: Final = {
    "added": "The key was added. What it signs counts from now on.",
    "revoked": "The key was revoked. What it signs counts no more; what it signed before stays.",
}

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(PLACE)
async def keys_page(request: Request, session: Listing, keys: Keys, stock: Stock, done: str = "") -> Response:
    """Show one's keys."""
    typed = await typed_before(request, session)
    return await _page(session, keys, stock, typed=typed or {}, done=DONE.get(done, ""))


@router.post(PLACE)
async def add_ssh_key(request: Request, session: Listing, keys: Keys, stock: Stock) -> Response:
    """Take an SSH key and ask for a signature with it: only whoever has the private half may add it."""
    form = await form_of(request)
    check_csrf(form, session)
    await require_recent(request, session, form)
    try:
        key = ssh_key(form.get("public_key", "").strip(), _label(form))
        claim = await keys.claim(session.caller.person, key)
    except InvalidInputError as error:
        return await _page(session, keys, stock, typed=form, problem=_sentence(error))
    return _proof_page(session, claim, key)


@router.post(PROOF_PLACE)
async def prove_ssh_key(request: Request, session: Listing, keys: Keys, stock: Stock) -> Response:
    """Add an SSH key that signed what the page showed a moment ago; that page asked who is there."""
    form = await form_of(request)
    check_csrf(form, session)
    person, nonce = session.caller.person, form.get("nonce", "")
    claim = await keys.claimed(person, nonce)
    try:
        key = ssh_key(form.get("public_key", "").strip(), _label(form))
        await keys.add(person, key, nonce, _pasted(form))
    except (InvalidInputError, ProblemError) as error:
        told = error.detail if isinstance(error, ProblemError) else _sentence(error)
        if claim is None or isinstance(error, InvalidInputError):
            return await _page(session, keys, stock, typed=form, problem=told)
        return _proof_page(session, claim, key, problem=told)
    return _to_page("added")


@router.get(MAKING_PLACE)
async def passkey_page(request: Request, session: Listing, keys: Keys, stock: Stock) -> Response:
    """Show where a passkey is made; who they are is asked before, since a passkey made in vain stays."""
    await require_recent(request, session)
    return _making_page(session, await _asked(session, keys, stock))


@router.post(MAKING_PLACE)
async def add_passkey(request: Request, session: Listing, keys: Keys, stock: Stock) -> Response:
    """Add a passkey that the browser has made."""
    form = await form_of(request)
    check_csrf(form, session)
    await require_recent(request, session, back=MAKING_PLACE)
    asked = await _asked(session, keys, stock)
    try:
        key = made(form, asked.rp, session, stock.session_key, stock.now(), _label(form))
        await keys.take_in(session.caller.person, key)
    except (InvalidInputError, ProblemError) as error:
        told = error.detail if isinstance(error, ProblemError) else _sentence(error)
        return _making_page(session, asked, label=_label(form), problem=told)
    return _to_page("added")


@router.post(f"{PLACE}/revoke")
async def revoke(request: Request, session: Listing, keys: Keys) -> Response:
    """Revoke a key. It is never too late for that: no recent proof is asked for."""
    form = await form_of(request)
    check_csrf(form, session)
    await keys.revoke(session.caller.person, form.get("key", "")[:64], by=session.caller.person)
    return _to_page("revoked")


async def _page(
    session: Session, keys: Keyring, stock: Parts, *, typed: dict[str, str], done: str = "", problem: str = ""
) -> Response:
    try:
        shown = keys_shown(await keys.owner(session.caller.person), stock.now()).keys
    except NotFoundError:
        shown = ()
    return render(
        "keys.html",
        session=session,
        status=400 if problem else 200,
        lines=[key_line(one, now_here(stock, session)) for one in shown],
        rp=rp_of(stock.url),
        typed={"public_key": typed.get("public_key", ""), "label": typed.get("label", "")},
        done=done,
        problem=problem,
    )


def _making_page(session: Session, asked: Ceremony, *, label: str = "", problem: str = "") -> Response:
    status = 400 if problem else 200
    return render(
        "new_passkey.html", session=session, status=status, asked=asked, label=label, problem=problem
    )


def _proof_page(session: Session, claim: Claim, key: PersonalKey, *, problem: str = "") -> Response:
    return render(
        "prove_ssh_key.html",
        session=session,
        status=400 if problem else 200,
        claim=claim,
        text=claim.text(),
        command=sign_line(claim),
        key=key,
        fingerprint=fingerprint(key.id),
        problem=problem,
    )


async def _asked(session: Session, keys: Keyring, stock: Parts) -> Ceremony:
    rp = rp_of(stock.url)
    if rp is None:
        raise ProblemError(409, "no-host-name", "Passkeys need a console that is reached by a host name.")
    person = await keys.owner(session.caller.person)
    return making(person, rp, session, stock.session_key, stock.now())


def _label(form: dict[str, str]) -> str:
    return form.get("label", "").strip()[:LABEL_LENGTH]


def _pasted(form: dict[str, str]) -> str:
    """Return a pasted signature as ssh-keygen wrote it: forms send CR LF, and people miss line ends."""
    return "\n".join(line.strip() for line in form.get("signature", "").strip().splitlines()) + "\n"


def _sentence(error: InvalidInputError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _to_page(done: str) -> Response:
    return RedirectResponse(f"{PLACE}?done={done}", 303, headers=HEADERS)
