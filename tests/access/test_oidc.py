"""Signing in with an OpenID Connect provider over real HTTP: one that behaves, and one that lies."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from time import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from andon.config import OidcSettings, SignInSettings
from andon.console.sessions import COOKIE
from andon.domain.directory import Identity
from tests.access import provider as lies
from tests.access.conftest import House, shown, visiting
from tests.access.provider import CLIENT, SECRET, Claims, Provider, lying_provider
from tests.api.server import free_socket

PLACE = "http://localhost:8700"
CALLBACK = "/sign-in/answer"
PERSON = "both-as-reporter"


def settings_of(issuer: str) -> OidcSettings:
    return OidcSettings(issuer=issuer, client_id=CLIENT, client_secret=SecretStr(SECRET))


def identify(house: House, person: str, issuer: str, subject: str) -> None:
    house._change(person, identities=(Identity(issuer=issuer, subject=subject),))


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with lying_provider() as one:
        yield one


@asynccontextmanager
async def console_of(house: House, provider: Provider) -> AsyncIterator[str]:
    async with house.open(oidc=settings_of(provider.issuer)) as url:
        yield url


async def through(visitor: httpx.AsyncClient, path: str = "/sign-in/with-provider") -> httpx.Response:
    """Go to the provider and come back, as a browser does."""
    leaving = await visitor.get(path)
    assert leaving.status_code == 303, leaving.text
    async with httpx.AsyncClient(trust_env=False) as elsewhere:
        back = (await elsewhere.get(leaving.headers["location"])).headers["location"]
    return await visitor.get(back.removeprefix(PLACE), headers={"Sec-Fetch-Site": "cross-site"})


async def test_a_person_signs_in_and_chooses_among_their_roles(house: House, provider: Provider) -> None:
    identify(house, PERSON, provider.issuer, "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        page = await through(visitor, "/sign-in/with-provider?next=/systems")
        assert page.status_code == 200
        assert re.findall(r'name="role" value="(\w+)"', page.text) == ["reporter", "responder"]
        assert COOKIE not in visitor.cookies
        answer = await visitor.post("/sign-in/role", data={"role": "responder"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/systems")
        assert f"{PERSON}, responder" in (await visitor.get("/")).text
        again = await visitor.post("/sign-in/role", data={"role": "reporter"})
        assert again.status_code == 403
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.asked["response_type"] == "code"
    assert {"state", "nonce", "code_challenge"} <= set(provider.asked)


async def test_whoever_holds_one_role_is_in_at_once(house: House, provider: Provider) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        page = await through(visitor, "/sign-in/with-provider?next=/incidents?state=all")
        assert page.headers["refresh"].startswith("0; url=/incidents")
        assert "legal-1, legal" in (await visitor.get("/")).text


@pytest.mark.parametrize("role", ["admin", "", "detector", "no role"])
async def test_nobody_takes_a_role_they_do_not_hold(house: House, provider: Provider, role: str) -> None:
    identify(house, PERSON, provider.issuer, "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        await through(visitor)
        assert (await visitor.post("/sign-in/role", data={"role": role})).status_code == 403
        assert (await visitor.get("/")).status_code == 303


async def test_somebody_the_directory_does_not_know_reads_what_to_do(
    house: House, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.subject = "<b>stranger</b>"
    async with console_of(house, provider) as url, visiting(url) as visitor:
        page = await through(visitor)
        assert page.status_code == 403
        assert "the directory does not know it" in page.text
        assert "<b>" not in page.text
        assert (await visitor.get("/")).status_code == 303
    assert "somebody the directory does not know tried to sign in" in caplog.messages


async def test_somebody_suspended_reads_that_they_are(
    house: House, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    identify(house, PERSON, provider.issuer, "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        await through(visitor)
        house.suspend(PERSON)
        late = await visitor.post("/sign-in/role", data={"role": "responder"})
        assert (late.status_code, "You are suspended" in late.text) == (403, True)
        page = await through(visitor)
        assert (page.status_code, "You are suspended" in page.text) == (403, True)
    assert "somebody who is barred tried to sign in" in caplog.messages


async def test_a_name_is_good_with_its_own_provider_only(house: House, provider: Provider) -> None:
    identify(house, "legal-1", "https://another.example", "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        assert (await through(visitor)).status_code == 403


def _with(**changes: object) -> Callable[[Claims], Claims]:
    return lambda claims: {name: value for name, value in (claims | changes).items() if value is not None}


FORGED: list[tuple[str, Callable[[Provider], None]]] = [
    ("no signature", lambda one: setattr(one, "sign", lies.unsigned)),
    ("a stranger's key", lambda one: setattr(one, "sign", lies.signed_by_a_stranger)),
    ("another algorithm", lambda one: setattr(one, "sign", lies.signed_by_another_algorithm)),
    ("a shared secret", lambda one: setattr(one, "sign", lies.signed_with_the_client_secret)),
    ("public key as a secret", lambda one: setattr(one, "sign", lies.signed_with_the_public_key(one))),
    ("no token at all", lambda one: setattr(one, "sign", lambda _: "")),
    ("rubbish", lambda one: setattr(one, "sign", lambda _: "a.b.c")),
    ("expired", lambda one: setattr(one, "change", _with(exp=int(time()) - 120))),
    ("no expiry", lambda one: setattr(one, "change", _with(exp=None))),
    ("issued in the future", lambda one: setattr(one, "change", _with(iat=int(time()) + 600))),
    ("not yet valid", lambda one: setattr(one, "change", _with(nbf=int(time()) + 600))),
    ("another audience", lambda one: setattr(one, "change", _with(aud="somebody-else"))),
    ("no audience", lambda one: setattr(one, "change", _with(aud=None))),
    (
        "several audiences, unauthorized",
        lambda one: setattr(one, "change", _with(aud=[CLIENT, "other"], azp="other")),
    ),
    ("another issuer", lambda one: setattr(one, "change", _with(iss="https://evil.example"))),
    ("no issuer", lambda one: setattr(one, "change", _with(iss=None))),
    ("another nonce", lambda one: setattr(one, "change", _with(nonce="replayed"))),
    ("no nonce", lambda one: setattr(one, "change", _with(nonce=None))),
    ("no subject", lambda one: setattr(one, "change", _with(sub=None))),
    ("a subject that is no text", lambda one: setattr(one, "change", _with(sub=["subject-1"]))),
    ("another state", lambda one: one.answer.update(state="forged")),
    ("another code", lambda one: one.answer.update(code="forged")),
    ("another provider's answer", lambda one: one.answer.update(iss="https://evil.example")),
    ("refused by the provider", lambda one: one.answer.update(error="access_denied")),
]


@pytest.mark.parametrize("forge", [one for _, one in FORGED], ids=[name for name, _ in FORGED])
async def test_a_provider_is_not_believed_blindly(
    house: House, provider: Provider, forge: Callable[[Provider], None]
) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    forge(provider)
    async with console_of(house, provider) as url, visiting(url) as visitor:
        page = await through(visitor)
        assert page.status_code == 403
        assert "Start again from the sign-in page" in page.text
        assert COOKIE not in visitor.cookies
        assert (await visitor.get("/")).status_code == 303


async def test_clocks_may_differ_by_the_skew_and_no_more(house: House, provider: Provider) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    async with console_of(house, provider) as url:
        for seconds, answer in ((30, 200), (90, 403)):
            provider.change = _with(exp=int(time()) - seconds)
            async with visiting(url) as visitor:
                assert (await through(visitor)).status_code == answer


async def test_an_answer_counts_in_the_browser_that_asked_and_once(house: House, provider: Provider) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor, visiting(url) as victim:
        leaving = await visitor.get("/sign-in/with-provider")
        async with httpx.AsyncClient(trust_env=False) as elsewhere:
            back = (await elsewhere.get(leaving.headers["location"])).headers["location"]
        path = back.removeprefix(PLACE)
        assert (await victim.get(path)).status_code == 403
        assert (await visitor.get(path)).status_code == 200
        assert (await visitor.get(path)).status_code == 403


async def test_an_answer_that_took_too_long_counts_no_more(house: House, provider: Provider) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        leaving = await visitor.get("/sign-in/with-provider")
        house.clock.pass_by(minutes=11)
        async with httpx.AsyncClient(trust_env=False) as elsewhere:
            back = (await elsewhere.get(leaving.headers["location"])).headers["location"]
        page = await visitor.get(back.removeprefix(PLACE))
        assert (page.status_code, "took too long" in page.text) == (403, True)


async def test_a_provider_that_is_away_is_told_as_such(house: House) -> None:
    with free_socket() as held:
        nowhere = f"http://localhost:{held.getsockname()[1]}"
    async with house.open(oidc=settings_of(nowhere)) as url, visiting(url) as visitor:
        page = await visitor.get("/sign-in/with-provider")
        assert page.status_code == 503
        assert "does not answer" in page.text


async def test_a_provider_that_goes_away_midway_is_told_as_such(house: House) -> None:
    async with lying_provider() as provider:
        stack = house.open(oidc=settings_of(provider.issuer))
        url = await stack.__aenter__()
        visitor = httpx.AsyncClient(base_url=url, timeout=20, trust_env=False)
        leaving = await visitor.get("/sign-in/with-provider")
    state = parse_qs(urlsplit(leaving.headers["location"]).query)["state"][0]
    page = await visitor.get(CALLBACK, params={"code": "x", "state": state})
    await visitor.aclose()
    await stack.__aexit__(None, None, None)
    assert page.status_code == 503


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"jwks_uri": "http://elsewhere.example/jwks"},
        {"authorization_endpoint": "http://elsewhere.example/authorize"},
    ],
)
async def test_a_description_that_does_not_fit_is_not_used(
    house: House, provider: Provider, metadata: dict[str, str]
) -> None:
    provider.metadata = metadata
    async with console_of(house, provider) as url, visiting(url) as visitor:
        assert (await visitor.get("/sign-in/with-provider")).status_code == 503


async def test_proving_again_asks_the_provider_and_loses_nothing_typed(
    house: House, provider: Provider
) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        await through(visitor)
        before = visitor.cookies[COOKIE]
        csrf = shown((await visitor.get("/tokens")).text, "csrf")
        house.clock.pass_by(minutes=6)
        provider.change = lambda claims: _later(claims, 360)
        sent = await visitor.post("/tokens", data={"csrf": csrf, "name": "my laptop", "days": "9"})
        assert sent.headers["location"].startswith("/prove?held=")
        page = await visitor.get(sent.headers["location"])
        way = re.search(r'href="(/prove/with-provider[^"]*)"', page.text)
        assert way
        back = await through(visitor, way[1])
        assert provider.asked["prompt"] == "login"
        assert back.status_code == 200
        assert visitor.cookies[COOKIE] != before
        onward = back.headers["refresh"].partition("url=")[2]
        assert 'value="my laptop"' in (await visitor.get(onward)).text
        csrf = shown((await visitor.get("/tokens")).text, "csrf")
        made = await visitor.post("/tokens", data={"csrf": csrf, "name": "my laptop", "days": "9"})
        assert "Copy this token now" in made.text


def _later(claims: Claims, seconds: int) -> Claims:
    """Say it by a clock that is as far ahead as the console's."""
    return {
        name: value + seconds if name in ("iat", "exp", "auth_time") else value
        for name, value in claims.items()
    }


@pytest.mark.parametrize("said", [None, -600, "now"])
async def test_a_login_of_before_proves_nobody_anew(
    house: House, provider: Provider, said: int | str | None
) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        await through(visitor)
        at = int(time()) + said if isinstance(said, int) else said
        provider.change = _with(auth_time=at)
        assert (await through(visitor, "/prove/with-provider")).status_code == 403


async def test_somebody_else_at_the_provider_proves_nothing(house: House, provider: Provider) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    identify(house, "hr-1", provider.issuer, "subject-2")
    async with console_of(house, provider) as url, visiting(url) as visitor:
        await through(visitor)
        before = visitor.cookies[COOKIE]
        provider.subject = "subject-2"
        page = await through(visitor, "/prove/with-provider")
        assert (page.status_code, "somebody else" in page.text) == (403, True)
        assert visitor.cookies[COOKIE] == before


async def test_without_a_provider_there_is_no_way_to_one(console: str) -> None:
    async with visiting(console) as visitor:
        assert (await visitor.get("/sign-in/with-provider")).status_code == 404
        assert "organisation" not in (await visitor.get("/sign-in")).text


async def test_the_well_behaved_provider_of_another_maker_signs_people_in(house: House) -> None:
    with free_socket() as held:
        port = held.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    served = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        issuer = f"http://localhost:{port}"
        await _until_served(issuer)
        identify(house, "legal-1", issuer, "lou")
        async with house.open(oidc=settings_of(issuer)) as url, visiting(url) as visitor:
            leaving = await visitor.get("/sign-in/with-provider?next=/systems")
            async with httpx.AsyncClient(trust_env=False) as browser:
                form = await browser.get(leaving.headers["location"])
                assert form.status_code == 200
                back = await browser.post(leaving.headers["location"], data={"sub": "lou"})
            page = await visitor.get(back.headers["location"].removeprefix(PLACE))
            assert page.status_code == 200, page.text
            assert "legal-1, legal" in (await visitor.get("/")).text
    finally:
        served.terminate()
        await asyncio.wait_for(served.wait(), 20)


async def _until_served(issuer: str) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.get(f"{issuer}/.well-known/openid-configuration")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


async def test_another_claim_can_name_the_person(house: House, provider: Provider) -> None:
    identify(house, "legal-1", provider.issuer, "lou@example.org")
    oidc = settings_of(provider.issuer).model_copy(update={"claim": "email"})
    async with house.open(oidc=oidc) as url, visiting(url) as visitor:
        assert (await through(visitor)).status_code == 403
        provider.change = _with(email="lou@example.org")
        assert (await through(visitor)).status_code == 200


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"issuer": "http://login.example", "client_id": "andon"}, "must be https"),
        ({"issuer": "https://login.example"}, "client_id"),
        ({"issuer": "https://login.example", "client_id": "andon", "scopes": "email"}, "openid must be"),
        ({"skew": timedelta(hours=1)}, "skew"),
    ],
)
def test_settings_that_can_not_work_are_refused(given: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        OidcSettings.model_validate(given)


async def test_a_setting_keeps_tokens_beside_a_provider(house: House) -> None:
    oidc = OidcSettings(issuer="https://login.example", client_id="andon")
    async with house.open(oidc=oidc, sign_in=SignInSettings(tokens=True)) as url, visiting(url) as visitor:
        page = await visitor.get("/sign-in")
        assert "Your token" in page.text
        assert "organisation" in page.text
