"""Files with evidence in them come from a host without sessions, where one is set; all are in a sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from andon.bootstrap.custody import Custody
from andon.console.app import create_app
from andon.console.handing_out import Apart, downloads_of
from andon.domain.directory import Role
from tests.api.server import bearer, running
from tests.console.desk import Office, open_office
from tests.console.test_pages import signed_in
from tests.console.test_viewing import Kept, keep, message

SECOND = "https://originals.example"
THERE = {"host": "originals.example"}


@pytest.fixture(scope="session")
async def apart(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A console with a second host."""
    office = open_office(tmp_path_factory.mktemp("apart"), "localhost:1")
    custody: Custody = office.parts.custody
    terms = custody.terms.model_copy(update={"originals_url": SECOND})
    office.parts = replace(office.parts, custody=replace(custody, terms=terms))
    async with (
        running(create_app(office.parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
    ):
        office.http = http
        yield office
    office.queries.databases.close()


@pytest.fixture(scope="session")
async def kept(apart: Office) -> Kept:
    return await keep(apart, message("<script>alert(1)</script>"))


@pytest.mark.parametrize(
    ("originals", "console", "found"),
    [
        ("", "https://andon.example", Apart.NOT_SET),
        ("https://originals.example", "https://andon.example", Apart.YES),
        ("https://andon.example:8443", "https://andon.example", Apart.SAME_HOST),
    ],
)
def test_two_ports_of_one_host_are_not_apart(originals: str, console: str, found: Apart) -> None:
    assert downloads_of(originals, console).apart is found


async def test_a_view_is_saved_from_the_second_host_once_and_without_a_session(
    apart: Office, kept: Kept
) -> None:
    assert apart.http is not None
    place = f"/incidents/{kept.incident}/evidence/{kept.item.sha256}/view.txt"
    async with signed_in(apart.http, Role.AUDITOR) as visitor:
        led = await visitor.get(place)
    assert led.status_code == 303
    address = led.headers["location"]
    assert address.startswith(f"{SECOND}/originals/")
    path = urlsplit(address).path
    assert (await apart.http.get(path)).status_code == 404, "the console's own host hands nothing out"
    got = await apart.http.get(path, headers=THERE)
    assert got.status_code == 200, got.text
    assert "<script>alert(1)</script>" in got.text
    assert got.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["cross-origin-resource-policy"] == "same-origin"
    assert "set-cookie" not in got.headers
    assert (await apart.http.get(path, headers=THERE)).status_code == 404


@pytest.mark.long
async def test_nothing_but_downloads_is_served_there(apart: Office, kept: Kept) -> None:
    assert apart.http is not None
    for path in ("/", "/sign-in", f"/incidents/{kept.incident}", "/v1/me", "/static/andon.css"):
        answer = await apart.http.get(path, headers={**THERE, **bearer(Role.AUDITOR)})
        assert answer.status_code == 404, path
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await apart.http.get("/healthz", headers=THERE)).status_code == 200
    assert (await apart.http.get("/sign-in")).status_code == 200


@pytest.mark.long
async def test_that_somebody_took_it_is_on_record_and_who_may_not_gets_no_address(
    apart: Office, kept: Kept
) -> None:
    assert apart.http is not None
    place = f"/incidents/{kept.incident}/evidence/{kept.item.sha256}/view.txt"
    before = len((await kept.looked()).entries)
    async with signed_in(apart.http, Role.LEGAL) as visitor:
        refused = await visitor.get(place)
    assert (refused.status_code, "location" in refused.headers) == (403, False)
    entry = (await kept.looked()).entries[before]
    assert entry.actor == "person:legal-1"


@pytest.mark.long
async def test_where_files_come_from_is_told(apart: Office) -> None:
    assert apart.http is not None
    told = (await apart.http.get("/v1/downloads", headers=bearer(Role.AUDITOR))).json()
    assert (told["url"], told["apart"]) == (SECOND, "yes")
    async with signed_in(apart.http, Role.AUDITOR) as visitor:
        page = await visitor.get("/audit")
    assert "a host of their own" in page.text
