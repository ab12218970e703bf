"""The directory decides whose answers count, at the moment they are received: suspended, shared, away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Directory, Person, Role
from andon.domain.incident import IncidentView
from tests.api.server import bearer
from tests.console.desk import Caller, Office, everybody, opened

TRIAGE = "triage-1"
WHY = {"reason": "laptop stolen"}


@pytest.fixture(autouse=True)
async def _as_it_was(office: Office) -> AsyncIterator[None]:
    """Leave the shared console with the directory it had."""
    yield
    people, at = office.queries.people, datetime.now(UTC)
    for person in ("responder-1", "hr-1"):
        people.restore(person, at, by="admin-1")
    people.put_directory(everybody(), at)


async def change(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    answer = await http.post(f"/v1/directory/people/{path}", headers=bearer(Role.ADMIN), json=body)
    assert answer.status_code == 200, answer.text


def refused(view: IncidentView) -> int:
    return view.refused


async def answers_on_record(http: httpx.AsyncClient, incident: str) -> list[tuple[str, str]]:
    told = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/ledger?limit=500")).json()
    entries = [one for one in told["entries"] if one["kind"].startswith("response_")]
    return [(one["kind"], one["actor"]) for one in entries]


async def test_a_suspension_acts_on_the_next_answer_and_is_in_the_ledger(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await change(http, "responder-1/suspend", WHY)
    answer = await Caller(http, Role.RESPONDER).answer(incident, TRIAGE, "confirm")
    assert (answer.status_code, answer.json()["refusal"]) == (403, "suspended")
    view = await office.until(incident, refused)
    assert next(one for one in view.decisions if one.request.id == TRIAGE).open
    assert await answers_on_record(http, incident) == [("response_refused", "person:responder-1")]
    assert (await Caller(http, Role.RESPONDER).get("/v1/incidents")).status_code == 403


async def test_a_restored_persons_answer_counts_again(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await change(http, "responder-1/suspend", WHY)
    assert (await Caller(http, Role.RESPONDER).answer(incident, TRIAGE, "confirm")).status_code == 403
    await change(http, "responder-1/restore", WHY)
    answer = await Caller(http, Role.RESPONDER).answer(incident, TRIAGE, "confirm")
    assert answer.status_code == 200, answer.text


async def test_an_older_file_does_not_let_a_suspended_persons_answer_count(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await change(http, "responder-1/suspend", WHY)
    fresh = Person(id="fresh", name="Fresh", roles=(Role.LEGAL,))
    office.queries.people.import_file(Directory(people=(*everybody().people, fresh)), datetime.now(UTC))
    answer = await Caller(http, Role.RESPONDER).answer(incident, TRIAGE, "confirm")
    assert (answer.status_code, answer.json()["refusal"]) == (403, "suspended")


async def test_what_was_answered_before_a_suspension_still_counts(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    assert (await Caller(http, Role.RESPONDER).answer(incident, TRIAGE, "confirm")).status_code == 200
    await change(http, "responder-1/suspend", WHY)
    view = await office.until(incident, lambda one: not _open(one))
    assert [one.person for one in _triage(view).accepted] == ["responder-1"]


async def test_an_answer_from_a_shared_account_is_refused(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    shared = (one.model_copy(update={"shared": one.id == "responder-1"}) for one in everybody().people)
    office.queries.people.put_directory(Directory(people=tuple(shared)), datetime.now(UTC))
    answer = await Caller(http, Role.RESPONDER).answer(incident, TRIAGE, "confirm")
    assert (answer.status_code, answer.json()["refusal"]) == (403, "shared_account")


async def test_a_delegate_answers_while_the_holder_is_away(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    lent = (
        one.model_copy(update={"delegates": ("hr-1",) if one.id == "responder-1" else ()})
        for one in everybody().people
    )
    office.queries.people.put_directory(Directory(people=tuple(lent)), datetime.now(UTC))
    incident = await opened(office, temporal)
    deputy = Caller(http, Role.HR)
    early = await deputy.answer(incident, TRIAGE, "confirm", role="responder")
    assert (early.status_code, early.json()["refusal"]) == (403, "role_not_held")
    until = datetime.now(UTC) + timedelta(hours=1)
    await change(http, "responder-1/absences", {"until": until.isoformat()})
    answer = await deputy.answer(incident, TRIAGE, "confirm", role="responder")
    assert answer.status_code == 200, answer.text
    assert [
        one.person for one in _triage(await office.until(incident, lambda one: not _open(one))).accepted
    ] == ["hr-1"]


async def test_a_suspended_delegate_is_refused_whatever_they_stand_in_for(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await change(http, "hr-1/suspend", WHY)
    answer = await Caller(http, Role.HR).answer(incident, TRIAGE, "confirm", role="responder")
    assert (answer.status_code, answer.json()["refusal"]) == (403, "suspended")


def _triage(view: IncidentView) -> Any:
    return next(one for one in view.decisions if one.request.id == TRIAGE)


def _open(view: IncidentView) -> bool:
    return bool(_triage(view).open)
