"""Hostile text through every field into every view and export: nothing runs, asks, forges or is a formula."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.people import People
from tests.hostile.canary import PARSED, Listener, beside_own_head
from tests.hostile.conftest import walking
from tests.hostile.exports import acting, file_faults
from tests.hostile.payloads import everything, own
from tests.hostile.pour import HOSTILE, as_a_customer, pour, pull_the_cord
from tests.hostile.requests import asked
from tests.hostile.table import Table
from tests.hostile.walk import Walk

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(1800)]
PREFACE = Path(__file__).with_name("preface.md")
NOBODYS = "kiosk_of_somebody"
WRITERS = ("incident_lead", "business_owner", "legal", "reporter", "admin")
READERS = ("incident_lead", "auditor")
COMMANDS = (
    *("list", "show {}", "tasks {}", "impact {}", "quality list", "suggestions", "systems list"),
    *("people list", "sources list", "tokens list", "alarms", "audit access"),
    *("evidence list {}", "evidence access {}", "audit timeline {}"),
)


async def test_what_acts_in_no_page_of_an_incident(
    people: People, browser: Browser, listener: Listener
) -> None:
    strings = own(listener.address)
    some = tuple(one for kind in ("script", "direction") for one in strings[kind])
    poured = pour(people, some, listener.address, NOBODYS)
    async with walking(browser, people, "responder", some) as walk:
        await walk.look(f"/incidents/{poured.incident}", fill=False)
    assert walk.faults == []
    assert walk.canary.sang == []
    assert listener.asked == []
    assert len(walk.views) > 10


@pytest.mark.long
async def test_every_string_goes_through_every_field_into_every_view_and_export(
    hostile_people: People, browser: Browser, listener: Listener, tmp_path: Path
) -> None:
    people, strings = hostile_people, everything(listener.address)
    table = Table(len(strings))
    poured = pour(people, strings, listener.address, HOSTILE)
    pull_the_cord(people, poured, strings[0])
    as_a_customer(people, strings[:40])
    table.sent(poured.fields)
    for name, outcome, fault in asked(
        people, poured.incident, tuple(one[0] for one in own(listener.address).values())
    ):
        table.answered(name, outcome, fault)
    for role, fill in (*((one, True) for one in WRITERS), *((one, False) for one in READERS)):
        async with walking(browser, people, role, strings) as walk:
            await walk.look(f"/incidents/{poured.incident}", fill=fill)
            if not fill:
                await keep_files(walk, table)
            table.walked(role, walk)
    commanded(people, poured.incident, table, tmp_path)
    table.asked_outside(listener.asked)
    print(table.markdown())
    if kept := os.environ.get("KEEP_TABLE"):
        Path(kept).write_text(PREFACE.read_text() + table.markdown())
    assert table.faults == []
    assert len(table.views) > 30


async def keep_files(walk: Walk, table: Table) -> None:
    """Fetch every file that a link was seen to, and look into it."""
    for kind_of_file, link in walk.files.items():
        kind, faults, page = await file_faults(walk.page.request, link)
        grown = beside_own_head(await walk.page.evaluate(PARSED, page)) if page else []
        table.exported(kind_of_file, kind, [*faults, *(f"{one} grew in {link}" for one in grown)])


def commanded(people: People, incident: str, table: Table, folder: Path) -> None:
    """Have the command line show the same, export the bundle and verify it, and read what was logged."""
    for command in COMMANDS:
        printed = people.andon(*command.format(incident).split(), check=0)
        table.printed(f"andon {command}", acting(printed))
    bundle, keys = folder / "bundle", folder / "keys.json"
    people.andon("audit", "export", incident, bundle, "--trust-out", keys)
    table.printed("andon audit verify", acting(people.andon("audit", "verify", bundle, "--trust", keys)))
    for log in sorted((people.scene.setting.data / "logs").glob("*.log")):
        table.printed(f"log {log.name}", acting(log.read_text(errors="strict")))
    table.told([ring.title for ring in people.scene.bell.rings])
