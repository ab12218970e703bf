"""Everything but the health check needs a token, and every answer carries the same headers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import Depends, FastAPI, Request

from andon.api.authentication import PROBE, Caller, TokenBook, anyone, only
from andon.api.bodies import read_body
from andon.api.server import new_app
from andon.domain.directory import Role
from andon.domain.errors import InvalidInputError
from tests.api.server import bearer, running, token, write_tokens

LIMIT = 1000


def small_app(folder: Path) -> FastAPI:
    app = new_app("test", TokenBook(folder / "token_hashes.json", {"probe-secret": Caller(PROBE, None)}))

    @app.get("/leads")
    async def leads(caller: Caller = Depends(only([Role.INCIDENT_LEAD]))) -> dict[str, str]:  # noqa: B008 - FastAPI's form
        return {"person": caller.person}

    @app.get("/all")
    async def everybody(caller: Caller = Depends(anyone())) -> dict[str, str]:  # noqa: B008 - FastAPI's form
        return {"person": caller.person}

    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await read_body(request, LIMIT, instead="Send less."))

    @app.get("/fault")
    async def fault() -> None:
        raise RuntimeError("the secret of the house")

    @app.get("/invalid")
    async def invalid() -> None:
        raise InvalidInputError("use a smaller spoon")

    return app


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    write_tokens(tmp_path)
    async with (
        running(small_app(tmp_path)) as url,
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client,
    ):
        yield client


async def test_the_health_check_is_open_and_holds_no_facts(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {token(Role.INCIDENT_LEAD)}"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Authorization": "Bearer \xff\xfe".encode("latin-1")},
    ],
)
async def test_without_a_token_in_force_the_answer_is_401_with_a_challenge(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for path in ("/leads", "/all", "/v1/openapi.json"):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Authorization: Bearer TOKEN" in answer.json()["detail"]


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_that_is_not_named_is_refused(client: httpx.AsyncClient, role: Role) -> None:
    answer = await client.get("/leads", headers=bearer(role))
    assert answer.status_code == (200 if role is Role.INCIDENT_LEAD else 403)
    assert (await client.get("/all", headers=bearer(role))).json() == {"person": f"{role.value}-1"}


async def test_the_probe_reads_what_anyone_may_and_nothing_else(client: httpx.AsyncClient) -> None:
    probe = {"Authorization": "Bearer probe-secret"}
    assert (await client.get("/all", headers=probe)).status_code == 200
    assert (await client.get("/leads", headers=probe)).status_code == 403


async def test_a_changed_token_file_counts_at_the_next_request(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    path = write_tokens(tmp_path, (Role.LEGAL,))
    assert (await client.get("/all", headers=bearer(Role.INCIDENT_LEAD))).status_code == 401
    assert (await client.get("/all", headers=bearer(Role.LEGAL))).status_code == 200
    path.write_text("{ no json")
    assert (await client.get("/all", headers=bearer(Role.LEGAL))).status_code == 401
    path.unlink()
    assert (await client.get("/all", headers=bearer(Role.LEGAL))).status_code == 401
    write_tokens(tmp_path)
    assert (await client.get("/all", headers=bearer(Role.INCIDENT_LEAD))).status_code == 200


async def test_every_answer_has_the_security_headers_and_an_id(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/all", "/nowhere", "/fault"):
        answer = await client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) >= 8
        assert "server" not in answer.headers
    given = await client.get("/healthz", headers={"X-Request-Id": "abc-12345"})
    assert given.headers["x-request-id"] == "abc-12345"
    forged = await client.get("/healthz", headers={"X-Request-Id": "a b\tc"})
    assert forged.headers["x-request-id"] != "a b\tc"


async def test_errors_are_problems_that_say_what_to_do(client: httpx.AsyncClient) -> None:
    unknown, invalid, fault = [await client.get(path) for path in ("/nowhere", "/invalid", "/fault")]
    assert (unknown.status_code, unknown.json()["title"]) == (404, "Not Found")
    assert (invalid.status_code, invalid.json()["detail"]) == (400, "use a smaller spoon")
    assert fault.status_code == 500
    assert "secret" not in fault.text
    assert fault.headers["x-request-id"] in fault.json()["detail"]
    for answer in (unknown, invalid, fault):
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) >= {"type", "title", "status", "detail"}


@pytest.mark.parametrize("size", [LIMIT + 1, 50_000_000])
async def test_a_body_above_the_limit_is_refused_and_its_sender_reads_why(
    client: httpx.AsyncClient, size: int
) -> None:
    answer = await client.post("/body", content=os.urandom(size))
    assert answer.status_code == 413
    assert "larger than 1000 bytes. Send less." in answer.json()["detail"]


async def test_a_body_of_unannounced_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    assert (await client.post("/body", content=parts())).status_code == 413
    assert (await client.post("/body", content=b"x" * LIMIT)).json() == LIMIT
