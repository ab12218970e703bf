"""Handing a session to a browser, and taking it back."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request, Response

from andon.api.authentication import Caller
from andon.console.parts import Parts
from andon.console.sessions import Sessions, cookie_name
from andon.register.sessions import How


def takes_tokens(stock: Parts) -> bool:
    """Whether people sign in to pages with a token or a one-time link here."""
    return not stock.oidc.issuer if stock.sign_in.tokens is None else stock.sign_in.tokens


async def let_in(request: Request, stock: Parts, caller: Caller, how: How, answer: Response) -> Response:
    """Begin a session, end the one the browser came with, and hand it out with `answer`."""
    sessions: Sessions = request.app.state.sessions
    before = request.cookies.get(cookie_name(stock.url), "")
    cookie = await sessions.begin(caller, how, instead_of=before)
    return hand_out(stock, cookie, answer)


def hand_out(stock: Parts, cookie: str, answer: Response) -> Response:
    """Put a session's cookie on an answer."""
    return put_cookie(stock, cookie_name(stock.url), cookie, stock.sign_in.longest, answer)


def take_back(stock: Parts, answer: Response) -> Response:
    """Have the browser forget its session."""
    secure = stock.url.startswith("https://")
    answer.delete_cookie(cookie_name(stock.url), httponly=True, samesite="strict", secure=secure)
    return answer


def put_cookie(
    stock: Parts, name: str, value: str, good_for: timedelta, answer: Response, *, strict: bool = True
) -> Response:
    """Put a cookie on an answer, out of reach of scripts, and of other sites if `strict`."""
    answer.set_cookie(
        name,
        value,
        max_age=int(good_for.total_seconds()),
        httponly=True,
        samesite="strict" if strict else "lax",
        secure=stock.url.startswith("https://"),
    )
    return answer
