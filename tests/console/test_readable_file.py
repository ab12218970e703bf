"""The incident file as a page and a PDF, and the export that is on record before anything is handed out."""

from __future__ import annotations

import httpx
from temporalio.client import Client

from andon.domain.custody import AccessKind
from andon.domain.directory import Role
from andon.domain.file import PARTS
from andon.domain.ledger import Chain
from tests.api.server import bearer
from tests.console.desk import Office, opened
from tests.console.test_pages import signed_in


async def test_the_file_is_a_page_of_eight_parts_and_a_pdf(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.AUDITOR) as visitor:
        text = (await visitor.get(f"/incidents/{incident}/file")).text
        pdf = await visitor.get(f"/incidents/{incident}/file.pdf")
    assert text.count('<h2 id="part-') == len(PARTS)
    assert "Missing:" in text
    assert "<em>unknown</em>" in text
    assert "All times are in UTC." in text
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")


async def test_an_export_is_put_on_the_access_chain_first(office: Office, http: httpx.AsyncClient) -> None:
    incident = (await office.allot()).incident
    path = f"/v1/incidents/{incident}/exports"
    noted = (await http.post(path, json={}, headers=bearer(Role.AUDITOR))).json()
    (entry,) = office.parts.ledger.entries(incident, Chain.ACCESS)
    assert (entry.kind, entry.facts["role"], entry.sequence) == (AccessKind.EXPORTED, "auditor", 0)
    assert noted["access"] == {"length": 1, "digest": entry.digest()}
    assert (await http.post(path, json={}, headers=bearer(Role.ENGINEER))).status_code == 403


async def test_a_checkpoint_is_not_there_before_the_log_has_made_one(
    office: Office, http: httpx.AsyncClient
) -> None:
    incident = (await office.allot()).incident
    answer = await http.get(f"/v1/incidents/{incident}/checkpoint", headers=bearer(Role.AUDITOR))
    assert answer.status_code == 404
