"""Telling one person through one channel: bounded, recorded with a code, nothing sealed in the text."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from andon.adapters.notify import channel as channels
from andon.domain.channels import Channel
from andon.domain.directory import Absence, Role
from andon.domain.notice import Code, Target
from andon.domain.severity import Band
from andon.register.engine import Databases
from tests.adapters.office import NOTICE, Office, mail_server, person, silent_server
from tests.adapters.web import Web, web
from tests.register.cases import INCIDENT, NOW

# Apprise loads all of its plugins at once; the one for mail imports a module that Python will drop.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

NOWHERE = "json://127.0.0.1:9/"
ANA = Target(person="ana", channel=0)


@pytest.fixture
def receiver() -> Iterator[Web]:
    with web() as server:
        yield server


@pytest.fixture
def office(databases: Databases) -> Iterator[Office]:
    office = Office(databases)
    yield office
    office.notifier.close()


async def test_a_letter_carries_the_same_message_id_each_time_it_is_sent(office: Office) -> None:
    with mail_server() as (postbox, url):
        office.employs(person("ana", url), person("bela", url))
        assert await office.notifier.tell(NOTICE, ANA) is Code.SENT
        assert await office.notifier.tell(NOTICE, Target(person="bela", channel=0)) is Code.SENT
    assert [letter[channels.MESSAGE_HEADER] for letter in postbox.letters] == [NOTICE.id, NOTICE.id]
    assert postbox.letters[0]["Subject"] == f"{INCIDENT} asks for your decision"
    assert office.kept() == [("ana", "mailto", "sent"), ("bela", "mailto", "sent")]


async def test_a_webhook_gets_the_message_id_as_a_header(office: Office, receiver: Web) -> None:
    office.employs(person("ana", f"json://{receiver.url}/hook?method=post"))
    assert await office.notifier.tell(NOTICE, ANA) is Code.SENT
    assert [headers[channels.MESSAGE_HEADER] for headers in receiver.headers] == [NOTICE.id]


async def test_the_text_holds_wording_ids_the_due_time_and_a_link(office: Office, receiver: Web) -> None:
    office.employs(person("ana", f"json://{receiver.url}/"))
    await office.notifier.tell(NOTICE, ANA)
    sent = json.loads(receiver.received[0])
    assert sent["title"] == f"{INCIDENT} asks for your decision"
    assert sent["message"].splitlines() == [
        "Is this real?",
        "Look at the evidence.",
        "About: triage-1",
        "Due: 2026-03-02 10:00 UTC",
        f"http://localhost:1/incidents/{INCIDENT}",
        f"Message {NOTICE.id}",
    ]


async def test_who_is_told_in_place_of_a_role_hears_so_under_an_id_of_its_own(
    office: Office, receiver: Web
) -> None:
    office.employs(person("ana", f"json://{receiver.url}/"))
    await office.notifier.tell(NOTICE, ANA)
    await office.notifier.tell(NOTICE, ANA.model_copy(update={"instead_of": Role.PRIVACY}))
    first, second = (json.loads(body)["message"].splitlines() for body in receiver.received)
    assert second[0] == "You are told because nobody who holds the role privacy can be reached."
    assert (first[-1], second[-1]) == (f"Message {NOTICE.id}", f"Message {NOTICE.id}/instead_of/privacy")


async def test_whoever_has_been_reached_is_left_in_peace(office: Office, receiver: Web) -> None:
    office.employs(person("ana", f"json://{receiver.url}/", f"json://{receiver.url}/"))
    assert await office.notifier.tell(NOTICE, ANA) is Code.SENT
    assert await office.notifier.tell(NOTICE, Target(person="ana", channel=1)) is Code.SENT
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [400, 500, 503])
async def test_a_server_that_refuses_is_a_failed_attempt(office: Office, receiver: Web, status: int) -> None:
    receiver.status = status
    office.employs(person("ana", f"json://{receiver.url}/"))
    assert await office.notifier.tell(NOTICE, ANA) is Code.FAILED
    receiver.status = 200
    assert await office.notifier.tell(NOTICE, ANA) is Code.SENT
    assert office.kept() == [("ana", "json", "failed"), ("ana", "json", "sent")]


async def test_a_closed_port_is_a_failed_attempt(office: Office) -> None:
    office.employs(person("ana", NOWHERE), person("bela", "mailto://127.0.0.1:9/?from=a@b.de&to=c@d.de"))
    assert await office.notifier.tell(NOTICE, ANA) is Code.FAILED
    assert await office.notifier.tell(NOTICE, Target(person="bela", channel=0)) is Code.FAILED


@pytest.mark.parametrize("kind", ["json://{}/", "mailto://{}/?from=a@b.de&to=c@d.de&mode=insecure"])
async def test_a_server_that_hangs_is_left_in_a_bounded_time(
    office: Office, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(channels, "ATTEMPT_SECONDS", 0.2)
    with silent_server() as address:
        office.employs(person("ana", kind.format(address)))
        assert await office.notifier.tell(NOTICE, ANA) is Code.TIMEOUT
    assert [code for *_, code in office.kept()] == ["timeout"]


async def test_a_channel_nobody_can_read_is_unusable_and_its_text_is_not_kept(office: Office) -> None:
    office.employs(person("ana", "xoxb-a-bare-secret"))
    assert await office.notifier.tell(NOTICE, ANA) is Code.UNUSABLE
    assert office.kept() == [("ana", "unreadable", "unusable")]


@pytest.mark.parametrize("fields", [{"suspended_from": NOW - timedelta(days=1)}, {"shared": True}])
async def test_suspended_and_shared_accounts_are_told_nothing(
    office: Office, receiver: Web, fields: dict[str, object]
) -> None:
    office.employs(person("ana", f"json://{receiver.url}/", **fields))
    found = await office.notifier.recipients(NOTICE)
    assert [(line.first, line.then) for line in found.asked] == [((), ())]
    assert await office.notifier.tell(NOTICE, ANA) is Code.GONE
    assert receiver.received == []


async def test_a_person_without_a_channel_finds_it_in_the_outbox_once(office: Office) -> None:
    office.employs(person("ana"))
    for _ in range(2):
        found = await office.notifier.recipients(NOTICE)
    assert found.ways == {"ana": ()}
    (kept,) = office.deliveries.to("ana")
    assert (kept.notice, kept.channel, kept.ok, kept.code) == (NOTICE, "outbox", False, "no_channel")


async def test_the_outbox_holds_each_message_that_has_not_arrived_once(office: Office, receiver: Web) -> None:
    office.employs(person("ana", NOWHERE, f"json://{receiver.url}/"))
    other = NOTICE.model_copy(update={"id": "msg-2"})
    for _ in range(2):
        await office.notifier.tell(NOTICE, ANA)
        await office.notifier.tell(other, ANA)
    await office.notifier.tell(other, Target(person="ana", channel=1))
    assert [(sent.notice.id, sent.code) for sent in office.deliveries.outbox("ana")] == [
        (NOTICE.id, "failed")
    ]
    assert office.deliveries.outbox("bela") == []


async def test_what_is_held_back_until_quiet_hours_end_stands_in_the_outbox_meanwhile(
    office: Office,
) -> None:
    quiet = Channel(url=NOWHERE, quiet=("09:00-09:45",))
    office.employs(person("ana", quiet))
    low = NOTICE.model_copy(update={"severity": Band.LOW, "due": None})
    found = await office.notifier.recipients(low)
    assert [way.opens_at for way in found.ways["ana"]] == [NOW + timedelta(minutes=15)]
    assert office.kept() == [("ana", "outbox", "held")]


async def test_recipients_hold_no_address(office: Office) -> None:
    away = (Absence(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1)),)
    office.employs(
        person("ana", "json://user:hunter2@127.0.0.1:9/", absences=away, delegates=("bela",)),
        person("bela", "mailto://user:hunter2@127.0.0.1:9/", role=Role.HR),
    )
    found = await office.notifier.recipients(NOTICE)
    assert [(line.first, line.then) for line in found.asked] == [(("bela",), ("ana",))]
    assert "hunter2" not in found.model_dump_json()


async def test_a_role_that_nobody_holds_is_warned_of(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.employs(person("ana", role=Role.HR))
    with caplog.at_level(logging.WARNING):
        await office.notifier.recipients(NOTICE)
    assert "nobody holds legal" in caplog.text


async def test_addresses_of_channels_are_neither_kept_nor_logged(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.employs(person("ana", "json://user:hunter2@127.0.0.1:9/secret-path"))
    with caplog.at_level(logging.WARNING):
        await office.notifier.tell(NOTICE, ANA)
    assert f"notice {NOTICE.id} did not reach ana: failed" in caplog.text
    assert "hunter2" not in caplog.text
    assert "127.0.0.1" not in caplog.text
    assert office.kept() == [("ana", "json", "failed")]


async def test_a_notice_that_reaches_nobody_is_kept_until_that_is_put_right(office: Office) -> None:
    for _ in range(2):
        await office.notifier.conclude(NOTICE, (Role.LEGAL,))
    (standing,) = office.deliveries.undelivered(INCIDENT)
    assert (standing.notice.roles, standing.code) == ((Role.LEGAL,), "undeliverable")
    assert office.deliveries.undelivered() == [standing]
    assert office.deliveries.undelivered("INC-20260302-zzzzzz") == []
    await office.notifier.conclude(NOTICE, ())
    assert office.deliveries.undelivered(INCIDENT) == []
