"""Webhooks as levers: signed, told apart by key, proven only where there is a place to look."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from andon.adapters.levers import kinds
from andon.domain.containment import Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.register.engine import Databases
from tests.adapters.levers.contract import OTHER, WITHIN, LeverContract, Subject
from tests.adapters.levers.making import control_of, lever_of, rest_long, settings_for
from tests.adapters.levers.vendor import Vendor, vendor

FULL = {
    "url": "{url}/hooks/lever",
    "secret": "hook",
    "state_url": "{url}/hooks/state",
    "probe_url": "{url}/hooks/probe",
}
BY_STATUS = {**FULL, "probe_url": "{url}/hooks/path", "held_status": "503"}
NO_STATE = {name: value for name, value in FULL.items() if name != "state_url"}
BARE = {"url": "{url}/hooks/lever", "secret": "hook"}


@pytest.fixture
def there() -> Iterator[Vendor]:
    with vendor() as one:
        yield one


def subject_of(
    there: Vendor, databases: Databases, options: dict[str, str], verb: Verb = Verb.DISABLE_TOOL
) -> Subject:
    named = {name: value.format(url=there.url) for name, value in options.items()}

    async def in_force() -> bool:
        return there.in_force("hook")

    return Subject(
        control=control_of("webhook", databases, settings_for(there.url)),
        lever=lever_of("webhook", verb, named, "refund"),
        in_force=in_force,
        captures="state_url" in options,
    )


class TestWebhookLever(LeverContract):
    @pytest.fixture(params=rest_long((FULL,), (BY_STATUS,), (NO_STATE,)))
    def subject(self, there: Vendor, databases: Databases, request: pytest.FixtureRequest) -> Subject:
        return subject_of(there, databases, request.param)


async def test_what_is_sent_names_lever_order_and_reason_under_one_key(
    there: Vendor, databases: Databases
) -> None:
    subject = subject_of(there, databases, FULL)
    put = subject.order()
    await subject.apply(put)
    sent = [json.loads(body) for body in there.keys.values()]
    assert [one["type"] for one in sent] == ["lever.hold"]
    assert sent[0]["data"] == {
        "key": put.key("apply"),
        "lever": "refund_desk.disable_tool.refund",
        "system": "refund_desk",
        "verb": "disable_tool",
        "target": "refund",
        "order": put.id,
        "incident": put.incident,
        "reason": put.reason,
        "contact": put.contact,
        "since": sent[0]["data"]["since"],
        "expires_at": sent[0]["data"]["expires_at"],
    }
    assert next(iter(there.keys)).startswith(put.key("apply"))
    await subject.release(put)
    released = json.loads(list(there.keys.values())[-1])
    assert (released["type"], released["data"]["state"]) == ("lever.release", {"limit": 600})


async def test_the_limit_goes_along_and_the_strictest_is_sent_last(
    there: Vendor, databases: Databases
) -> None:
    subject = subject_of(there, databases, FULL, Verb.RATE_LIMIT)
    lax, strict = subject.order(limit=60), subject.order(incident=OTHER, limit=5)
    await subject.apply(lax)
    await subject.apply(strict)
    assert there.holds["hook"] is not None
    assert there.holds["hook"]["limit"] == 5
    await subject.release(strict)
    assert there.holds["hook"]["limit"] == 60


async def test_a_service_that_tells_no_limit_is_not_believed_on_it(
    there: Vendor, databases: Databases
) -> None:
    there.repeats_holds = False
    subject = subject_of(there, databases, FULL, Verb.RATE_LIMIT)
    lax, strict = subject.order(limit=60), subject.order(incident=OTHER, limit=5)
    await subject.apply(lax)
    await subject.apply(strict)
    await subject.release(strict)
    assert there.holds["hook"] is not None
    assert there.holds["hook"]["limit"] == 60


async def test_without_a_place_to_look_nothing_is_ever_proven(there: Vendor, databases: Databases) -> None:
    subject = subject_of(there, databases, BARE)
    await subject.apply(subject.order())
    proof = await subject.probe(subject.order())
    assert await subject.in_force()
    assert (proof.held, proof.saw, proof.via) == (False, "no_probe", "webhook_probe")


async def test_a_receiver_that_tells_no_state_is_called_again_under_the_same_key_and_does_it_once(
    there: Vendor, databases: Databases
) -> None:
    subject = subject_of(there, databases, NO_STATE)
    there.after = lambda method, _path: (0, {}) if method == "POST" else None
    with pytest.raises(LeverAwayError):
        await subject.apply(subject.order())
    there.after = None
    await subject.apply(subject.order())
    assert [method for method, _ in there.requests].count("POST") == 2
    assert len(there.effects) == 1
    assert (await subject.probe(subject.order())).held


async def test_a_receiver_that_does_nothing_is_not_believed(there: Vendor, databases: Databases) -> None:
    there.deaf = True
    subject = subject_of(there, databases, FULL)
    await subject.apply(subject.order())
    assert (await subject.probe(subject.order())).saw == "served"


async def test_a_receiver_with_another_secret_refuses(there: Vendor, databases: Databases) -> None:
    subject = subject_of(there, databases, {**FULL, "secret": "wrong"})
    with pytest.raises(LeverAwayError, match="HTTP 401"):
        await subject.apply(subject.order())
    assert there.effects == []


@pytest.mark.parametrize("secret", rest_long(("nobody",), ("split",)))
async def test_a_secret_that_is_none_is_refused_before_anything_is_sent(
    there: Vendor, databases: Databases, secret: str
) -> None:
    subject = subject_of(there, databases, {**NO_STATE, "secret": secret})
    with pytest.raises(InvalidInputError, match="secret"):
        await subject.apply(subject.order())
    assert there.requests == []


async def test_a_receiver_that_is_gone_is_final(there: Vendor, databases: Databases) -> None:
    subject = subject_of(there, databases, NO_STATE)
    there.before = lambda _method, _path: (410, {})
    with pytest.raises(LeverUnknownError):
        await subject.apply(subject.order())


async def test_without_a_captured_state_and_a_normal_one_the_last_hold_is_let_go_by_the_receivers_own(
    there: Vendor, databases: Databases
) -> None:
    subject = subject_of(there, databases, NO_STATE)
    put = subject.order()
    applied = await subject.control.apply(put, put.key("apply"), capture_within=WITHIN)
    assert applied.gap == "LeverAwayError"
    assert await subject.release(put)
    released = json.loads(list(there.keys.values())[-1])
    assert released["data"]["state"] is None


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": "https://hooks.example/"}, "needs option secret"),
        ({"url": "https://user@hooks.example/", "secret": "s"}, "user"),
        ({"url": "https://127.1/", "secret": "s"}, "usual form"),
        ({"url": "https://hooks.example/", "secret": "s", "held_status": "503"}, "probe_url"),
        (
            {
                "url": "https://a.example/",
                "secret": "s",
                "probe_url": "https://a.example",
                "held_status": "200",
            },
            "400",
        ),
        ({"url": "https://a.example/", "secret": "s", "normal": "{}"}, "state_url"),
    ],
)
def test_options_that_can_not_be_used_are_refused_when_the_file_is_read(
    options: dict[str, str], problem: str
) -> None:
    lever = Lever(id="d.x", adapter="webhook", system="d", verb=Verb.DISABLE_TOOL, options=options)
    with pytest.raises(InvalidInputError, match=problem):
        kinds.check(lever)
