"""A notice on its way: real channels, real outages, and never silence."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from andon.adapters.notify import channel as channels
from andon.domain.channels import Channel
from andon.domain.directory import Absence, Role
from andon.domain.notice import Undelivered
from andon.domain.severity import Band
from andon.register.deliveries import Deliveries, Sent
from tests.adapters.office import Office, mail_server, person, silent_server
from tests.adapters.web import Web
from tests.workflows.case import PATIENCE, Parts, opened
from tests.workflows.errand import notice, now, posted

# Apprise loads all of its plugins at once; the one for mail imports a module that Python will drop.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CLOSED = "json://127.0.0.1:9/"
CLOSED_MAIL = "mailto://127.0.0.1:9/?from=andon@example.org&to=ana@example.org&mode=insecure"


@pytest.mark.parametrize("first", [CLOSED, CLOSED_MAIL], ids=["webhook", "mail"])
async def test_a_closed_port_leads_to_the_next_channel_and_each_attempt_is_recorded(
    environment: WorkflowEnvironment, office: Office, receiver: Web, first: str
) -> None:
    office.employs(person("ana", first, f"json://{receiver.url}/"))
    async with posted(environment, office) as errand:
        assert await errand.ended() == 1
    kind = first.split(":", maxsplit=1)[0]
    assert errand.kept() == [("ana", kind, "failed")] * 3 + [("ana", "json", "sent")]
    assert len(receiver.received) == 1


async def test_a_server_that_always_answers_500_leads_to_mail(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    receiver.status = 500
    with mail_server() as (postbox, mail):
        office.employs(person("ana", f"json://{receiver.url}/", mail))
        async with posted(environment, office) as errand:
            assert await errand.ended() == 1
    ids = [headers[channels.MESSAGE_HEADER] for headers in receiver.headers]
    ids += [letter[channels.MESSAGE_HEADER] for letter in postbox.letters]
    assert ids == [errand.notice.id] * 4
    assert errand.kept()[-1] == ("ana", "mailto", "sent")


@pytest.mark.long
async def test_a_server_that_hangs_leads_to_the_next_channel_and_delays_nobody_else(
    environment: WorkflowEnvironment, office: Office, receiver: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "ATTEMPT_SECONDS", 1.0)
    with silent_server() as address:
        office.employs(
            person(
                "ana", f"mailto://{address}/?from=a@b.de&to=c@d.de&mode=insecure", f"json://{receiver.url}/"
            ),
            person("bela", f"json://{receiver.url}/"),
        )
        async with posted(environment, office) as errand:
            assert await errand.ended() == 2
    assert errand.kept() == [
        ("bela", "json", "sent"),
        *[("ana", "mailto", "timeout")] * 3,
        ("ana", "json", "sent"),
    ]


async def test_a_retry_carries_the_same_message_id(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    receiver.outages = 2
    office.employs(person("ana", f"json://{receiver.url}/"))
    async with posted(environment, office) as errand:
        assert await errand.ended() == 1
    assert [headers[channels.MESSAGE_HEADER] for headers in receiver.headers] == [errand.notice.id] * 3
    assert [code for *_, code in errand.kept()] == ["failed", "failed", "sent"]


class LosesTheFirst(Deliveries):
    """A register that is away when the first delivery is to be recorded."""

    lost = 0

    def record(self, sent: Sent) -> None:
        if not self.lost:
            self.lost += 1
            raise OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error"))
        super().record(sent)


async def test_a_crash_between_sending_and_recording_sends_again_under_the_same_id(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.notifier._deliveries = LosesTheFirst(office.deliveries._engine)
    office.employs(person("ana", f"json://{receiver.url}/"))
    async with posted(environment, office) as errand:
        assert await errand.ended() == 1
    assert [headers[channels.MESSAGE_HEADER] for headers in receiver.headers] == [errand.notice.id] * 2
    assert errand.kept() == [("ana", "json", "sent")]


@pytest.mark.long
async def test_when_everybody_is_away_their_delegates_are_told_then_they_themselves_then_the_lead(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    away = {"absences": (Absence(since=now() - timedelta(days=1), until=now() + timedelta(days=1)),)}
    office.employs(
        person("ana", CLOSED, delegates=("dora",), **away),
        person("bela", CLOSED, **away),
        person("dora", CLOSED, role=Role.HR),
        person("ines", f"json://{receiver.url}/", role=Role.INCIDENT_LEAD),
        person("eva", f"json://{receiver.url}/", role=Role.EXECUTIVE),
    )
    async with posted(environment, office) as errand:
        assert await errand.ended() == 1
    order = list(dict.fromkeys((who, code) for who, _, code in errand.kept()))
    assert order == [("dora", "failed"), ("ana", "failed"), ("bela", "failed"), ("ines", "sent")]
    assert b"nobody who holds the role legal can be reached" in receiver.received[0]
    assert office.deliveries.undelivered() == []


@pytest.mark.long
async def test_what_reached_nobody_is_recorded_and_tried_again_until_it_arrives(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    receiver.status = 503
    office.employs(person("ana", f"json://{receiver.url}/"), person("eva", CLOSED, role=Role.EXECUTIVE))
    async with posted(environment, office) as errand:
        await errand.until_kept("undeliverable")
        (standing,) = office.deliveries.undelivered(errand.notice.incident)
        assert standing.notice.roles == (Role.LEGAL,)
        receiver.status = 200
        await errand.skip(minutes=2)
        assert await errand.ended() == 1
    assert errand.kept()[-2:] == [("ana", "json", "sent"), ("", "", "delivered")]
    assert office.deliveries.undelivered() == []
    assert {headers[channels.MESSAGE_HEADER] for headers in receiver.headers} == {errand.notice.id}


async def test_the_directory_is_read_anew_in_each_round(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    office.employs(person("ana"))
    async with posted(environment, office) as errand:
        await errand.until_kept("undeliverable")
        office.employs(person("ana"), person("bela", f"json://{receiver.url}/"))
        await errand.skip(minutes=2)
        assert await errand.ended() == 1
    assert errand.kept() == [
        ("ana", "outbox", "no_channel"),
        ("", "", "undeliverable"),
        ("bela", "json", "sent"),
        ("", "", "delivered"),
    ]


async def test_a_low_notice_waits_for_the_morning(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    hour = timedelta(hours=1)
    quiet = f"{now() - hour:%H:%M}-{now() + hour:%H:%M}"
    office.employs(person("ana", Channel(url=f"json://{receiver.url}/", quiet=(quiet,))))
    async with posted(environment, office, notice(severity=Band.LOW)) as errand:
        await errand.until_kept("held")
        assert receiver.received == []
        await errand.skip(minutes=61)
        assert await errand.ended() == 1
    assert errand.kept() == [("ana", "outbox", "held"), ("ana", "json", "sent")]


async def test_while_one_role_sleeps_it_is_not_kept_back_that_another_reaches_nobody(
    environment: WorkflowEnvironment, office: Office, receiver: Web
) -> None:
    hour = timedelta(hours=1)
    quiet = f"{now() - hour:%H:%M}-{now() + hour:%H:%M}"
    sleeper = Channel(url=f"json://{receiver.url}/", quiet=(quiet,))
    office.employs(person("ana"), person("pia", sleeper, role=Role.PRIVACY))
    low = notice(Role.LEGAL, Role.PRIVACY, severity=Band.LOW)
    async with posted(environment, office, low) as errand:
        await errand.until_kept("undeliverable")
        (standing,) = office.deliveries.undelivered(low.incident)
        assert standing.notice.roles == (Role.LEGAL,)
        await errand.skip(minutes=61)
        await errand.until_kept("sent")
        await errand.handle.terminate("the rounds go on for hours")


async def test_an_incident_hears_by_one_signal_of_a_notice_that_reached_nobody(
    environment: WorkflowEnvironment, office: Office
) -> None:
    office.employs(person("ana", CLOSED))
    parts = Parts()
    parts.notifier = office.notifier
    async with opened(environment, parts) as case:
        one = notice(Role.LEGAL, Role.PRIVACY, about="guidance", incident=case.opening.incident)
        async with posted(environment, office, one, served=True) as errand:
            await errand.until_kept("undeliverable")
            state = await case.until(lambda state: one.id in state.undelivered)
            signals = await _signals(case.handle, "notice_undelivered")
            await errand.handle.terminate("the rounds go on for hours")
    assert state.undelivered.count(one.id) == 1
    assert [signal for signal in signals if signal.notice == one.id] == [
        Undelivered(notice=one.id, about="guidance", subject="triage-1", roles=(Role.LEGAL, Role.PRIVACY))
    ]


async def _signals(handle: WorkflowHandle[object, object], name: str) -> list[Undelivered]:
    """Wait a bounded time for the signals of a name in a history; whatever arrived is returned."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = [
                event.workflow_execution_signaled_event_attributes
                for event in (await handle.fetch_history()).events
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
            ]
            named = [one for one in found if one.signal_name == name]
            if named:
                return [
                    (await pydantic_data_converter.decode(one.input.payloads, [Undelivered]))[0]
                    for one in named
                ]
            await asyncio.sleep(0.02)
