"""What a token lets its holder say and see; tests/access/test_table.py holds every route to its roles."""

from __future__ import annotations

import httpx

from andon.domain.directory import Role
from tests.api.server import bearer
from tests.console.desk import Office


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
