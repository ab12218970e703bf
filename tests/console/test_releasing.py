"""The ladder of a release on the page: what stands, what comes, and who may have a step taken."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Role
from andon.domain.release import Reached, ReleaseCourse, ReleaseStep
from andon.domain.stage import Stage
from tests.api.server import bearer
from tests.console.desk import Office, opened
from tests.console.test_pages import SAME, field, signed_in

STEPS = tuple(
    ReleaseStep.model_validate(one) for one in ("review_all", {"partial": 10, "hold_for": "PT4H"}, "full")
)


async def released(office: Office, temporal: Client, *, step: int, waits: bool = False) -> str:
    """Show an incident at a step of its release, whatever its workflow is at."""
    plan = office.plan().model_copy(update={"release": STEPS})
    incident = await opened(office, temporal, plan=plan)
    view = await office.until(incident, lambda view: view.release is not None)
    now = office.parts.now()
    saw = ("", "held", "11_of_100", "let_go")
    reached = tuple(
        Reached(step=one, at=now - timedelta(hours=step - one), by="andon", saw=saw[one])
        for one in range(1, step + 1)
    )
    next_at = None if waits or step == len(STEPS) else now + timedelta(hours=4)
    course = ReleaseCourse(steps=STEPS, step=step, decision="restart-1", next_at=next_at, reached=reached)
    shown = view.model_copy(
        update={
            "version": view.version + 1000,
            "stage": Stage.MONITOR,
            "release": course,
            "watch_until": now + timedelta(days=1),
        }
    )
    await office.behind.projection.show(shown)
    return incident


async def page_of(http: httpx.AsyncClient, incident: str, role: Role) -> str:
    async with signed_in(http, role) as visitor:
        return (await visitor.get(f"/incidents/{incident}")).text


async def test_before_the_restart_the_steps_are_shown_that_will_be_taken(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    plan = office.plan().model_copy(update={"release": STEPS})
    incident = await opened(office, temporal, plan=plan)
    page = await page_of(http, incident, Role.BUSINESS_OWNER)
    assert "it is let go in these steps" in page
    assert "10% of requests run freely, the others as a step before" in page
    assert "release-steps" not in page
    shown = (await http.get(f"/v1/incidents/{incident}", headers=bearer(Role.BUSINESS_OWNER))).json()
    assert shown["release"]["step"] == 0


@pytest.mark.parametrize(
    ("role", "on", "back"),
    [
        (Role.BUSINESS_OWNER, True, True),
        (Role.OPERATIONS, False, True),
        (Role.RESPONDER, False, False),
    ],
)
async def test_each_reader_is_offered_the_steps_they_may_have_taken(
    office: Office, http: httpx.AsyncClient, temporal: Client, role: Role, *, on: bool, back: bool
) -> None:
    page = await page_of(http, await released(office, temporal, step=2), role)
    assert "11 of 100 probing requests went through" in page
    assert "It goes on by itself" in page
    assert ("Go on to step 3" in page) is on
    assert ("Take it back: everything runs, and a person reviews each answer" in page) is back


async def test_a_release_that_was_taken_back_says_that_it_waits_for_the_owner(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    page = await page_of(http, await released(office, temporal, step=1, waits=True), Role.OPERATIONS)
    assert "It goes on only when the business owner says so." in page
    assert "Take it back: everything is held" in page


async def test_a_step_that_the_workflow_refuses_changes_nothing_and_says_why(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await released(office, temporal, step=2)
    async with signed_in(http, Role.OPERATIONS) as visitor:
        text = (await visitor.get(f"/incidents/{incident}")).text
        form = {"csrf": field(text, "csrf"), "key": field(text, "key"), "way": "back", "step": "1"}
        refused = await visitor.post(f"/incidents/{incident}/release-steps", data=form, headers=SAME)
        stranger: dict[str, Any] = {**form, "way": "on", "reason": "it looks well"}
        denied = await visitor.post(f"/incidents/{incident}/release-steps", data=stranger, headers=SAME)
    assert refused.status_code == 422
    assert denied.status_code == 403
