"""The directory through the API: who may see and change what, and that changes act at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from andon.console.app import create_app
from andon.domain.directory import Directory, Person, Role, Rotation
from tests.api.server import bearer, running
from tests.console.desk import BOTH, Office, everybody, open_office
from tests.domain.test_overlay import key

NOWHERE = "127.0.0.1:9"
ALL = frozenset(Role)
ADMIN = frozenset({Role.ADMIN})
LISTING = ALL - {Role.DETECTOR}
READING = LISTING - {Role.REPORTER}
WHY = {"reason": "Her laptop was stolen."}
SECOND = "admin-2"

RIGHTS: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/v1/directory"): READING,
    ("GET", "/v1/directory/document"): ADMIN,
    ("GET", "/v1/directory/versions"): ADMIN | {Role.AUDITOR},
    ("GET", "/v1/directory/on-call"): READING,
    ("PUT", "/v1/directory"): ADMIN,
    ("POST", "/v1/directory/people/nobody/suspend"): ADMIN,
    ("POST", "/v1/directory/people/nobody/restore"): ADMIN,
    ("POST", "/v1/directory/people/nobody/absences"): ADMIN,
    ("DELETE", "/v1/directory/people/nobody/absences"): ADMIN,
}


def crowd() -> Directory:
    """Everybody, a second admin, two on call, and somebody with an address and a key."""
    ana = Person(
        id="ana",
        name="Ana Ibáñez",
        roles=(Role.RESPONDER,),
        teams=("night",),
        channels=("mailto://ana:secret@example.org",),
        keys=(key(1),),
    )
    more = (ana, Person(id=SECOND, name="Second admin", roles=(Role.ADMIN,)))
    turn = Rotation(
        role=Role.RESPONDER, members=("responder-1", "ana"), first_day=datetime(2026, 1, 5, tzinfo=UTC).date()
    )
    return Directory(people=(*everybody().people, *more), rotations=(turn,))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    office = open_office(tmp_path, NOWHERE)
    office.queries.people.import_file(crowd(), datetime.now(UTC))
    async with (
        running(create_app(office.parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
    ):
        office.http = http
        yield office
    office.queries.databases.close()


async def ask(
    office: Office, role: Role | str, method: str, path: str, body: Any = None, **headers: str
) -> httpx.Response:
    assert office.http is not None
    return await office.http.request(
        method, f"/v1/directory{path}", json=body, headers={**bearer(role), **headers}
    )


async def people_seen(office: Office, role: Role, query: str = "") -> dict[str, Any]:
    told = (await ask(office, role, "GET", query)).json()
    return {one["id"]: one for one in told["people"]}


def body_for(method: str, path: str) -> Any:
    if path.endswith("absences"):
        return {"until": (datetime.now(UTC) + timedelta(days=1)).isoformat()} if method == "POST" else None
    return WHY if method == "POST" else None


async def test_every_request_lets_in_its_roles_and_nobody_else(office: Office) -> None:
    cells = 0
    for (method, path), roles in RIGHTS.items():
        for role in Role:
            rest = path.removeprefix("/v1/directory")
            answer = await ask(office, role, method, rest, body_for(method, path))
            assert (answer.status_code != 403) is (role in roles), f"{method} {path} as {role}: {answer.text}"
            cells += 1
    assert cells == len(RIGHTS) * len(Role) == 162


async def test_without_a_token_nothing_is_told_or_changed(office: Office) -> None:
    assert office.http is not None
    for method, path in RIGHTS:
        answer = await office.http.request(method, path, json=body_for(method, path))
        assert answer.status_code == 401, f"{method} {path}"
    assert len(office.queries.people.versions()) == 2


async def test_addresses_and_public_keys_are_for_oneself_and_admins(office: Office) -> None:
    for role, wholly in ((Role.LEGAL, False), (Role.INCIDENT_LEAD, False), (Role.ADMIN, True)):
        ana = (await people_seen(office, role))["ana"]
        assert (ana["contact"] is not None) is wholly
        assert (ana["keys"][0]["public"] is not None) is wholly
        assert ana["keys"][0]["id"] == key(1).id
        assert ana["reached_by"] == 1
    own = (await people_seen(office, Role.LEGAL))["legal-1"]
    assert own["contact"] == {"channels": [], "identities": []}
    told = (await ask(office, Role.LEGAL, "GET", "")).text
    assert "secret" not in told
    assert key(1).public not in told


async def test_people_are_found_by_role_team_and_a_part_of_their_name(office: Office) -> None:
    assert set(await people_seen(office, Role.LEGAL, "?role=responder")) == {"responder-1", BOTH, "ana"}
    assert set(await people_seen(office, Role.LEGAL, "?team=night")) == {"ana"}
    assert set(await people_seen(office, Role.LEGAL, "?q=IBÁÑ")) == {"ana"}
    assert set(await people_seen(office, Role.LEGAL, "?q=admin-&role=admin")) == {"admin-1", SECOND}
    assert (await ask(office, Role.LEGAL, "GET", "?role=king")).status_code == 400


async def test_the_answer_names_the_directory_it_was_taken_from(office: Office) -> None:
    answer = await ask(office, Role.LEGAL, "GET", "")
    told = answer.json()
    assert told["digest"] == crowd().digest()
    assert answer.headers["etag"] == f'"{told["digest"]}"'
    assert (told["version"], told["base"]) == (2, "file")


async def test_somebody_suspended_is_kept_out_at_once_and_let_in_again_when_restored(office: Office) -> None:
    assert (await ask(office, Role.LEGAL, "GET", "")).status_code == 200
    told = (await ask(office, Role.ADMIN, "POST", "/people/legal-1/suspend", WHY)).json()
    assert (told["changed"], told["person"]["suspended"]) == (True, True)
    refused = await ask(office, Role.LEGAL, "GET", "")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:andon:problem:suspended")
    again = (await ask(office, Role.ADMIN, "POST", "/people/legal-1/suspend", WHY)).json()
    assert again["changed"] is False
    assert again["person"]["suspended_from"] == told["person"]["suspended_from"]
    office.queries.people.import_file(everybody(), datetime.now(UTC))
    assert (await ask(office, Role.LEGAL, "GET", "")).status_code == 403
    restored = (await ask(office, Role.ADMIN, "POST", "/people/legal-1/restore", WHY)).json()
    assert restored["person"]["suspended"] is False
    assert (await ask(office, Role.LEGAL, "GET", "")).status_code == 200


async def test_the_history_says_who_did_what_to_whom_and_why(office: Office) -> None:
    await ask(office, Role.ADMIN, "POST", "/people/legal-1/suspend", WHY)
    await ask(office, Role.ADMIN, "POST", "/people/legal-1/restore", {"reason": "She has a new one."})
    for role in (Role.AUDITOR, Role.ADMIN):
        told = (await ask(office, role, "GET", "/versions?limit=2")).json()
        assert [(one["why"], one["by"], one["about"], one["reason"]) for one in told["versions"]] == [
            ("restored", "admin-1", "legal-1", "She has a new one."),
            ("suspended", "admin-1", "legal-1", "Her laptop was stolen."),
        ]
        rest = (await ask(office, role, "GET", f"/versions?before={told['next']}")).json()
        assert [one["why"] for one in rest["versions"]] == ["file", "replaced"]
        assert rest["next"] is None
    kept = (office.settings.data_dir / "register.db").read_bytes()
    assert b"laptop was stolen" not in kept


async def test_nobody_restores_or_lifts_what_was_done_to_themselves(office: Office) -> None:
    answer = await ask(office, Role.ADMIN, "POST", "/people/admin-1/restore", WHY)
    assert answer.status_code == 403
    assert "Ask another admin" in answer.json()["detail"]
    assert (await ask(office, Role.ADMIN, "POST", "/people/admin-1/suspend", WHY)).status_code == 200
    for method, path in (("POST", "/people/admin-1/restore"), ("PUT", ""), ("GET", "/document")):
        assert (await ask(office, Role.ADMIN, method, path, WHY)).status_code == 403


async def test_the_last_admin_is_not_suspended(office: Office) -> None:
    await ask(office, Role.ADMIN, "POST", f"/people/{SECOND}/suspend", WHY)
    answer = await ask(office, Role.ADMIN, "POST", "/people/admin-1/suspend", WHY)
    assert answer.status_code == 400
    assert "only admin left" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/people/nobody/suspend", WHY, 404),
        ("/people/No Body/suspend", WHY, 400),
        ("/people/legal-1/suspend", {}, 400),
        ("/people/legal-1/suspend", {"reason": "  "}, 400),
        ("/people/legal-1/suspend", {"reason": "x", "until": "2027"}, 400),
        ("/people/legal-1/absences", {"until": "2027-01-01T00:00:00"}, 400),
        ("/people/legal-1/absences", {"until": "2020-01-01T00:00:00Z"}, 400),
        ("/people/nobody/absences", {"until": "2999-01-01T00:00:00Z"}, 404),
    ],
)
async def test_what_can_not_be_used_is_refused(office: Office, path: str, body: Any, status: int) -> None:
    answer = await ask(office, Role.ADMIN, "POST", path, body)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert len(office.queries.people.versions()) == 2


async def test_one_notes_ones_own_absence_and_comes_back_from_it(office: Office) -> None:
    away = {"until": (datetime.now(UTC) + timedelta(days=3)).isoformat()}
    for role in (Role.REPORTER, Role.RESPONDER):
        own, other = f"/people/{role}-1/absences", "/people/legal-1/absences"
        told = (await ask(office, role, "POST", own, away)).json()
        assert (told["changed"], told["person"]["away"]) == (True, True)
        assert (await ask(office, role, "POST", other, away)).status_code == 403
        assert (await ask(office, role, "DELETE", other)).status_code == 403
        assert (await ask(office, role, "DELETE", own)).json()["person"]["away"] is False
        assert (await ask(office, role, "DELETE", own)).status_code == 404
    told = (await ask(office, Role.ADMIN, "POST", "/people/legal-1/absences", away)).json()
    assert told["person"]["away"] is True


async def test_who_is_reached_is_told_in_order_with_the_turns(office: Office) -> None:
    told = (await ask(office, Role.LEGAL, "GET", "/on-call")).json()
    assert [one["role"] for one in told["roles"]] == [role.value for role in Role]
    at = "2999-01-08T12:00:00Z"
    told = (await ask(office, Role.LEGAL, "GET", f"/on-call?at={at}&role=legal")).json()
    assert told["at"] == at
    (legal,) = told["roles"]
    assert [one["person"] for one in legal["reached"]] == ["legal-1"]
    assert (await ask(office, Role.LEGAL, "GET", "/on-call?at=2026-01-06T12:00:00")).status_code == 400
    assert (await ask(office, Role.LEGAL, "GET", "/on-call?at=1999-01-01T00:00:00Z")).status_code == 404


async def test_an_absent_holder_of_the_turn_is_replaced_and_comes_last(office: Office) -> None:
    told = (await ask(office, Role.LEGAL, "GET", "/on-call?role=responder")).json()
    (responder,) = told["roles"]
    first = responder["turns"][0]["person"]
    assert responder["reached"][0]["person"] == first
    assert datetime.fromisoformat(responder["turns"][0]["until"]) > datetime.fromisoformat(told["at"])
    away = {"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    await ask(office, Role.ADMIN, "POST", f"/people/{first}/absences", away)
    (responder,) = (await ask(office, Role.LEGAL, "GET", "/on-call?role=responder")).json()["roles"]
    assert (responder["reached"][-1]["person"], responder["reached"][-1]["away"]) == (first, True)


async def document(office: Office) -> tuple[dict[str, Any], str]:
    answer = await ask(office, Role.ADMIN, "GET", "/document")
    return answer.json(), answer.headers["etag"]


async def test_a_changed_list_replaces_the_file_until_the_file_changes(office: Office) -> None:
    await ask(office, Role.ADMIN, "POST", "/people/ana/suspend", WHY)
    plain, tag = await document(office)
    assert plain == crowd().model_dump(mode="json")
    plain["people"][-2]["name"] = "Ana García"
    answer = await ask(office, Role.ADMIN, "PUT", "", plain, **{"If-Match": tag})
    assert (answer.status_code, answer.json()["base"], answer.json()["changed"]) == (200, "api", True)
    office.queries.people.import_file(crowd(), datetime.now(UTC))
    ana = (await people_seen(office, Role.LEGAL))["ana"]
    assert (ana["name"], ana["suspended"]) == ("Ana García", True)
    office.queries.people.import_file(everybody(), datetime.now(UTC))
    assert (await ask(office, Role.LEGAL, "GET", "")).json()["base"] == "file"


async def test_a_list_made_from_another_directory_is_refused(office: Office) -> None:
    plain, tag = await document(office)
    missing = await ask(office, Role.ADMIN, "PUT", "", plain)
    assert (missing.status_code, missing.json()["type"]) == (412, "urn:andon:problem:outdated")
    await ask(office, Role.ADMIN, "POST", "/people/ana/suspend", WHY)
    refused = await ask(office, Role.ADMIN, "PUT", "", plain, **{"If-Match": tag})
    assert refused.status_code == 412
    fresh = refused.headers["etag"]
    assert (await ask(office, Role.ADMIN, "PUT", "", plain, **{"If-Match": fresh})).status_code == 200


async def test_a_list_with_mistakes_is_refused_with_all_of_them(office: Office) -> None:
    plain, tag = await document(office)
    plain["people"][0]["zone"] = "Mars/Base"
    plain["people"][1]["roles"] = ["admin", "legal"]
    plain["people"][2]["delegates"] = ["nobody"]
    plain["people"][3]["colour"] = "red"
    plain["rotations"][0]["days"] = 0
    answer = await ask(office, Role.ADMIN, "PUT", "", plain, **{"If-Match": tag})
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == {
        "people.0",
        "people.1",
        "people.2.delegates.0",
        "people.3.colour",
        "rotations.0.days",
    }
    assert (await ask(office, Role.LEGAL, "GET", "")).json()["digest"] == crowd().digest()


async def test_a_list_that_gives_away_somebodys_key_is_refused(office: Office) -> None:
    office.queries.people.add_key("legal-1", key(2), datetime.now(UTC))
    plain, tag = await document(office)
    plain["people"][0]["keys"] = [key(2).model_dump(mode="json")]
    answer = await ask(office, Role.ADMIN, "PUT", "", plain, **{"If-Match": tag})
    assert answer.status_code == 400
    assert "a key belongs to two people" in answer.json()["detail"]
