"""Pages of the reach and of affected records: read, stated and worked off without a script."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
from temporalio.client import Client

import andon
from andon.console.screens import completeness as completeness_words
from andon.console.screens import reach as reach_words
from andon.console.screens.words import GAPS, ROWS
from andon.domain.directory import Role
from andon.domain.impact import PATTERN_QUESTION
from andon.domain.severity import Classification
from tests.console.desk import Caller, Office, opened
from tests.console.test_affected import change
from tests.console.test_pages import field, signed_in

ANDON = Path(andon.__file__).parent
DENIES = re.compile(
    r"\b(did not happen|never happened|nothing happened|no harm|not affected|nobody was)\b", re.I
)


async def test_records_are_put_on_the_list_and_worked_off_on_their_page(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    place = f"/incidents/{incident}/affected"
    async with signed_in(http, Role.OPERATIONS) as browser:
        page = (await browser.get(place)).text
        assert "No record is on the list." in page
        form = {"csrf": field(page, "csrf"), "what": "add", "reason": "from the payment log"}
        sheet = "id,system,before,after\nA-1,orders,0,<b>40</b>\nA-2,orders,,\n"
        broken = await browser.post(place, data={**form, "sheet": "id,field\nA-1,x\n"})
        assert (broken.status_code, "the heading lacks system" in broken.text) == (400, True)
        assert "from the payment log" in broken.text
        assert (await browser.post(place, data={**form, "sheet": sheet})).status_code == 303
        page = (await browser.get(place)).text
        assert "0 corrected + 0 that cannot be = 0 of 2" in page
        assert "<b>40</b>" not in page
        assert "&lt;b&gt;40&lt;/b&gt;" in page
        settle = {"csrf": form["csrf"], "what": "settle", "state": "corrected", "reason": "OPS-12"}
        assert (await browser.post(place, data={**settle, "numbers": "1 x"})).status_code == 400
        assert (await browser.post(place, data={**settle, "numbers": "1"})).status_code == 303
        rest = {**settle, "state": "cannot", "all_open": "yes"}
        assert (await browser.post(place, data=rest)).status_code == 303
        page = (await browser.get(place)).text
        assert "Nothing is left to correct." in page
        sheet_back = await browser.get(f"{place}.csv")
        assert sheet_back.headers["content-disposition"].startswith("attachment")
        own = (await browser.get(f"/incidents/{incident}")).text
        assert "1 corrected + 1 that cannot be = 2 of 2" in own


async def test_records_are_for_those_who_may_see_them_and_others_see_how_many(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    added = await change(http, Role.OPERATIONS, incident, add=[{"id": "jane-doe", "system": "crm"}])
    assert added.status_code == 201, added.text
    async with signed_in(http, Role.LEGAL) as browser:
        assert (await browser.get(f"/incidents/{incident}/affected")).status_code == 403
        for place in (f"/incidents/{incident}", f"/incidents/{incident}/reach"):
            page = (await browser.get(place)).text
            assert "0 corrected + 0 that cannot be = 0 of 1" in page
            assert "jane-doe" not in page


async def test_a_hypothesis_and_numbers_are_stated_on_the_page_of_the_reach(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    place = f"/incidents/{incident}/reach"
    async with signed_in(http, Role.SECURITY) as browser:
        page = (await browser.get(place)).text
        for says in PATTERN_QUESTION.values():
            assert says in page
        assert re.search(r'name="since" type="datetime-local" step="1" value="[-\d]+T\d\d:\d\d:\d\d"', page)
        assert ">-</td>" not in page
        form = {"csrf": field(page, "csrf"), "key": field(page, "key")}
        close = {
            **form,
            "what": "hypothesis",
            "hypothesis": "one_answer",
            "finding": "ruled_out",
            "evidence": "input/recorder/input-1",
            "reason": "three wrote",
        }
        for _ in range(2):
            assert (await browser.post(place, data=close)).status_code == 303
        refused = await browser.post(place, data={**close, "key": "another key", "evidence": "none"})
        assert refused.status_code == 422
        numbers = {
            **form,
            "key": f"{form['key']}-counts",
            "what": "counts",
            "users": "12",
            "since": "2026-03-01T10:00:00",
            "basis": "estimated",
            "reason": "by the mail log",
        }
        assert (await browser.post(place, data=numbers)).status_code == 303
        page = (await browser.get(place)).text
        assert "ruled out" in page
        assert "outputs not known, users 12" in page
        own = (await browser.get(f"/incidents/{incident}")).text
        assert "1 of 6 hypotheses closed" in own


async def test_the_page_of_the_evidence_shows_every_row_and_kind_and_claims_no_absence(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.RESPONDER) as browser:
        page = (await browser.get(f"/incidents/{incident}/evidence")).text
        assert "4 % complete: evidence of 1 of 24 rows that apply, missing-log rate 0.96" in page
        assert "All 36 kinds of evidence" in page
        reach = (await browser.get(f"/incidents/{incident}/reach")).text
    for text in (page, reach):
        assert not DENIES.search(re.sub(r"<[^>]+>", " ", text))


def test_no_word_for_a_gap_says_that_something_did_not_happen() -> None:
    told = [
        *GAPS.values(),
        *(one.text for one in ROWS.values()),
        *completeness_words.SAYS.values(),
        *reach_words.LACKS.values(),
        *reach_words.LEANINGS.values(),
        *reach_words.REASONS.values(),
        *PATTERN_QUESTION.values(),
    ]
    assert [text for text in told if DENIES.search(text)] == []
    written = [
        *ANDON.glob("console/templates/*.html"),
        *ANDON.glob("cli/*.py"),
        *ANDON.glob("console/screens/*.py"),
    ]
    assert len(written) > 50
    honest = "does not mean that it did not happen"
    assert [one.name for one in written if DENIES.search(one.read_text().replace(honest, ""))] == []
    assert "no evidence" in {one.text for one in ROWS.values()}


async def test_a_look_back_closes_on_its_page_with_what_was_found(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    near = {"classification": Classification.NEAR_MISS, "type": "privacy_event"}
    incident = await opened(office, temporal, **near)
    assert (await Caller(http, Role.RESPONDER).answer(incident, "triage-1", "confirm")).is_success
    task = "look_through_earlier_outputs-1"
    await office.until(incident, lambda view: any(one.id == task for one in view.tasks))
    place = f"/incidents/{incident}/tasks/{task}"
    async with signed_in(http, Role.OPERATIONS) as browser:
        page = (await browser.get(place)).text
        form = {"csrf": field(page, "csrf"), "key": field(page, "key"), "reason": "went through the logs"}
        since = re.findall(r'name="since"[^>]*value="([^"]+)"', page)[0]
        short = {**form, "state": "done", "found": "4", "since": datetime.now(UTC).isoformat()}
        assert (await browser.post(place, data=short)).status_code == 409
        done = {**form, "key": "another key", "state": "done", "found": "4", "since": since}
        assert (await browser.post(place, data=done)).status_code == 303
    view = await office.until(
        incident, lambda view: any(one.id == task and not one.open for one in view.tasks)
    )
    closed = next(one for one in view.tasks if one.id == task)
    assert closed.look_back is not None
    assert (closed.state, closed.look_back.found) == ("done", 4)
