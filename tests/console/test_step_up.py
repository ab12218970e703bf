"""What is sensitive asks again who is there, and whoever is suspended is refused on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update
from temporalio.client import Client

from andon.console.sessions import COOKIE
from andon.console.step_up import SENSITIVE
from andon.domain.decision import DecisionKind
from andon.domain.directory import Directory, Role
from andon.register.access_tables import sessions
from andon.register.engine import writing
from tests.api.server import bearer, token
from tests.console.desk import Office, everybody, opened
from tests.console.test_pages import SAME, field, signed_in

COUNSEL = {"kind": "external_counsel", "reason": "the regulator has called"}
REASON = "they know <this> field & ours"


async def asked(office: Office, http: httpx.AsyncClient, temporal: Client) -> tuple[str, str]:
    """Return an incident in which legal must decide something sensitive, and the page of that question."""
    incident = await opened(office, temporal)
    path = f"/v1/incidents/{incident}/proposals"
    answer = await http.post(path, headers=bearer(Role.COMPLIANCE), json=COUNSEL)
    assert answer.status_code == 201, answer.text
    await office.until(incident, lambda view: len(view.decisions) > 1)
    return incident, f"/incidents/{incident}/decisions/external_counsel-1"


def forget_the_proof(office: Office) -> None:
    """Make every session's last proof of presence too old."""
    before = datetime.now(UTC) - timedelta(minutes=6)
    with writing(office.queries.databases.register) as register:
        register.execute(update(sessions).values(proven_at=before))


def test_the_decisions_that_can_not_be_taken_back_are_sensitive() -> None:
    assert {
        DecisionKind.RESTART,
        DecisionKind.EXECUTIVE_OVERRIDE,
        DecisionKind.GATE_EXCEPTION,
        DecisionKind.THRESHOLD_CHANGE,
        DecisionKind.CUSTOMER_NOTIFICATION,
        DecisionKind.PUBLIC_STATEMENT,
        DecisionKind.NOTIFY_REGULATOR,
    } <= SENSITIVE
    assert DecisionKind.TRIAGE not in SENSITIVE


async def test_an_old_session_is_asked_again_and_what_was_typed_is_there_afterwards(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident, where = await asked(office, http, temporal)
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(where)).text
        forget_the_proof(office)
        form = {"option": "retain", "reason": REASON, **{n: field(page, n) for n in ("csrf", "key")}}
        sent = await visitor.post(where, data=form, headers=SAME)
        assert sent.status_code == 303
        before = visitor.cookies[COOKIE]
        question = (await visitor.get(sent.headers["location"])).text
        assert "Is it you?" in question
        proof = {"csrf": field(question, "csrf"), "held": field(question, "held")}
        for wrong in (token(Role.HR), "andon_nobody", ""):
            refused = await visitor.post("/prove", data={**proof, "token": wrong}, headers=SAME)
            assert (refused.status_code, "is not yours" in refused.text) == (401, True)
        back = await visitor.post("/prove", data={**proof, "token": token(Role.LEGAL)}, headers=SAME)
        assert back.headers["location"].startswith(where)
        assert visitor.cookies[COOKIE] != before
        page = (await visitor.get(back.headers["location"])).text
        assert "they know &lt;this&gt; field &amp; ours</textarea>" in page
        assert field(page, "key") == form["key"]
        form["csrf"] = field(page, "csrf")
        assert (await visitor.post(where, data=form, headers=SAME)).status_code == 303
    view = await office.until(incident, lambda view: any(one.accepted for one in view.decisions))
    assert [one.option for one in view.decisions[-1].accepted] == ["retain"]


async def test_what_waits_is_shown_to_nobody_else(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    _, where = await asked(office, http, temporal)
    async with signed_in(http, Role.LEGAL) as visitor, signed_in(http, Role.EXECUTIVE) as other:
        page = (await visitor.get(where)).text
        forget_the_proof(office)
        form = {"option": "retain", "reason": REASON, "csrf": field(page, "csrf")}
        sent = await visitor.post(where, data=form, headers=SAME)
        held = sent.headers["location"].partition("held=")[2]
        assert "they know" in (await visitor.get(f"{where}?held={held}")).text
        assert "they know" not in (await other.get(f"{where}?held={held}")).text
        assert "they know" not in (await visitor.get(f"{where}?held=x{held}")).text


async def test_what_is_not_sensitive_asks_nobody_again(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    where = f"/incidents/{incident}/decisions/triage-1"
    async with signed_in(http, Role.RESPONDER) as visitor:
        page = (await visitor.get(where)).text
        forget_the_proof(office)
        form = {"option": "confirm", "reason": "seen", "csrf": field(page, "csrf")}
        assert (await visitor.post(where, data=form, headers=SAME)).headers["location"].startswith(where)


async def test_a_token_of_the_api_is_not_asked_again(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident, _ = await asked(office, http, temporal)
    path = f"/v1/incidents/{incident}/decisions/external_counsel-1/responses"
    answer = await http.post(path, headers=bearer(Role.LEGAL), json={"option": "retain", "reason": "x"})
    assert answer.status_code == 200, answer.text


@pytest.fixture
def suspend(office: Office) -> Iterator[Callable[[str], None]]:
    """Suspend somebody; everybody is back afterwards."""
    yield lambda person: _put(office, person)
    office.queries.people.put_directory(everybody(), datetime.now(UTC))


def _put(office: Office, person: str) -> None:
    at = datetime.now(UTC)
    people = tuple(
        one.model_copy(update={"suspended_from": at}) if one.id == person else one
        for one in everybody().people
    )
    office.queries.people.put_directory(Directory(people=people), at)


async def test_an_answer_typed_by_somebody_suspended_is_refused_on_record_and_shows_nothing(
    office: Office, http: httpx.AsyncClient, temporal: Client, suspend: Callable[[str], None]
) -> None:
    incident = await opened(office, temporal, title="what only they may read")
    where = f"/incidents/{incident}/decisions/triage-1"
    async with signed_in(http, Role.RESPONDER) as visitor:
        page = (await visitor.get(where)).text
        form = {"option": "confirm", "reason": "seen", "csrf": field(page, "csrf")}
        suspend("responder-1")
        answer = await visitor.post(where, data=form, headers=SAME)
        assert answer.status_code == 403
        assert "what only they may read" not in answer.text
        assert "You are suspended" in (await visitor.get(where)).text
    view = await office.until(incident, lambda view: view.refused)
    assert not view.decisions[0].accepted
