"""Tokens people make: limited, ending, revocable at once, and no way to gain a right."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from andon.api.token_form import hash_of, new_token, well_formed
from andon.domain.directory import Role
from andon.register.access_tables import access_tokens
from andon.register.engine import writing
from tests.access.conftest import House, shown, sign_in, visiting
from tests.api.server import bearer

SECRET = re.compile(r"andon_t1_[A-Za-z0-9_-]{43}[0-9a-f]{8}")


async def make(url: str, by: Role, **wanted: Any) -> httpx.Response:
    async with visiting(url) as client:
        return await client.post("/v1/tokens", json={"name": "test", **wanted}, headers=bearer(by))


async def made(url: str, by: Role, **wanted: Any) -> dict[str, Any]:
    answer = await make(url, by, **wanted)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def status(url: str, token: str, path: str = "/v1/me") -> int:
    async with visiting(url) as client:
        return (await client.get(path, headers={"Authorization": f"Bearer {token}"})).status_code


async def revoke(url: str, token: str, by: Role) -> int:
    async with visiting(url) as client:
        return (await client.post(f"/v1/tokens/{token}/revoke", headers=bearer(by))).status_code


async def test_a_token_stands_for_its_maker_for_ninety_days(house: House, console: str) -> None:
    token = await made(console, Role.LEGAL, name="laptop")
    assert (token["person"], token["role"], token["scopes"]) == ("legal-1", "legal", None)
    span = datetime.fromisoformat(token["expires_at"]) - datetime.fromisoformat(token["created_at"])
    assert span == timedelta(days=90)
    house.clock.pass_by(days=89, hours=23)
    assert await status(console, token["token"]) == 200
    house.clock.pass_by(hours=2)
    assert await status(console, token["token"]) == 401


async def test_a_token_is_kept_as_its_hash_only_and_shown_once(house: House, console: str) -> None:
    token = await made(console, Role.LEGAL)
    assert SECRET.fullmatch(token["token"])
    with house.office.queries.databases.register.connect() as register:
        (row,) = register.execute(select(access_tokens)).all()
    assert row.hash == hash_of(token["token"])
    assert token["token"] not in str(row)
    async with visiting(console) as client:
        listed = await client.get("/v1/tokens", headers=bearer(Role.LEGAL))
    assert token["token"] not in listed.text
    assert [one["id"] for one in listed.json()["tokens"]] == [token["id"]]


def test_a_mistyped_token_is_told_by_its_checksum() -> None:
    token = new_token()
    assert well_formed(token)
    swapped = [
        token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        for place in range(len(token))
    ]
    assert not any(well_formed(one) for one in swapped)
    assert len({new_token() for _ in range(100)}) == 100


async def test_a_revoked_token_is_refused_by_every_console_from_the_next_request_on(house: House) -> None:
    async with house.open() as one, house.open() as other:
        token = await made(one, Role.LEGAL)
        assert await status(other, token["token"]) == 200
        assert await revoke(one, token["id"], Role.LEGAL) == 200
        assert await status(other, token["token"]) == 401
        assert await status(one, token["token"]) == 401


async def test_revoking_twice_keeps_who_did_it_first(console: str) -> None:
    token = await made(console, Role.LEGAL)
    await revoke(console, token["id"], Role.ADMIN)
    async with visiting(console) as client:
        again = await client.post(f"/v1/tokens/{token['id']}/revoke", headers=bearer(Role.LEGAL))
    assert (again.json()["state"], again.json()["revoked_by"]) == ("revoked", "admin-1")


async def test_nobody_sees_or_revokes_the_tokens_of_others_but_an_admin(console: str) -> None:
    token = await made(console, Role.LEGAL)
    assert await revoke(console, token["id"], Role.HR) == 404
    async with visiting(console) as client:
        for role, seen in ((Role.HR, []), (Role.ADMIN, [token["id"]])):
            listed = (await client.get("/v1/tokens", headers=bearer(role))).json()["tokens"]
            assert [one["id"] for one in listed] == seen
    assert await revoke(console, token["id"], Role.ADMIN) == 200


async def test_an_admin_makes_tokens_for_programs(console: str) -> None:
    token = await made(console, Role.ADMIN, person="detector-1", role="detector")
    assert token["scopes"] == ["intake", "read"]
    assert token["created_by"] == "admin-1"
    assert await status(console, token["token"]) == 200


GAINS = [
    pytest.param(Role.ADMIN, {"person": "legal-1", "role": "legal", "scopes": ["respond"]}, 403, id="answer"),
    pytest.param(Role.ADMIN, {"person": "legal-1", "role": "legal", "scopes": ["admin"]}, 403, id="rights"),
    pytest.param(Role.ADMIN, {"person": "legal-1", "role": "finance"}, 400, id="a role they do not hold"),
    pytest.param(Role.ADMIN, {"person": "nobody", "role": "legal"}, 400, id="for nobody"),
    pytest.param(Role.ADMIN, {"person": "legal-1"}, 400, id="no role"),
    pytest.param(Role.LEGAL, {"person": "admin-1", "role": "admin"}, 403, id="as an admin"),
    pytest.param(Role.LEGAL, {"role": "admin"}, 403, id="in another role"),
    pytest.param(Role.DETECTOR, {}, 403, id="by a program"),
    pytest.param(Role.LEGAL, {"days": 367}, 400, id="for more than a year"),
    pytest.param(Role.LEGAL, {"days": 0}, 400, id="for no time"),
    pytest.param(Role.LEGAL, {"scopes": ["everything"]}, 400, id="an unknown scope"),
    pytest.param(Role.LEGAL, {"name": " "}, 400, id="without a name"),
]


@pytest.mark.parametrize(("by", "wanted", "answer"), GAINS)
async def test_nobody_gains_a_right_by_making_a_token(
    console: str, by: Role, wanted: dict[str, Any], answer: int
) -> None:
    assert (await make(console, by, **wanted)).status_code == answer


async def test_a_limited_token_makes_none_with_more(console: str) -> None:
    limited = await made(console, Role.LEGAL, scopes=["admin", "read"])
    holder = {"Authorization": f"Bearer {limited['token']}"}
    async with visiting(console) as client:
        more = await client.post("/v1/tokens", json={"name": "x", "scopes": ["respond"]}, headers=holder)
        same = await client.post("/v1/tokens", json={"name": "x"}, headers=holder)
        link = await client.post("/v1/links", headers=holder)
        page = await client.post("/sign-in", data={"token": limited["token"]})
    assert more.status_code == 403
    assert same.json()["scopes"] == ["admin", "read"]
    assert link.status_code == 403
    assert page.status_code == 401


SCOPES = [
    ("read", {"/v1/incidents": 200, "/v1/tokens": 403}),
    ("respond", {"/v1/incidents": 403, "/v1/tokens": 403}),
    ("intake", {"/v1/incidents": 403, "/v1/tokens": 403}),
    ("admin", {"/v1/incidents": 403, "/v1/tokens": 200}),
]


@pytest.mark.parametrize(("scope", "answers"), SCOPES)
async def test_a_limited_token_opens_what_it_is_limited_to(
    console: str, scope: str, answers: dict[str, int]
) -> None:
    token = await made(console, Role.LEGAL, scopes=[scope])
    assert {path: await status(console, token["token"], path) for path in answers} == answers


async def test_a_token_ends_with_a_suspension_with_its_role_and_with_its_person(
    house: House, console: str
) -> None:
    token = (await made(console, Role.LEGAL))["token"]
    house.suspend("legal-1")
    assert await status(console, token) == 403
    house.reset()
    assert await status(console, token) == 200
    house._change("legal-1", roles=(Role.FINANCE,))
    assert await status(console, token) == 403
    house.forget("legal-1")
    assert await status(console, token) == 403


async def test_a_damaged_file_lets_nobody_in_whatever_the_register_says(house: House, console: str) -> None:
    token = (await made(console, Role.LEGAL))["token"]
    path = house.office.settings.data_dir / "token_hashes.json"
    kept = path.read_bytes()
    path.write_text("{ no json")
    assert await status(console, token) == 401
    path.unlink()
    assert await status(console, token) == 200
    path.write_bytes(kept)
    assert await status(console, token) == 200


async def test_the_last_use_is_noted_without_making_the_caller_wait(house: House, console: str) -> None:
    token = await made(console, Role.LEGAL)
    with writing(house.office.queries.databases.register):  # a busy register: nothing can be noted now
        began = asyncio.get_running_loop().time()
        assert await status(console, token["token"]) == 200
        assert asyncio.get_running_loop().time() - began < 2
    async with asyncio.timeout(20), visiting(console) as client:
        while True:
            (one,) = (await client.get("/v1/tokens", headers=bearer(Role.LEGAL))).json()["tokens"]
            if one["last_used_at"]:
                break
            await asyncio.sleep(0.05)


async def test_a_token_is_made_and_revoked_on_the_page(console: str) -> None:
    async with visiting(console) as visitor:
        await sign_in(visitor, Role.LEGAL)
        csrf = shown((await visitor.get("/tokens")).text, "csrf")
        form = {"csrf": csrf, "name": "<b>laptop</b>", "days": "7", "scope.read": "yes"}
        page = await visitor.post("/tokens", data=form)
        found = SECRET.search(page.text)
        assert found
        assert "&lt;b&gt;laptop" in page.text
        assert "<b>laptop" not in page.text
        assert await status(console, found[0]) == 200
        assert found[0] not in (await visitor.get("/tokens")).text
        gone = await visitor.post("/tokens/revoke", data={"csrf": csrf, "id": shown(page.text, "id")})
        assert gone.status_code == 303
        assert await status(console, found[0]) == 401
        for bad in ({**form, "csrf": "x"}, {**form, "days": "x"}, {**form, "name": ""}):
            assert (await visitor.post("/tokens", data=bad)).status_code in (400, 403)
