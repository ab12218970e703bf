"""A whole incident in a real Chromium, from report to close, by clicks alone, each person at their own."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, expect

from tests.browser.cast import Cast, a_day_to_prove_it, answer, close_tasks, open_question
from tests.browser.conftest import browser
from tests.browser.watched import LONGEST_MS, Watched
from tests.e2e.people import People
from tests.e2e.scene import playing

__all__ = ["browser"]
pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(420)]

TITLE: Final = "It paid a refund to a stranger"
INCIDENT: Final = "Is this an incident?"
LEGAL: Final = "Must anybody be told by law or contract?"
IMPACT: Final = "How far does it reach?"
CAUSE: Final = "What caused it?"
FIX: Final = "Is the fix in place?"
RESTART: Final = "May it run again?"
LESSONS: Final = "What has changed because of this?"
EVALUATED_SECONDS: Final = 120.0
REACH: Final = {
    **dict.fromkeys(("left_company", "data_exposed", "more_affected", "reviewer_passed_it"), "no"),
    **dict.fromkeys(("notification_required", "obligation"), "no"),
    **dict.fromkeys(("took_action", "recent_change", "acted_upon"), "yes"),
    "reversibility": "costly",
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A stack of its own: the desk runs the fix ever after, and other courses begin with the fault."""
    with playing(tmp_path_factory.mktemp("clicks") / "root", watch_seconds=4) as scene:
        yield People(scene)


@pytest.fixture
async def cast(people: People, browser: Browser) -> AsyncIterator[Cast]:
    ready = people.scene.ready
    async with AsyncExitStack() as stack:
        yield Cast(browser, ready["console"], ready["tokens"], stack)


async def test_an_incident_goes_from_report_to_close_by_clicks_alone(
    people: People, cast: Cast, tmp_path: Path
) -> None:
    trace = str(people.scene.misbehave()["trace_ids"][0])
    incident = await reported(cast, trace)
    await contained_and_confirmed(cast, incident)
    await stated(cast, incident)
    await examined(cast, incident)
    await done_by_hand(cast, incident)
    people.scene.desk.deploy("v1.2")
    await restarted(cast, incident)
    await learned(cast, incident)
    await kept_as_files(cast, incident, tmp_path)
    assert cast.faults() == []
    print(f"{cast.seen()} pages opened by {len(cast)} people, 0 faults")
    verified_offline(people, incident, tmp_path)


async def reported(cast: Cast, trace: str) -> str:
    """Have somebody in the company report what they saw, and see on the receipt who was told."""
    rosa = await cast.person("reporter")
    page = rosa.page
    await rosa.come_to("/")
    await rosa.follow("Report what you saw")
    await page.get_by_text("Unauthorised", exact=True).click()
    await page.get_by_label("What happened, in one sentence").fill(TITLE)
    await page.get_by_text("Say more, if you know more").click()
    await page.get_by_label("Which AI system?").select_option("refund_desk")
    await page.get_by_label("Which output?").fill(trace)
    await page.get_by_label("How bad is it").select_option("high")
    await rosa.press(page.get_by_role("button", name="Report as rosa"))
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you", timeout=LONGEST_MS)
    await rosa.await_there(page.locator("ul.told li"))
    found: list[str] = re.findall(r"INC-\d{8}-\w+", await page.locator("main").inner_text())
    return found[0]


async def contained_and_confirmed(cast: Cast, incident: str) -> None:
    """See containment proven, and confirm."""
    ravi = await cast.person("responder")
    await ravi.come_to("/")
    await ravi.press(ravi.page.locator(f"main a[href='/incidents/{incident}']").first)
    await ravi.await_there(ravi.page.get_by_text("Contained and proven"))
    await open_question(ravi, incident, INCIDENT)
    await answer(ravi, "Confirm", "Seen in the refunds table.")


async def stated(cast: Cast, incident: str) -> None:
    """Have the owner say that they have it, and the lead state what is known of its severity."""
    bela = await cast.person("business_owner")
    await bela.come_to(f"/incidents/{incident}")
    await bela.press(bela.page.get_by_role("button", name="I have it"))
    ines = await cast.person("incident_lead")
    page = ines.page
    await ines.come_to(f"/incidents/{incident}")
    await ines.follow("State what you know")
    await page.get_by_label("Did the AI system do anything it was not allowed to do?").select_option("yes")
    await page.get_by_label("Does the AI system only suggest").select_option("acts_alone")
    await page.get_by_label("How sure are you that you know how far this reaches?").select_option("low")
    await page.get_by_label("How do you know?").first.fill("The tool paid, and nobody approved it.")
    await ines.press(page.get_by_role("button", name="State this as ines"))
    await ines.await_there(page.get_by_text("acted beyond its rights"))


async def examined(cast: Cast, incident: str) -> None:
    """Legal review, reach, and cause."""
    lena = await cast.with_a_passkey("legal")
    await open_question(lena, incident, LEGAL)
    await answer(lena, "No disclosure needed", "No personal data left the desk.", signed=True)
    oscar = await cast.person("operations")
    await open_question(oscar, incident, IMPACT)
    await answer(oscar, "Isolated", "The refunds table shows all of them.", REACH)
    sana = await cast.with_a_passkey("security")
    await open_question(sana, incident, CAUSE)
    found = {"failed_control": "eval_before_release", "sources_checked": "yes", "prompts_checked": "yes"}
    await answer(sana, "Prompt design", "Since v1.1 a ticket is shown as plain text.", found, signed=True)


async def done_by_hand(cast: Cast, incident: str) -> None:
    """Close what is to be done, each by the role it belongs to, with what was seen."""
    for role in ("operations", "security", "communications"):
        person = await cast.person(role)
        assert await close_tasks(person, incident, f"Done and looked at by {role}.") >= 1


async def restarted(cast: Cast, incident: str) -> None:
    """Mark the fix, wait for the gate, look at the evidence, and decide in threes."""
    erik = await cast.person("engineer")
    await open_question(erik, incident, FIX)
    change = {"change": "prompt", "change_owner": "erik", "change_due": a_day_to_prove_it()}
    named = {"change_link": "release v1.2", "addresses": "prompt_design"}
    await answer(erik, "Fix deployed", "v1.2 tags the ticket as data.", change | named)
    for role in ("business_owner", "legal", "security"):
        person = await cast.person(role)
        await open_question(person, incident, RESTART, EVALUATED_SECONDS)
        await look_at_the_grounds(person)
        await answer(person, "Restart", "The evaluation convinces me.", signed=role != "business_owner")


async def look_at_the_grounds(person: Watched) -> None:
    """Open what the page of a question says has not been opened yet."""
    page = person.page
    question = page.url
    while await (unopened := page.locator("#unopened a")).count():
        await person.press(unopened.first)
        await person.come_to(question)


async def learned(cast: Cast, incident: str) -> None:
    """Watch, write the review, name what has changed, and see the incident closed."""
    ines = await cast.person("incident_lead")
    page = ines.page
    await open_question(ines, incident, LESSONS, EVALUATED_SECONDS)
    question = page.url
    await ines.follow("The post-incident review")
    empty = page.locator("form").filter(has=page.get_by_label("What do you say?"))
    while await empty.count():
        await empty.first.get_by_label("What do you say?").fill("Seen, and written down by the lead.")
        await ines.press(empty.first.get_by_role("button", name="Keep as ines"))
    await ines.come_to(question)
    change = {"control_change": "eval", "change_owner": "ines", "change_due": a_day_to_prove_it()}
    named = {"change_link": "suite v8"}
    await answer(ines, "Lessons recorded", "The attack is a case of the suite now.", change | named)
    await ines.come_to("/incidents?state=closed")
    await ines.press(await ines.await_there(page.locator(f"main a[href='/incidents/{incident}']")))


async def kept_as_files(cast: Cast, incident: str, folder: Path) -> None:
    """Have the auditor keep the incident file, as PDF and as JSON."""
    aude = await cast.person("auditor")
    await aude.come_to(f"/incidents/{incident}")
    await aude.follow("The incident file")
    for name in ("As PDF", "As JSON"):
        async with aude.page.expect_download() as coming:
            await aude.page.get_by_role("link", name=name).click()
        await (await coming.value).save_as(folder / name)
    assert (folder / "As PDF").read_bytes().startswith(b"%PDF-")
    assert json.loads((folder / "As JSON").read_bytes())["incident"] == incident


def verified_offline(people: People, incident: str, folder: Path) -> None:
    """Export the bundle and verify it with what its keys say, as an auditor does years later."""
    bundle, keys = folder / "bundle", folder / "keys.json"
    people.andon("audit", "export", incident, bundle, "--trust-out", keys)
    found = people.said("audit", "verify", bundle, "--trust", keys)
    assert found["holds"] is True
