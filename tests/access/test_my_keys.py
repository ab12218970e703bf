"""The pages of one's own keys: who is there is asked before a key is added, and forms are one's own."""

from __future__ import annotations

import base64
import re
import shlex
from datetime import timedelta
from html import unescape

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.config import SignInSettings
from andon.domain.directory import Role
from andon.domain.personal_keys import PersonalKey
from andon.domain.sshsig import public_line, sign_sshsig
from tests.access.conftest import House, shown, sign_in, visiting
from tests.api.server import token
from tests.domain.authenticator import Asked, es256

LINE = public_line(Ed25519PrivateKey.generate().public_key())
LOCAL = Asked(challenge=b"", kind="webauthn.create", rp="localhost", origin="http://localhost:8700")


def keys_of(house: House, person: str) -> tuple[PersonalKey, ...]:
    found = house.office.queries.people.latest().person(person)
    assert found is not None
    return found.keys


async def csrf_of(visitor: httpx.AsyncClient) -> str:
    return shown((await visitor.get("/me/keys")).text, "csrf")


async def made_passkey(visitor: httpx.AsyncClient) -> dict[str, str]:
    """Return the form that a browser sends once it has made a passkey."""
    page = (await visitor.get("/me/keys/passkey")).text
    challenge = re.search(r'data-challenge="([^"]+)"', page)
    assert challenge is not None, page
    asked = unescape(challenge[1])
    made = es256().register(LOCAL.but(challenge=base64.b64decode(asked)))
    return {
        "csrf": shown(page, "csrf"),
        "label": "Phone",
        "challenge": asked,
        "client": base64.b64encode(made.client).decode(),
        "authenticator": base64.b64encode(made.authenticator).decode(),
    }


async def proven(
    visitor: httpx.AsyncClient, key: Ed25519PrivateKey, page: str, **changes: str
) -> httpx.Response:
    """Sign what the page shows, and send it as a browser would."""
    command = re.search(r"printf %s (.+) \| ssh-keygen -Y sign -n andon.key ", unescape(page))
    assert command is not None, page
    [text] = shlex.split(command[1])
    signature = sign_sshsig(text.encode(), key, "andon.key").replace("\n", "\r\n")
    names = ("csrf", "nonce", "public_key", "label")
    form = {name: shown(page, name) for name in names} | {"signature": signature} | changes
    return await visitor.post("/me/keys/proof", data=form)


async def test_adding_an_ssh_key_asks_who_is_there_and_loses_nothing_that_was_typed(house: House) -> None:
    key = Ed25519PrivateKey.generate()
    line = public_line(key.public_key())
    async with house.open() as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        house.clock.pass_by(minutes=6)
        form = {"csrf": await csrf_of(visitor), "public_key": line, "label": "Desk"}
        asked = await visitor.post("/me/keys", data=form)
        assert asked.headers["location"].startswith("/prove?held=")
        assert keys_of(house, "legal-1") == ()
        proof = (await visitor.get(asked.headers["location"])).text
        again = await visitor.post(
            "/prove",
            data={"csrf": shown(proof, "csrf"), "held": shown(proof, "held"), "token": token(Role.LEGAL)},
        )
        back = (await visitor.get(again.headers["location"])).text
        assert line in back
        assert 'value="Desk"' in back
        asked = await visitor.post("/me/keys", data={**form, "csrf": shown(back, "csrf")})
        assert keys_of(house, "legal-1") == ()
        added = await proven(visitor, key, asked.text)
        assert added.headers["location"] == "/me/keys?done=added"
    assert [one.label for one in keys_of(house, "legal-1")] == ["Desk"]


async def added_key(visitor: httpx.AsyncClient) -> None:
    key = Ed25519PrivateKey.generate()
    form = {"csrf": await csrf_of(visitor), "public_key": public_line(key.public_key())}
    added = await proven(visitor, key, (await visitor.post("/me/keys", data=form)).text)
    assert added.headers["location"] == "/me/keys?done=added"


async def test_a_signature_that_does_not_hold_adds_nothing_and_can_be_pasted_again(house: House) -> None:
    mine, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    async with house.open() as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        form = {"csrf": await csrf_of(visitor), "public_key": public_line(mine.public_key())}
        page = (await visitor.post("/me/keys", data=form)).text
        refused = await proven(visitor, other, page)
        assert refused.status_code == 400
        assert "signed with another key" in refused.text
        assert keys_of(house, "legal-1") == ()
        assert (await proven(visitor, mine, refused.text)).headers["location"] == "/me/keys?done=added"


async def test_a_signature_that_comes_too_late_adds_nothing(house: House) -> None:
    mine = Ed25519PrivateKey.generate()
    async with house.open(sign_in=SignInSettings(recent=timedelta(hours=1))) as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        form = {"csrf": await csrf_of(visitor), "public_key": public_line(mine.public_key())}
        page = (await visitor.post("/me/keys", data=form)).text
        house.clock.pass_by(minutes=11)
        late = await proven(visitor, mine, page)
        assert late.status_code == 400
        assert "is too old" in late.text
        assert public_line(mine.public_key()) in late.text
    assert keys_of(house, "legal-1") == ()


async def test_a_passkey_page_asks_who_is_there_before_a_passkey_is_made(house: House) -> None:
    async with house.open() as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        house.clock.pass_by(minutes=6)
        assert (await visitor.get("/me/keys/passkey")).headers["location"].startswith("/prove?held=")


async def test_revoking_asks_nothing_that_could_come_too_late(house: House) -> None:
    async with house.open() as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        await added_key(visitor)
        [key] = keys_of(house, "legal-1")
        house.clock.pass_by(minutes=20)
        form = {"csrf": await csrf_of(visitor), "key": key.id}
        revoked = await visitor.post("/me/keys/revoke", data=form)
        assert revoked.headers["location"] == "/me/keys?done=revoked"
    assert keys_of(house, "legal-1")[0].revoked_from is not None


async def test_a_passkey_is_taken_once_it_is_made_for_this_page(house: House) -> None:
    async with house.open() as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        added = await visitor.post("/me/keys/passkey", data=await made_passkey(visitor))
        assert added.headers["location"] == "/me/keys?done=added"
    assert [(one.kind, one.label) for one in keys_of(house, "legal-1")] == [("passkey", "Phone")]


async def test_a_passkey_made_in_another_session_is_refused(house: House) -> None:
    async with house.open() as url, visiting(url) as one, visiting(url) as other:
        await sign_in(one, Role.LEGAL)
        await sign_in(other, Role.SECURITY)
        form = {**await made_passkey(one), "csrf": await csrf_of(other)}
        refused = await other.post("/me/keys/passkey", data=form)
        assert refused.status_code == 400
        assert "another session" in refused.text
    assert keys_of(house, "security-1") == ()


async def test_a_passkey_that_took_too_long_is_refused(house: House) -> None:
    patient = SignInSettings(recent=timedelta(hours=1))
    async with house.open(sign_in=patient) as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        form = await made_passkey(visitor)
        house.clock.pass_by(minutes=11)
        assert "it took too long" in (await visitor.post("/me/keys/passkey", data=form)).text
        challenge = base64.b64decode(form["challenge"])
        later = challenge[:16] + (2**40).to_bytes(8, "big") + challenge[24:]
        forged = {**form, "challenge": base64.b64encode(later).decode()}
        assert "another session" in (await visitor.post("/me/keys/passkey", data=forged)).text
    assert keys_of(house, "legal-1") == ()


DAMAGED = (
    {"client": ""},
    {"authenticator": "AAAA"},
    {"challenge": "%%%"},
    {"challenge": ""},
    {"client": "e30="},
)


async def test_what_no_browser_sends_is_refused(house: House) -> None:
    async with house.open() as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        form = await made_passkey(visitor)
        for changes in DAMAGED:
            refused = await visitor.post("/me/keys/passkey", data={**form, **changes})
            assert refused.status_code == 400, changes
            assert "The passkey was not added" in refused.text, changes
    assert keys_of(house, "legal-1") == ()


async def test_a_form_of_another_session_changes_no_keys(house: House) -> None:
    async with house.open() as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        form = {"public_key": LINE, "nonce": "0" * 43, "signature": "x", "key": "0" * 64}
        for path in ("/me/keys", "/me/keys/proof", "/me/keys/passkey", "/me/keys/revoke"):
            assert (await visitor.post(path, data=form)).status_code == 403, path
            assert (await visitor.post(path, data={**form, "csrf": "0" * 64})).status_code == 403, path
    assert keys_of(house, "legal-1") == ()


async def test_a_console_without_a_host_name_offers_no_passkeys(house: House) -> None:
    async with house.open(url="http://127.0.0.1:8700") as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        assert "this one has none" in (await visitor.get("/me/keys")).text
        assert (await visitor.get("/me/keys/passkey")).status_code == 409


async def test_whoever_is_suspended_is_shown_nothing_to_sign(house: House) -> None:
    opening = await house.office.allot("Refunds go astray")
    path = f"/incidents/{opening.incident}/decisions/triage-1/signature"
    async with house.open() as url, visiting(url) as visitor:
        await sign_in(visitor, Role.LEGAL)
        form = {"csrf": await csrf_of(visitor), "option": "confirm", "reason": "seen"}
        assert (await visitor.post(path, data=form)).status_code == 404, "the question is not asked yet"
        house.suspend("legal-1")
        refused = await visitor.post(path, data=form)
        assert refused.status_code == 403
        assert "suspended" in refused.text
        assert "legal-1" not in refused.text
