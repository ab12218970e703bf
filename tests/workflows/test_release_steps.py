"""Release in steps: on by the clock or by the owner, back in one word, and held again by a relapse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.adapters.levers.flag import FlagLever, Look
from andon.config import DatabaseSettings
from andon.domain.containment import Verb
from andon.domain.declaration import DeclarationTaken, Declared
from andon.domain.directory import Role
from andon.domain.incident import Ending, IncidentState
from andon.domain.ledger import Kind
from andon.domain.release import AT_ONCE, ReleaseStep
from andon.domain.response import Refusal
from andon.domain.severity import Band
from andon.domain.system import LeverEntry
from andon.register.engine import open_databases
from andon.register.switches import Switches
from andon.register.tables import SWITCHES
from tests.workflows.case import Case, Parts, opened, trusted
from tests.workflows.policy import PLAYBOOK, SYSTEM, plan_for

PAUSE, TOOL = "refund_desk.allowed", "refund_desk.tool.issue_refund.allowed"
REVIEW = "refund_desk.unreviewed.allowed"
HOUR = timedelta(hours=1)
STEPS = tuple(
    ReleaseStep.model_validate(one)
    for one in ({"review_all": {"hold_for": "PT1H"}}, {"partial": 20, "hold_for": "PT1H"}, "full")
)
OWNER, LEAD, OPERATIONS = Role.BUSINESS_OWNER, Role.INCIDENT_LEAD, Role.OPERATIONS


class DirectProbe:
    """Reads the switch store as the door does, without the way there."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    async def look(
        self, key: str, *, number: bool, about: str = "", said: Mapping[str, str] | None = None
    ) -> Look:
        answer = self._switches.answer(key, normal=True, context={"targetingKey": about, **(said or {})})
        incident = answer.holds[0].incident if answer.holds else ""
        return Look(answer.value, f"{str(answer.value).lower()}/{answer.reason}", incident)


@dataclass
class FlagParts(Parts):
    """Fake ports, but for the flags: those are real."""

    switches: Switches = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.levers: Any = {"flag": FlagLever(self.switches, DirectProbe(self.switches))}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[FlagParts]:
    yield from flag_parts(tmp_path)


def flag_parts(tmp_path: Path) -> Iterator[FlagParts]:
    settings = DatabaseSettings(
        switches_url=f"sqlite:///{tmp_path}/switches.db",
        register_url=f"sqlite:///{tmp_path}/register.db",
        recorder_url=f"sqlite:///{tmp_path}/recorder.db",
    )
    databases = open_databases(settings)
    SWITCHES.create_all(databases.switches)
    yield FlagParts(switches=Switches(databases.switches))
    databases.close()


@asynccontextmanager
async def released(
    environment: WorkflowEnvironment,
    parts: FlagParts,
    steps: tuple[ReleaseStep, ...] = STEPS,
    window: timedelta = 4 * HOUR,
) -> AsyncIterator[Case]:
    """An incident whose restart was decided, at the first step of its release."""
    review = LeverEntry(verb=Verb.ROUTE_TO_REVIEW)
    system = SYSTEM.model_copy(update={"levers": (*SYSTEM.levers, review)})
    watch = PLAYBOOK.watch.model_copy(update={"window": dict.fromkeys(Band, window)})
    playbook = PLAYBOOK.model_copy(update={"release": steps, "watch": watch})
    plan = plan_for(trusted(), playbook=playbook, system=system)
    async with opened(environment, parts, plan=plan) as case:
        await case.to_the_gate()
        await case.restart()
        await case.until(lambda state: state.watch_until)
        yield case


async def step(case: Case, number: int) -> IncidentState:
    return await case.until(lambda state: state.release and state.release.step == number)


async def say(case: Case, kind: Declared, to: int, role: Role = OWNER, **more: Any) -> DeclarationTaken:
    return await case.declare(kind, role, about={"step": str(to)}, **more)


def held(parts: FlagParts) -> dict[str, str | None]:
    """Return which levers hold, and whom each lets through."""
    return {one.lever: one.share.code if one.share else None for one in parts.switches.holds()}


async def test_each_step_is_put_up_before_the_rest_is_let_go_and_proven_before_it_counts(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    quick = tuple(one.model_copy(update={"hold_for": timedelta(seconds=1)}) for one in STEPS)
    async with released(environment, parts, quick) as case:
        second = await case.until(lambda state: state.release and len(state.release.reached) > 1)
        assert second.release is not None
        reached = second.release.reached[1]
        assert (reached.by, reached.proven, reached.back) == ("andon", True, False)
        through, asked = reached.saw.split("_of_")
        assert 5 <= int(through) <= 40
        assert int(asked) >= 100
        await step(case, 3)
        assert held(parts) == {}
        await case.entries(Kind.RESTARTED)
        await case.entries(Kind.WATCH_BEGUN, 2)
    course = {Kind.RELEASE_STEP, Kind.RESTARTED, Kind.WATCH_BEGUN}
    go, watch = "release_step", "watch_begun"
    assert [one for one in parts.book.kinds() if one in course] == [go, watch, go, go, "restarted", watch]
    named = [(one.before, one.after) for one in parts.book.of(Kind.RELEASE_STEP)]
    assert named == [("contained", "review_all"), ("review_all", "partial:20%"), ("partial:20%", "full")]


async def test_the_owner_goes_on_at_once_and_operations_go_back_without_asking_anybody(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts) as case:
        assert (await step(case, 1)).contained
        assert (await say(case, Declared.STEP_ON, 2)).refusal is None
        await step(case, 2)
        assert (await say(case, Declared.STEP_BACK, 1, OPERATIONS)).refusal is None
        state = await step(case, 1)
        assert held(parts) == {REVIEW: None}
        assert state.release is not None
        assert state.release.next_at is None
        assert state.release.reached[-1].by == "person:p-operations"
        assert not [one for one in state.decisions.values() if one.open]
        waits = await case.told("release_waits", 1)
        assert {OWNER, LEAD, OPERATIONS} == {role for one in waits for role in one.roles}
        await say(case, Declared.STEP_ON, 2)
        await step(case, 2)
        await say(case, Declared.STEP_ON, 3)
        await step(case, 3)
        assert held(parts) == {}


async def test_going_back_from_full_puts_the_step_before_up_again(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts, STEPS[1:]) as case:
        assert held(parts) == {PAUSE: "20%", TOOL: "20%"}
        await say(case, Declared.STEP_ON, 2)
        await case.entries(Kind.RESTARTED)
        assert held(parts) == {}
        await say(case, Declared.STEP_BACK, 1, LEAD)
        await step(case, 1)
        assert held(parts) == {PAUSE: "20%", TOOL: "20%"}
        await say(case, Declared.STEP_ON, 2)
        await step(case, 2)
        assert held(parts) == {}
        await case.entries(Kind.RESTARTED, 2)


@pytest.mark.parametrize("steps", [AT_ONCE, STEPS])
async def test_going_back_from_the_first_step_holds_everything_and_leads_through_the_gate_again(
    environment: WorkflowEnvironment, parts: FlagParts, steps: tuple[ReleaseStep, ...]
) -> None:
    async with released(environment, parts, steps) as case:
        assert (await say(case, Declared.STEP_BACK, 0, LEAD)).refusal is None
        state = await case.until(lambda state: state.relapses == 1 and state.contained)
        assert {lever for lever, share in held(parts).items() if share is None} >= {PAUSE, TOOL}
        assert (await case.question("diagnosis")).id == "diagnosis-2"
        assert parts.book.of(Kind.RELAPSE)[0].facts["saw"] == "taken_back"
        assert state.release is None or state.release.step == 0


async def test_a_relapse_at_a_step_holds_everything_whole_again(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts, STEPS[1:]) as case:
        await case.signal(
            "duplicates_joined", {"count": 1, "last_received_at": datetime.now(UTC).isoformat()}
        )
        await case.until(lambda state: state.relapses == 1 and state.contained)
        whole = {one.lever for one in parts.switches.holds() if one.share is None}
        assert whole == {PAUSE, TOOL}
        await case.answer("diagnosis", "unknown", Role.ENGINEER)
        await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        await case.restart()
        await step(case, 1)
        assert held(parts) == {PAUSE: "20%", TOOL: "20%"}


async def test_other_versions_at_the_next_step_hold_everything_again(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts) as case:
        parts.versions.running = "slipped in"
        await say(case, Declared.STEP_ON, 2)
        await case.until(lambda state: state.relapses == 1 and state.contained)
        assert parts.book.of(Kind.RELEASE_REFUSED)
        assert {lever for lever, share in held(parts).items() if share is None} >= {PAUSE, TOOL}


@pytest.mark.parametrize(
    ("kind", "to", "role", "refusal"),
    [
        (Declared.STEP_ON, 2, OPERATIONS, Refusal.WRONG_ROLE),
        (Declared.STEP_ON, 2, LEAD, Refusal.WRONG_ROLE),
        (Declared.STEP_BACK, 0, Role.ENGINEER, Refusal.WRONG_ROLE),
        (Declared.STEP_ON, 3, OWNER, Refusal.ABOUT),
        (Declared.STEP_BACK, 1, OWNER, Refusal.ABOUT),
    ],
)
async def test_a_step_that_is_not_somebody_s_to_take_is_refused_on_record(
    environment: WorkflowEnvironment, parts: FlagParts, kind: Declared, to: int, role: Role, refusal: Refusal
) -> None:
    async with released(environment, parts) as case:
        assert (await say(case, kind, to, role)).refusal is refusal
        assert (await case.state()).release_asked is None
        assert held(parts) == {REVIEW: None}
        await case.entries(Kind.DECLARATION_REFUSED)


async def test_before_the_restart_there_is_no_step_to_take(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with opened(environment, parts) as case:
        await case.until(lambda state: state.contained)
        assert (await say(case, Declared.STEP_ON, 2)).refusal is Refusal.ALREADY_SO
        assert (await say(case, Declared.STEP_BACK, 0)).refusal is Refusal.NOT_DECLARABLE


async def test_the_watch_after_full_is_a_whole_window_and_ends_the_incident(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts, STEPS[1:], window=timedelta(seconds=2)) as case:
        await say(case, Declared.STEP_ON, 2)
        await case.answer("lessons", "lessons_recorded", LEAD)
        assert await case.ended() is Ending.RESTARTED
