"""Notices that are posted together leave in one workflow, and each still has an end of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from andon.adapters.notify.channel import MESSAGE_HEADER
from andon.domain.directory import Role
from andon.domain.notice import Notice, Recipients, Undelivered
from tests.adapters.office import Office, person
from tests.adapters.web import Web
from tests.workflows.errand import Errand, notice, posted
from workers.outbox import TOGETHER, TemporalOutbox

# Apprise loads all of its plugins at once; the one for mail imports a module that Python will drop.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

ALONE = [
    "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
    "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED",
    "EVENT_TYPE_WORKFLOW_TASK_STARTED",
    "EVENT_TYPE_WORKFLOW_TASK_COMPLETED",
    "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED",
    "EVENT_TYPE_ACTIVITY_TASK_STARTED",
    "EVENT_TYPE_ACTIVITY_TASK_COMPLETED",
    "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED",
    "EVENT_TYPE_WORKFLOW_TASK_STARTED",
    "EVENT_TYPE_WORKFLOW_TASK_COMPLETED",
    "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED",
]
"""What Temporal keeps of one notice that arrives at once."""


def several(*abouts: str, **fields: Any) -> list[Notice]:
    """Return notices of one incident, one about each."""
    incident = f"INC-20260302-{secrets.token_hex(3)}"
    return [notice(about=about, incident=incident, **fields) for about in abouts]


def messages(receiver: Web) -> list[str]:
    return sorted(headers[MESSAGE_HEADER] for headers in receiver.headers)


def ids(notices: Sequence[Notice]) -> list[str]:
    return sorted(one.id for one in notices)


async def events(handle: WorkflowHandle[Any, Any]) -> list[HistoryEvent]:
    return list((await handle.fetch_history()).events)


async def activities(errand: Errand) -> list[str]:
    return [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in await events(errand.handle)
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]


async def test_several_notices_leave_in_one_workflow_and_one_activity(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.employs(person("ana", f"json://{receiver.url}/"), person("bela", f"json://{receiver.url}/"))
    notices = several("question", "guidance", "joined", "fallback_missing")
    async with posted(environment, office, *notices) as errand:
        assert await errand.ended() == 2
        assert await activities(errand) == ["people.begin_together"]
        assert [EventType.Name(event.event_type) for event in await events(errand.handle)] == ALONE
        described = await errand.handle.describe()
        assert await described.static_summary() == "question triage-1 and 3 more"
    assert errand.handle.id.startswith(f"notice/{errand.notice.incident}/")
    assert messages(receiver) == sorted(ids(notices) * 2)


async def test_a_notice_posted_alone_takes_the_same_steps_as_ever(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.employs(person("ana", f"json://{receiver.url}/"))
    async with posted(environment, office) as errand:
        assert await errand.ended() == 1
        assert await activities(errand) == ["people.begin"]
        assert [EventType.Name(event.event_type) for event in await events(errand.handle)] == ALONE
        assert errand.handle.id == f"notice/{errand.notice.id}"


async def test_one_that_reaches_nobody_alarms_for_itself_only_and_the_others_are_done(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.employs(person("ana", f"json://{receiver.url}/"))
    told, lost = several("question", "guidance")
    lost = lost.model_copy(update={"roles": (Role.PRIVACY,)})
    async with posted(environment, office, told, lost) as errand:
        await errand.until_kept("undeliverable")
        (standing,) = office.deliveries.undelivered(told.incident)
        assert (standing.notice.id, standing.notice.roles) == (lost.id, (Role.PRIVACY,))
        assert messages(receiver) == [told.id]
        office.employs(
            person("ana", f"json://{receiver.url}/"),
            person("pia", f"json://{receiver.url}/", role=Role.PRIVACY),
        )
        await errand.skip(minutes=2)
        assert await errand.ended() == 2
        assert await _heard_of(errand) == [lost.id]
        assert await activities(errand) == [
            "people.begin_together",
            "people.conclude",
            "people.begin",
            "people.conclude",
        ]
    assert messages(receiver) == ids([told, lost])
    assert office.deliveries.undelivered() == []


async def _heard_of(errand: Errand) -> list[str]:
    """Return the notices of which the incident was sent word."""
    sent = [
        event.signal_external_workflow_execution_initiated_event_attributes.input.payloads
        for event in await events(errand.handle)
        if event.event_type == EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
    ]
    return [(await pydantic_data_converter.decode(one, [Undelivered]))[0].notice for one in sent]


async def test_one_whose_channel_is_away_goes_on_alone_while_the_others_are_done(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    away = "json://127.0.0.1:9/"
    office.employs(
        person("ana", f"json://{receiver.url}/"),
        person("pia", away, f"json://{receiver.url}/", role=Role.PRIVACY),
    )
    told, later = several("question", "guidance")
    later = later.model_copy(update={"roles": (Role.PRIVACY,)})
    async with posted(environment, office, told, later) as errand:
        assert await errand.ended() == 2
        assert await activities(errand) == ["people.begin_together", "people.tell", "people.tell"]
    kept = [(sent.notice.id, sent.person, sent.code) for sent in office.deliveries.of(told.incident)]
    assert [one for one in kept if one[0] == told.id] == [(told.id, "ana", "sent")]
    assert [code for _, who, code in kept if who == "pia"] == ["failed"] * 3 + ["sent"]


class BreaksOff:
    """A client whose connection ends after some workflows."""

    def __init__(self, client: Client, after: int) -> None:
        self._client = client
        self._left = after

    async def start_workflow(self, *args: Any, **options: Any) -> WorkflowHandle[Any, Any]:
        if not self._left:
            raise ConnectionError("the connection has ended")
        self._left -= 1
        handle: WorkflowHandle[Any, Any] = await self._client.start_workflow(*args, **options)
        return handle


async def test_a_posting_that_broke_off_and_is_repeated_begins_nothing_twice(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.employs(person("ana", f"json://{receiver.url}/"))
    notices = several(*(f"guidance_{number}" for number in range(TOGETHER + 1)))
    first = notices[:TOGETHER]
    async with posted(environment, office, *first) as errand:
        assert await errand.ended() == 1
        run = (await errand.handle.describe()).run_id
        outbox = TemporalOutbox(BreaksOff(environment.client, 0))  # type: ignore[arg-type] # all it uses
        with pytest.raises(ConnectionError):
            await outbox.post(notices)
        queue = (await errand.handle.describe()).task_queue
        last = environment.client.get_workflow_handle(f"notice/{notices[-1].id}")
        with environment.with_time_skipping_disabled():
            for _ in range(2):
                await TemporalOutbox(environment.client, queue).post(notices)
        await asyncio.wait_for(last.result(), 20)
        assert (await errand.handle.describe()).run_id == run
    assert messages(receiver) == ids(notices)


async def test_postings_that_overlap_tell_nobody_twice(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.employs(person("ana", f"json://{receiver.url}/"), person("bela", f"json://{receiver.url}/"))
    one, both, other = several("question", "guidance", "joined")
    async with posted(environment, office, one, both) as errand:
        assert await errand.ended() == 2
        async with posted(environment, office, one, other, served=True) as again:
            assert await again.ended() == 2
            assert again.handle.id != errand.handle.id
        async with posted(environment, office, both, served=True) as alone:
            assert await alone.ended() == 2
    assert messages(receiver) == sorted(ids([one, both, other]) * 2)
    assert {code for *_, code in errand.kept()} == {"sent"}


async def test_whoever_heard_in_place_of_a_role_hears_it_once_however_often_it_is_posted(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.employs(person("ines", f"json://{receiver.url}/", role=Role.INCIDENT_LEAD))
    one, other = several("guidance", "joined", roles=(Role.PRIVACY,))
    async with posted(environment, office, one) as errand:
        assert await errand.ended() == 1
        async with posted(environment, office, one, other, served=True) as again:
            assert await again.ended() == 1
    assert messages(receiver) == [f"{name}/instead_of/privacy" for name in ids([one, other])]


async def test_one_that_can_not_be_begun_with_the_others_is_begun_by_itself(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.employs(person("ana", f"json://{receiver.url}/"))
    told, stuck = several("question", "guidance")
    recipients, failed = office.notifier.recipients, False

    async def fails_once(asked: Notice) -> Recipients:
        nonlocal failed
        if asked.id == stuck.id and not failed:
            failed = True
            raise ConnectionError("the register is away")
        return await recipients(asked)

    office.notifier.recipients = fails_once  # type: ignore[method-assign] # one that is away once
    async with posted(environment, office, told, stuck) as errand:
        assert await errand.ended() == 1
        assert await activities(errand) == ["people.begin_together", "people.begin"]
    assert messages(receiver) == ids([told, stuck])
