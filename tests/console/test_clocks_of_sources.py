"""Evidence of sources whose clocks disagree is listed in order of time by ours, and says so (EVD-11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
from temporalio.client import Client

from andon.domain.directory import Role
from andon.domain.evidence import EvidenceItem
from andon.domain.values import digest_of, sha256
from tests.console.desk import Caller, Office, opened
from tests.console.test_pages import signed_in

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def item(name: str, at: datetime, skew_ms: int | None) -> EvidenceItem:
    return EvidenceItem(
        id=f"system_log/{name}/1",
        kind="system_log",
        source=name,
        query=digest_of({}),
        captured_at=AT + timedelta(hours=1),
        source_at=at,
        sha256=sha256(name.encode()),
        size_bytes=1,
        content_type="text/plain",
        key=f"evidence/{name}",
        version_id="",
        locked_until=None,
        collector=f"{name}/files-1",
        skew_ms=skew_ms,
    )


async def test_items_are_in_order_of_our_time_and_a_clock_that_was_off_is_named(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    ahead = item("gateway", AT + timedelta(minutes=5), 5 * 60_000 + 1000)
    level = item("crm", AT, 0)
    office.queries.evidence.save_items(incident, 7, [level, ahead], [])
    told = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/evidence")).json()
    mine = [one for one in told["items"] if one["source"] in {"crm", "gateway"}]
    assert [(one["source"], one.get("skew_ms")) for one in mine] == [("gateway", 301_000), ("crm", 0)]
    async with signed_in(http, Role.SECURITY) as visitor:
        page = (await visitor.get(f"/incidents/{incident}/evidence")).text
    assert "clock 0:05:01 ahead, set right here" in page
    assert page.index("gateway") < page.index("crm")
