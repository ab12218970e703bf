"""What people see of how an AI system is stopped: mode, price, fallback, steps by hand, legal's hold."""

from __future__ import annotations

from typing import Any

import httpx
from temporalio.client import Client

from andon.domain.containment import OrderState, Verb
from andon.domain.cost import Cost
from andon.domain.directory import Role
from andon.domain.fallback import FallbackPlan
from andon.domain.mode import Mode
from andon.domain.playbook import ContainmentStep
from andon.domain.severity import Band
from tests.api.server import bearer
from tests.console.desk import Office, opened
from tests.console.test_pages import signed_in
from tests.workflows.case import start


async def shown(http: httpx.AsyncClient, incident: str) -> dict[str, Any]:
    answer = await http.get(f"/v1/incidents/{incident}", headers=bearer(Role.RESPONDER))
    found: dict[str, Any] = answer.json()
    return found


async def declared(http: httpx.AsyncClient, incident: str, role: Role, **body: Any) -> httpx.Response:
    return await http.post(
        f"/v1/incidents/{incident}/declarations",
        headers=bearer(role),
        json={"reason": "a court has asked for it", **body},
    )


async def test_while_it_is_paused_the_page_says_who_works_by_hand_and_how(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    fallback = (await shown(http, incident))["stopping"]["fallback"]
    assert (fallback["owner"], fallback["ended_at"]) == ("oscar", None)
    assert fallback["instructions"].startswith("Tickets wait in the desk's manual queue.")
    async with signed_in(http, Role.RESPONDER) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
    assert "Meanwhile by hand" in page
    assert "Support answers them by hand from the refund policy" in page
    assert "Fallback begun, run by oscar" in page


async def test_a_missing_fallback_is_flagged_as_soon_as_the_system_is_paused(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    plan = office.plan().model_copy(update={"fallback": FallbackPlan(owner=None)})
    incident = await opened(office, temporal, plan=plan)
    assert (await shown(http, incident))["stopping"]["fallback"]["owner"] is None
    async with signed_in(http, Role.RESPONDER) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
    assert "No fallback is written down" in page


async def test_what_is_only_foreseen_stands_on_the_page_and_where_it_is_decided(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    cost = Cost(what="refunds_wait", per_hour=1200, unit="EUR")
    plan = office.plan()
    steps = tuple(one.model_copy(update={"cost": cost}) for one in plan.steps)
    opening = await office.allot(plan=plan.model_copy(update={"mode": Mode.OBSERVE, "steps": steps}))
    await start(temporal, opening)
    await office.until(opening.incident, lambda view: any(one.open for one in view.decisions))
    stopping = (await shown(http, opening.incident))["stopping"]
    assert stopping["mode"] == "observe"
    assert {one["lever"] for one in stopping["would_hold"]} == {
        "refund_desk.tool.issue_refund.allowed",
        "refund_desk.allowed",
    }
    async with signed_in(http, Role.RESPONDER) as visitor:
        for place in ("", "/decisions/triage-1"):
            page = (await visitor.get(f"/incidents/{opening.incident}{place}")).text
            assert "Not stopped." in page
            assert "Pause the whole system" in page
            assert "refunds wait, about 1,200 EUR an hour" in page


async def test_the_question_for_a_step_that_costs_shows_its_price_and_its_reason(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    plan = office.plan()
    cost = Cost(what="refunds_wait", per_hour=1200, unit="EUR")
    steps = tuple(
        one.model_copy(update={"cost": cost, "costly": one.verb is Verb.PAUSE_SYSTEM}) for one in plan.steps
    )
    incident = await opened(office, temporal, plan=plan.model_copy(update={"steps": steps}))
    body = {"kind": "shutdown_revenue_feature", "reason": "it still pays"}
    asked = await http.post(f"/v1/incidents/{incident}/proposals", headers=bearer(Role.SECURITY), json=body)
    assert asked.status_code == 201
    async with signed_in(http, Role.BUSINESS_OWNER) as visitor:
        page = (await visitor.get(f"/incidents/{incident}/decisions/shutdown_revenue_feature-1")).text
    assert "Takes a decision before it is held" in page
    assert "refunds wait, about 1,200 EUR an hour" in page
    assert "unauthorised tool action" in page


async def test_legal_holds_the_evidence_and_everybody_sees_it_until_it_is_lifted(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    refused = await declared(http, incident, Role.ENGINEER, kind="evidence_hold")
    assert refused.status_code == 403
    assert (await declared(http, incident, Role.LEGAL, kind="evidence_hold")).status_code == 201
    assert (await shown(http, incident))["stopping"]["evidence_hold"]["person"] == "legal-1"
    async with signed_in(http, Role.ENGINEER) as visitor:
        assert "Legal holds the evidence" in (await visitor.get(f"/incidents/{incident}")).text
    assert (await declared(http, incident, Role.LEGAL, kind="evidence_hold_lifted")).status_code == 201
    assert (await shown(http, incident))["stopping"]["evidence_hold"] is None


async def test_a_step_by_hand_stands_among_the_orders_and_is_proven_by_closing_its_task(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    rotate = ContainmentStep(verb=Verb.ROTATE_CREDENTIAL, target="crm", at=tuple(Band))
    plan = office.plan()
    opening = await office.allot(plan=plan.model_copy(update={"steps": (*plan.steps, rotate)}))
    await start(temporal, opening)
    await office.until(opening.incident, lambda view: any(one.order for one in view.tasks))
    found = await shown(http, opening.incident)
    by_hand = next(one for one in found["orders"] if one["adapter"] == "manual")
    assert (by_hand["state"], by_hand["target"], found["contained"]) == ("requested", "crm", False)
    async with signed_in(http, Role.OPERATIONS) as visitor:
        page = (await visitor.get(f"/incidents/{opening.incident}")).text
        assert "Contain it by hand" in page
        assert "Rotate credential “crm”" in page
        assert "asked of a person" in page
    about = {"task": "contain_by_hand-1", "state": "done"}
    done = await declared(http, opening.incident, Role.OPERATIONS, kind="task", about=about)
    assert done.status_code == 201
    view = await office.until(opening.incident, lambda view: view.contained)
    assert {one.state for one in view.orders} == {OrderState.PROVEN}
