"""What a sender says of an incident is shown with it, and nothing follows from it."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
from temporalio.client import Client

from andon.domain.directory import Role
from andon.domain.incident import workflow_id
from andon.domain.sender import SENDER_SAYS, Says, SenderSays
from tests.api.server import bearer
from tests.console.desk import Office, opened
from tests.console.test_pages import signed_in


async def test_a_senders_word_is_on_the_page_in_the_api_and_in_the_ledger(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    said = SenderSays(source="source:mona", says=Says.RESOLVED, count=1, last_at=datetime.now(UTC), upto=1)
    await temporal.get_workflow_handle(workflow_id(incident)).signal(SENDER_SAYS, said)
    view = await office.until(incident, lambda view: view.senders)
    assert view.closed_at is None
    assert view.contained

    shown = (await http.get(f"/v1/incidents/{incident}", headers=bearer(Role.RESPONDER))).json()
    assert [(one["source"], one["says"]) for one in shown["senders"]] == [("source:mona", "resolved")]
    async with signed_in(http, Role.RESPONDER) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
    assert "says that it is over" in page
    assert "closes and releases nothing" in page
    assert "source:mona says: resolved" in page
