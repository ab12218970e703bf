"""Who may read what: every request of the API against every role, and against nobody."""

from __future__ import annotations

import httpx
import pytest

from andon.console.app import create_app
from andon.domain.directory import Role
from tests.api.server import bearer
from tests.console.desk import Office

ALL = frozenset(Role)
LISTING = ALL - {Role.DETECTOR}
READING = LISTING - {Role.REPORTER}
AUDITOR = frozenset({Role.AUDITOR})

TABLE: dict[str, frozenset[Role]] = {
    "/v1/me": ALL,
    "/v1/systems": LISTING,
    "/v1/incidents": LISTING,
    "/v1/decisions": READING,
    "/v1/directory": READING,
    "/v1/directory/document": frozenset({Role.ADMIN}),
    "/v1/directory/on-call": READING,
    "/v1/directory/versions": AUDITOR | {Role.ADMIN},
    "/v1/trust": READING,
    "/v1/policies/{digest}": READING,
    "/v1/incidents/{incident}": READING,
    "/v1/incidents/{incident}/ledger": READING,
    "/v1/incidents/{incident}/statements/{digest}": READING,
    "/v1/incidents/{incident}/evidence": READING,
    "/v1/incidents/{incident}/proposals": READING,
    "/v1/incidents/{incident}/file": READING,
    "/v1/incidents/{incident}/history": AUDITOR,
    "/v1/incidents/{incident}/directories": AUDITOR,
}
NOT_FOUND_IS_LET_IN = {200, 404}


def test_the_table_names_every_request_of_the_api(office: Office) -> None:
    described = create_app(office.parts).openapi()["paths"]
    assert {path for path, methods in described.items() if "get" in methods} == set(TABLE)


@pytest.mark.parametrize("path", TABLE)
async def test_only_the_roles_of_the_table_may_read(
    office: Office, http: httpx.AsyncClient, path: str
) -> None:
    opening = await office.allot()
    where = path.format(incident=opening.incident, digest="0" * 64)
    let_in = {
        role
        for role in Role
        if (await http.get(where, headers=bearer(role))).status_code in NOT_FOUND_IS_LET_IN
    }
    assert let_in == TABLE[path]


@pytest.mark.parametrize("path", TABLE)
async def test_without_a_token_in_force_nothing_is_told(http: httpx.AsyncClient, path: str) -> None:
    where = path.format(incident="INC-20200101-aaaaaa", digest="0" * 64)
    for headers in ({}, bearer("nobody"), {"Authorization": "Basic abc"}, {"Cookie": "andon_session=abc"}):
        answer = await http.get(where, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_nobody_answers_without_a_token(office: Office, http: httpx.AsyncClient) -> None:
    opening = await office.allot()
    answer = await http.post(
        f"/v1/incidents/{opening.incident}/decisions/triage-1/responses",
        json={"option": "confirm", "reason": "x"},
    )
    assert answer.status_code == 401


async def test_a_token_speaks_for_its_own_role_only(office: Office, http: httpx.AsyncClient) -> None:
    opening = await office.allot()
    answer = await http.post(
        f"/v1/incidents/{opening.incident}/decisions/triage-1/responses",
        json={"option": "confirm", "reason": "x", "role": "responder"},
        headers=bearer("both-as-reporter"),
    )
    assert answer.status_code == 403
    assert "Use your token for responder" in answer.json()["detail"]


async def test_a_reporter_sees_incidents_without_their_titles(
    office: Office, http: httpx.AsyncClient
) -> None:
    opening = await office.allot(title="the words of somebody else")
    for role, title in ((Role.REPORTER, None), (Role.LEGAL, "the words of somebody else")):
        listed = (await http.get("/v1/incidents", headers=bearer(role))).json()["incidents"]
        found = next(one for one in listed if one["id"] == opening.incident)
        assert found["title"] == title
