"""The moments of an incident through the console: replayed apart, once for all, from Temporal or the archive."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Role
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened


async def test_the_moments_of_a_live_incident_are_what_its_ledger_bears_out(
    http: httpx.AsyncClient, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    auditor = Caller(http, Role.AUDITOR)
    answers = await asyncio.gather(*(auditor.get(f"/v1/incidents/{incident}/moments") for _ in range(5)))
    assert [one.status_code for one in answers] == [200] * 5, answers[0].text
    found = answers[0].json()
    assert found["replay"]["fits"]
    assert found["replay"]["untold"] == []
    assert found["replay"]["source"] == "temporal"
    assert "contained" in [mark for one in found["moments"] for mark in one["marks"]]
    last = office.queries.ledger.head(incident).length - 1
    assert found["moments"][-1]["last"] == last
    then = (await auditor.get(f"/v1/incidents/{incident}/moments", at="0")).json()["then"]
    assert (then["moment"]["contained"], then["before"]) == (False, None)
    assert {one["what"] for one in then["changed"]} >= {"stage", "severity", "orders"}
    early = await auditor.get(f"/v1/incidents/{incident}/moments", at="2020-01-01T00:00:00Z")
    assert early.json()["then"] is None
    for at, status in (("9999", 404), ("soon", 400), ("2026-01-01", 400)):
        assert (await auditor.get(f"/v1/incidents/{incident}/moments", at=at)).status_code == status
    page = await http.get(f"/v1/incidents/{incident}/moments", headers=bearer(Role.REPORTER))
    assert page.status_code == 403
