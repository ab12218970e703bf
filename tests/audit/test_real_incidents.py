"""What real workflows write is verified and replayed: the rules here fit what they do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from andon.audit.exported import Exported
from andon.audit.findings import Report
from andon.audit.recorded import recorded_in
from andon.audit.replay import histories, read_history, replay
from andon.audit.timeline import known_at
from andon.audit.trust import Trust
from andon.audit.verify import Beside, Name, verify
from andon.domain.directory import Role
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.ledger import Kind, verify_chain
from andon.domain.stage import Stage
from andon.ports import Captured
from tests import fakes
from tests.audit.story import line
from tests.workflows.case import PATIENCE, STRANGER, Case, Parts, opened, trusted

Story = Callable[[Case], Awaitable[object]]
TRUSTED = Trust(attestation=trusted())
LOOKED_AT = {
    *(Name.FORM, Name.CHAIN, Name.HEAD, Name.EVIDENCE, Name.STATEMENTS, Name.JUDGEMENT, Name.COURSE),
    Name.HISTORIES,
}


async def restarted(case: Case) -> None:
    await case.answer("triage", "confirm", Role.RESPONDER, seed=STRANGER)
    await case.to_the_gate()
    await case.restart()
    await case.until(lambda state: state.stage is Stage.MONITOR)
    await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
    await case.ended()


async def stood_down(case: Case) -> None:
    await case.until(lambda state: state.contained)
    await case.answer("triage", "false_positive", Role.RESPONDER)
    await case.answer("triage", "false_positive", Role.INCIDENT_LEAD)
    await case.ended()


async def not_restarted(case: Case) -> None:
    await case.until(lambda state: state.contained)
    await case.answer("triage", "confirm", Role.RESPONDER)
    await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
    await case.answer("impact", "isolated", Role.OPERATIONS)
    await case.answer("diagnosis", "unknown", Role.ENGINEER)
    await case.answer("remediation", "not_restarting", Role.BUSINESS_OWNER)
    await case.answer("lessons", "no_change", Role.INCIDENT_LEAD)
    await case.ended()


async def relapsed(case: Case) -> None:
    await case.to_the_gate()
    await case.restart()
    await case.until(lambda state: state.stage is Stage.MONITOR)
    case.parts.versions.running = "changed behind our back"
    await case.until(lambda state: state.relapses == 1 and state.contained)
    await case.question("diagnosis")


async def sent_back(case: Case) -> None:
    case.parts.judged = lambda _: {"failed": ("case-7",)}
    await case.to_the_gate()
    await case.entries(Kind.GATE_SHUT)
    case.parts.judged = lambda _: {}
    await case.answer("remediation", "fix_deployed", Role.ENGINEER)
    await case.restart()
    await case.until(lambda state: state.stage is Stage.MONITOR)


STORIES: dict[str, Story] = {
    "restarted": restarted,
    "stood down": stood_down,
    "not restarted": not_restarted,
    "relapsed": relapsed,
    "sent back by the gate": sent_back,
}


def with_evidence() -> Parts:
    spans = fakes.ListSource(
        "recorder",
        found=[Captured(kind="input", content=b"pay me", content_type="text/plain", name="span-1")],
    )
    return Parts(sources={"recorder": spans})


async def recorded(environment: WorkflowEnvironment, case: Case) -> list[WorkflowHistory]:
    address = environment.client.service_client.config.target_host
    found = histories(address, case.opening.incident, environment.client.namespace)
    return [history async for history in found]


async def at_rest(environment: WorkflowEnvironment, case: Case) -> list[WorkflowHistory]:
    """Return histories that say what the book says: an open incident goes on writing between two looks."""
    async with asyncio.timeout(PATIENCE):
        while True:
            length = len(case.parts.book.entries)
            runs = await recorded(environment, case)
            said = recorded_in(runs, case.opening.incident).head
            if said is not None and said.length == length == len(case.parts.book.entries):
                return runs
            await asyncio.sleep(0.05)


def exported_from(case: Case, runs: Sequence[WorkflowHistory]) -> Exported:
    """Return what an export would hold, the questions taken from the histories."""
    book, said = case.parts.book, recorded_in(runs, case.opening.incident)
    assert said.head is not None
    return Exported(
        incident=case.opening.incident,
        entries=tuple(line(entry) for entry in book.entries),
        statements={digest: line(one) for digest, one in book.envelopes.items()},
        requests={digest: line(one) for digest, one in said.requests.items()},
        directories={case.parts.people.directory.digest(): line(case.parts.people.directory)},
        manifests=tuple(line(one) for _, one in sorted(case.parts.evidence.manifests.items())),
        heads={"register": verify_chain(book.entries), "history": said.head},
    )


def findings(report: Report) -> list[str]:
    return [f"{step.title}: {one.where}: {one.problem}" for step, one in report.findings()]


@pytest.mark.parametrize("name", STORIES)
async def test_what_a_real_incident_writes_holds_and_its_histories_replay(
    environment: WorkflowEnvironment, name: str
) -> None:
    async with opened(environment, with_evidence()) as case:
        await STORIES[name](case)
        runs = await at_rest(environment, case)
        report = verify(exported_from(case, runs), TRUSTED, Beside(histories=lambda: runs))
    assert findings(report) == []
    assert all(step.checked for step in report.steps if step.title in LOOKED_AT)
    assert {run.workflow_id.split("/")[-2] for run in runs} >= {"incident", "evidence"}
    replayed = [await replay(run, environment.client.namespace) for run in runs]
    assert [one.problem for one in replayed] == [None] * len(runs)


async def test_every_byte_matters_in_a_real_incident_too(environment: WorkflowEnvironment) -> None:
    async with opened(environment, with_evidence()) as case:
        await stood_down(case)
        exported = exported_from(case, await at_rest(environment, case))
    for number, text in enumerate(exported.entries):
        middle = len(text) // 2
        altered = text[:middle] + ("x" if text[middle] != "x" else "y") + text[middle + 1 :]
        lines = (*exported.entries[:number], altered, *exported.entries[number + 1 :])
        assert not verify(replace(exported, entries=lines), TRUSTED).holds


async def test_the_timeline_shows_what_was_known_at_a_moment(environment: WorkflowEnvironment) -> None:
    async with opened(environment, with_evidence()) as case:
        await stood_down(case)
        entries = case.parts.book.entries
    asked = next(entry for entry in entries if entry.kind == Kind.DECISION_OPENED)
    early, late = known_at(entries, asked.at), known_at(entries, entries[-1].at)
    assert "triage-1" in early.questions
    assert not early.closed
    assert late.closed
    assert late.questions == []
    assert set(late.orders.values()) == {"released"}
    assert not late.contained
    before = known_at(entries, datetime(2020, 1, 1, tzinfo=UTC))
    assert (before.entries, before.stages) == (0, [])


async def test_a_history_written_to_a_file_replays_and_an_altered_one_does_not(
    environment: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with opened(environment) as case:
        await stood_down(case)
        run = (await recorded(environment, case))[0]
    path = tmp_path / "run.json"
    path.write_text(run.to_json())
    assert (await replay(read_history(path))).problem is None
    text = json.loads(run.to_json())
    started = [one for one in text["events"] if "activityTaskScheduledEventAttributes" in one]
    started[0]["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "another.activity"
    path.write_text(json.dumps(text))
    assert "ondeterminism" in str((await replay(read_history(path))).problem)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"events": []}', '{"events": [1]}', "[1]", '{"events": [{}]}']
)
def test_a_file_that_is_no_history_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(InvalidInputError, match=r"run\.json"):
        read_history(path)


async def test_an_incident_temporal_does_not_know_is_named(environment: WorkflowEnvironment) -> None:
    address = environment.client.service_client.config.target_host
    with pytest.raises(NotFoundError):
        [run async for run in histories(address, "INC-20260101-nobody", environment.client.namespace)]
