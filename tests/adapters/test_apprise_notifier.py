"""Telling people: the first channel that works, each person once, nothing sealed in the text."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from andon.adapters.notify.apprise import AppriseNotifier
from andon.domain.decision import DecisionKind
from andon.domain.directory import Directory, Person, Role
from andon.domain.notice import Notice
from andon.domain.playbook import RightsPolicy, Wording
from andon.register.deliveries import Deliveries
from andon.register.engine import Databases
from andon.register.people import People
from tests.adapters.web import Web, web
from tests.register.cases import INCIDENT, NOW

# Apprise loads all of its plugins at once; the one for mail imports a module that Python will drop.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

RIGHTS = RightsPolicy(
    rights={},
    wording={
        DecisionKind.TRIAGE: Wording(title="Is this real?", question="Look at the evidence.", options={})
    },
)
NOTICE = Notice(
    id="msg-1",
    incident=INCIDENT,
    roles=(Role.LEGAL,),
    about="question",
    decision=DecisionKind.TRIAGE,
    subject="triage-1",
    due=NOW + timedelta(minutes=30),
)
NOWHERE = "json://127.0.0.1:9/"


@pytest.fixture
def channel() -> Iterator[Web]:
    with web() as server:
        yield server


class Office:
    """A notifier and the people it may tell."""

    def __init__(self, databases: Databases) -> None:
        self.people = People(databases.register)
        self.deliveries = Deliveries(databases.register)
        self.notifier = AppriseNotifier(
            self.people, self.deliveries, RIGHTS, "http://localhost:1/", lambda: NOW
        )

    def employs(self, *people: Person) -> None:
        self.people.put_directory(Directory(people=people), NOW)


@pytest.fixture
def office(databases: Databases) -> Office:
    return Office(databases)


def person(name: str, *channels: str, role: Role = Role.LEGAL, suspended: bool = False) -> Person:
    since = NOW - timedelta(days=1) if suspended else None
    return Person(id=name, name=name, roles=(role,), channels=channels, suspended_from=since)


async def test_everybody_who_holds_the_role_is_told_and_nobody_else(office: Office, channel: Web) -> None:
    url = f"json://{channel.url}/"
    office.employs(
        person("ana", url),
        person("bela", url),
        person("chris", url, role=Role.HR),
        person("dora", url, suspended=True),
    )
    delivery = await office.notifier.send(NOTICE)
    assert (delivery.reached, delivery.unreached) == (("ana", "bela"), ())
    assert len(channel.received) == 2


async def test_the_text_holds_wording_ids_the_due_time_and_a_link(office: Office, channel: Web) -> None:
    office.employs(person("ana", f"json://{channel.url}/"))
    await office.notifier.send(NOTICE)
    sent = json.loads(channel.received[0])
    assert sent["title"] == f"{INCIDENT} asks for your decision"
    assert sent["message"].splitlines() == [
        "Is this real?",
        "Look at the evidence.",
        "About: triage-1",
        "Due: 2026-03-02 10:00 UTC",
        f"http://localhost:1/incidents/{INCIDENT}",
        "Message msg-1",
    ]


async def test_the_next_channel_is_tried_when_one_fails(office: Office, channel: Web) -> None:
    office.employs(person("ana", "nonsense", NOWHERE, f"json://{channel.url}/"))
    delivery = await office.notifier.send(NOTICE)
    assert delivery.reached == ("ana",)
    assert [(sent.channel, sent.ok) for sent in office.deliveries.of(INCIDENT)] == [
        ("nonsense", False),
        ("json", False),
        ("json", True),
    ]


async def test_a_repeat_tells_only_those_who_were_not_reached(office: Office, channel: Web) -> None:
    office.employs(person("ana", f"json://{channel.url}/"), person("bela", NOWHERE))
    first = await office.notifier.send(NOTICE)
    assert await office.notifier.send(NOTICE) == first
    assert (first.reached, first.unreached) == (("ana",), ("bela",))
    assert len(channel.received) == 1


async def test_a_person_without_a_channel_is_unreached_warned_of_and_finds_it_in_the_outbox(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.employs(person("ana"))
    with caplog.at_level(logging.WARNING):
        delivery = await office.notifier.send(NOTICE)
    assert delivery.unreached == ("ana",)
    assert "no channel is configured" in caplog.text
    (kept,) = office.deliveries.to("ana")
    assert (kept.notice, kept.channel, kept.ok) == (NOTICE, "outbox", False)


async def test_a_role_that_nobody_holds_is_warned_of(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.employs(person("ana", role=Role.HR))
    with caplog.at_level(logging.WARNING):
        delivery = await office.notifier.send(NOTICE)
    assert (delivery.reached, delivery.unreached) == ((), ())
    assert "nobody holds legal" in caplog.text


async def test_addresses_of_channels_are_neither_kept_nor_logged(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.employs(person("ana", "json://user:hunter2@127.0.0.1:9/"))
    with caplog.at_level(logging.WARNING, logger="andon"):
        await office.notifier.send(NOTICE)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("andon")]
    assert not any("hunter2" in line for line in ours)
    assert not any("hunter2" in sent.channel for sent in office.deliveries.of(INCIDENT))
