"""The figures of a period as JSON, page and CSV."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Role
from tests.console.desk import SYSTEM, Caller, Office, opened
from tests.console.test_pages import signed_in


async def test_figures_are_told_for_a_period_and_narrowed(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    caller = Caller(http, Role.AUDITOR)
    told = (await caller.get("/v1/figures", system=SYSTEM, severity="high")).json()
    assert incident in {one["incident"] for one in told["contained"]["points"]}
    assert sum(one["first"] for one in told["looks"]) >= 1
    assert {one["kind"] for one in told["decided"]} >= {"triage"}
    none = (await caller.get("/v1/figures", system="elsewhere")).json()
    assert (none["opened"], none["contained"]["spread"]["median"]) == (0, None)
    assert (
        await caller.get("/v1/figures", since="2026-03-02T00:00:00Z", until="2026-03-01T00:00:00Z")
    ).is_error
    assert (await Caller(http, Role.REPORTER).get("/v1/figures")).status_code == 403


@pytest.mark.long
async def test_the_page_shows_plots_with_tables_and_each_sheet_can_be_had(
    office: Office, http: httpx.AsyncClient
) -> None:
    await office.allot()
    async with signed_in(http, Role.AUDITOR) as visitor:
        page = (await visitor.get(f"/figures?period=90&system={SYSTEM}")).text
        assert page.count("<svg") == page.count("<desc") >= 8
        assert 'aria-current="page"' in page
        sheets = set(re.findall(r'href="/figures/([\w-]+)\.csv\?period=90&amp;system=refund_desk"', page))
        assert sheets >= {"opened-severity", "times-1"}
        for name in sheets:
            answer = await visitor.get(f"/figures/{name}.csv?period=90&system={SYSTEM}")
            assert answer.headers["content-disposition"] == f'attachment; filename="figures-{name}.csv"'
            assert len(list(csv.reader(io.StringIO(answer.text)))) > 1
        assert (await visitor.get("/figures/nothing.csv")).status_code == 404
        assert "nothing in this period" in (await visitor.get("/figures?system=elsewhere")).text
        for wrong in (
            "period=odd",
            "severity=odd",
            "type=odd",
            "period=chosen&from=x",
            "from=2026-02-02&to=1",
        ):
            assert (await visitor.get(f"/figures?{wrong}")).status_code == 400, wrong
        quarter = (await visitor.get("/figures?period=quarter")).text
        assert '<option value="quarter" selected>' in quarter
