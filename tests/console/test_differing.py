"""What an answer to the restart question would change: versions, levers, and who may read texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.containment import OrderState, Verb
from andon.domain.decision import Binding, DecisionKind, DecisionRecord, DecisionRequest, Option
from andon.domain.directory import Role
from andon.domain.gate import EvaluationResult, Gate
from andon.domain.incident import IncidentView
from andon.domain.values import canonical, digest_of
from tests.console.desk import Caller, Office, opened
from tests.console.test_pages import signed_in
from tests.kept_items import keep_item

BEFORE_TEXT = (
    "You are the refund desk. Use the account that the ticket names. Decline what the policy does not allow."
)
AFTER_TEXT = BEFORE_TEXT.replace("that the ticket names", "of the customer who is signed in")
THEN: dict[str, Any] = {
    "prompt": {"version": "1.1", "system": BEFORE_TEXT},
    "model": {"name": "desk-small", "version": "1.0.0"},
    "config": {"limit": 3},
}
NOW: dict[str, Any] = {
    "prompt": {"version": "1.2", "system": AFTER_TEXT},
    "model": {"name": "desk-small", "version": "1.0.0"},
}


async def at_restart(
    office: Office, temporal: Client, then: dict[str, Any] | None, now: dict[str, Any] | None
) -> str:
    """Show an incident at its restart question, with these versions among the evidence."""
    incident = await opened(office, temporal, plan=office.plan(office.alone()))
    view = await office.until(incident, settled)
    at = datetime.now(UTC)
    kept = {"store": office.parts.store, "vault": office.parts.vault}
    if then is not None:
        name, content = "deployment_history/versions/versions", canonical(then)
        item = await keep_item(incident, name, content, at=at, **kept)  # type: ignore[arg-type] # two ports
        office.queries.evidence.save_items(incident, 1, [item], ())
    if now is not None:
        name = "structured_validation_result/evaluation/1/result.json"
        content = canonical({"versions": now, "suite": "s"})
        item = await keep_item(incident, name, content, at=at, **kept)  # type: ignore[arg-type] # two ports
        office.queries.evidence.save_items(incident, 0, [item], ())
    shown = view.model_copy(
        update={
            "version": view.version + 1000,
            "gate": Gate(open=True),
            "evaluation": evaluated(at, digest_of(now)) if now is not None else None,
            "decisions": (*view.decisions, DecisionRecord(request=asked(office, incident, at, now))),
        }
    )
    await office.behind.projection.show(shown)
    return incident


def settled(view: IncidentView) -> bool:
    """Whether evidence is sealed, and the tool and the whole system are proven to be held."""
    proven = {one.order.lever.verb for one in view.orders if one.state is OrderState.PROVEN}
    return bool(view.seals) and {Verb.DISABLE_TOOL, Verb.PAUSE_SYSTEM} <= proven


def evaluated(at: datetime, ran: str) -> EvaluationResult:
    return EvaluationResult(
        suite="s",
        started_at=at,
        finished_at=at,
        completed=True,
        versions=ran,
        total=1,
        finished=1,
        incident_case=True,
        running=ran,
    )


def asked(office: Office, incident: str, at: datetime, now: dict[str, Any] | None) -> DecisionRequest:
    return DecisionRequest(
        id="restart-1",
        incident=incident,
        kind=DecisionKind.RESTART,
        opened_at=at,
        deadline=at + timedelta(hours=4),
        eligible=(Role.BUSINESS_OWNER, Role.LEGAL, Role.SECURITY),
        options=(
            Option(id="restart", needs=((Role.BUSINESS_OWNER,),)),
            Option(id="keep_stopped", blocks=True),
        ),
        default="keep_stopped",
        opens=("evidence", "gate"),
        binding=Binding(versions=digest_of(now) if now is not None else "0" * 64),
        policy=office.policy,
    )


async def difference(http: httpx.AsyncClient, incident: str, role: Role, **query: Any) -> dict[str, Any]:
    path = f"/v1/incidents/{incident}/decisions/restart-1/difference"
    answer = await Caller(http, role).get(path, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_versions_of_the_incident_stand_beside_those_that_were_evaluated(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await at_restart(office, temporal, THEN, NOW)
    found = await difference(http, incident, Role.BUSINESS_OWNER)
    parts = {one["part"]: one for one in found["versions"]["parts"]}
    verdicts = {name: one["verdict"] for name, one in parts.items()}
    assert (verdicts["prompt"], verdicts["model"]) == ("changed", "unchanged")
    assert (verdicts["config"], parts["config"]["why"]) == ("not_known", "after_not_known")
    assert verdicts["tools"] == "not_known"
    assert (parts["prompt"]["then"], parts["prompt"]["now"]) == ([["version", "1.1"]], [["version", "1.2"]])
    assert parts["model"]["now"] == [["name", "desk-small"], ["version", "1.0.0"]]
    assert parts["prompt"]["elsewhere"] == ["system"]
    assert BEFORE_TEXT not in str(found)
    assert found["versions"]["running"]["lacking"] == "not_allowed"
    assert found["versions"]["runs_what_was_evaluated"] is None
    restart = next(one for one in found["effects"] if one["option"] == "restart")
    tool = next(one for one in restart["permissions"] if one["verb"] == "disable_tool")
    assert (tool["now"]["allowed"], tool["then"]["allowed"]) == ("held", "allowed")
    keep = next(one for one in found["effects"] if one["option"] == "keep_stopped")
    assert keep["permissions"] == []


@pytest.mark.long
async def test_texts_are_shown_to_roles_that_see_them_and_the_look_is_on_record(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await at_restart(office, temporal, THEN, NOW)
    told = await difference(http, incident, Role.SECURITY, text="true")
    (text,) = told["versions"]["texts"]
    removed = [
        "".join(piece for piece, _ in line["pieces"]) for line in text["lines"] if line["mark"] == "removed"
    ]
    assert removed == ["Use the account that the ticket names."]
    looked = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/access")).json()
    seen = [one for one in looked["entries"] if one["actor"] == "person:security-1"]
    assert len([one for one in seen if one["what"] == "viewed"]) == 2
    assert (await difference(http, incident, Role.LEGAL))["versions"]["text_at_hand"] is False
    assert (await difference(http, incident, Role.LEGAL, text="true"))["versions"]["texts"] == []


UNKNOWN = [
    pytest.param(None, NOW, "not_captured", "", id="nothing was captured"),
    pytest.param(THEN, None, "", "not_evaluated", id="nothing was evaluated"),
    pytest.param(None, None, "not_captured", "not_evaluated", id="neither"),
]


@pytest.mark.long
@pytest.mark.parametrize(("then", "now", "lacks_then", "lacks_now"), UNKNOWN)
async def test_a_side_that_is_not_known_makes_every_part_not_known(
    office: Office,
    http: httpx.AsyncClient,
    temporal: Client,
    *,
    then: dict[str, Any] | None,
    now: dict[str, Any] | None,
    lacks_then: str,
    lacks_now: str,
) -> None:
    incident = await at_restart(office, temporal, then, now)
    found = (await difference(http, incident, Role.BUSINESS_OWNER))["versions"]
    assert {one["verdict"] for one in found["parts"]} == {"not_known"}
    assert (found["incident"]["lacking"], found["evaluated"]["lacking"]) == (lacks_then, lacks_now)
    assert found["text_at_hand"] is False


@pytest.mark.long
async def test_the_page_says_all_of_it_and_shows_texts_only_when_asked(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await at_restart(office, temporal, THEN, NOW)
    place = f"/incidents/{incident}/decisions/restart-1"
    async with signed_in(http, Role.BUSINESS_OWNER) as visitor:
        page = (await visitor.get(place)).text
        assert "Changed: prompt. The same: model. Not known: tools, index, configuration, policy." in page
        assert "Whether what runs now was evaluated is not known" in page
        assert "I, business_owner-1, as business owner, answer the question restart-1" in page
        assert digest_of(NOW) in page
        assert "that the ticket names" not in page
        asked = (await visitor.get(f"{place}?text=1")).text
    told = re.sub(r"<[^>]+>", "", asked)
    assert "Use the account that the ticket names." in told
    assert "Use the account of the customer who is signed in." in told
