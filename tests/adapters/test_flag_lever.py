"""Orders on flags, seen through a real OpenFeature client."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.domain.containment import Hold, Lever, Order, Verb
from andon.domain.errors import LeverUnknownError
from andon.register.engine import Databases
from andon.register.switches import Switches
from tests.adapters.conftest import TOKEN, OfrepServer
from tests.register.cases import INCIDENT, PAUSE, order

WITHIN = timedelta(seconds=2)
OTHER = "INC-20260302-def456"
RATE = "refund_desk.rate_limit"


@pytest.fixture
def switches(databases: Databases) -> Switches:
    return Switches(databases.switches)


@pytest.fixture
def lever(switches: Switches, ofrep: OfrepServer) -> FlagLever:
    ofrep.normal.update({PAUSE: True, RATE: 600})
    return FlagLever(switches, OpenFeatureProbe(ofrep.url, SecretStr(TOKEN)))


def pause(number: int = 1, incident: str = INCIDENT) -> Order:
    return order(number, incident=incident, lever=PAUSE)


def limited(limit: int) -> Order:
    return order(1, lever=RATE, limit=limit)


async def apply(lever: FlagLever, put: Order) -> None:
    await lever.apply(put, put.key("apply"), capture_within=WITHIN)


async def test_an_order_is_proven_by_what_a_client_is_told(lever: FlagLever, ofrep: OfrepServer) -> None:
    before = await lever.probe(pause())
    await apply(lever, pause())
    after = await lever.probe(pause())
    assert (before.held, before.saw) == (False, "true/STATIC")
    assert (after.held, after.saw, after.via) == (True, "false/STATIC", "openfeature")
    assert set(ofrep.tokens) == {f"Bearer {TOKEN}"}


async def test_the_state_before_is_captured_and_named_by_its_digest(
    lever: FlagLever, switches: Switches
) -> None:
    applied = await lever.apply(pause(), pause().key("apply"), capture_within=WITHIN)
    assert applied.captured is not None
    assert switches.captured(pause().id) == b'{"holds":[],"lever":"refund_desk.allowed"}'


async def test_applying_twice_leaves_one_effect_and_the_first_answer(
    lever: FlagLever, switches: Switches
) -> None:
    first = await lever.apply(pause(), pause().key("apply"), capture_within=WITHIN)
    assert await lever.apply(pause(), pause().key("apply"), capture_within=WITHIN) == first
    assert len(switches.effects()) == 1


async def test_releasing_twice_leaves_one_effect(lever: FlagLever, switches: Switches) -> None:
    await apply(lever, pause())
    released = [await lever.release(pause(), pause().key("release")) for _ in range(2)]
    assert [one.allowed for one in released] == [True, True]
    assert [effect.verb for effect in switches.effects()] == ["apply", "release"]


async def test_after_release_the_proof_says_that_clients_are_allowed_again(lever: FlagLever) -> None:
    await apply(lever, pause())
    await lever.release(pause(), pause().key("release"))
    proof = await lever.probe(pause())
    assert (proof.held, proof.saw) == (False, "true/STATIC")


async def test_after_release_the_proof_names_the_incident_that_still_denies(lever: FlagLever) -> None:
    await apply(lever, pause())
    await apply(lever, pause(incident=OTHER))
    released = await lever.release(pause(), pause().key("release"))
    proof = await lever.probe(pause())
    assert released.allowed is False
    assert (proof.held, proof.saw) == (False, f"false/STATIC/{OTHER}")
    assert (await lever.probe(pause(incident=OTHER))).held is True


async def test_a_limit_is_proven_when_the_number_served_is_no_higher(lever: FlagLever) -> None:
    await apply(lever, limited(60))
    proof = await lever.probe(limited(60))
    assert (proof.held, proof.saw) == (True, "60/STATIC")


async def test_a_limit_that_is_not_served_is_no_proof(lever: FlagLever, ofrep: OfrepServer) -> None:
    await apply(lever, limited(60))
    ofrep.answers[RATE] = (200, {"key": RATE, "value": 600, "reason": "STATIC", "variant": "a"})
    assert (await lever.probe(limited(60))).held is False


@pytest.mark.parametrize(
    ("status", "body", "saw"),
    [
        (500, {"errorDetails": "broken"}, "error/GENERAL"),
        (401, {}, "error/GENERAL"),
        (404, {"errorCode": "FLAG_NOT_FOUND", "errorDetails": "gone"}, "error/FLAG_NOT_FOUND"),
        (200, {"value": None, "reason": "STATIC", "variant": "a"}, "error/TYPE_MISMATCH"),
        (200, {"value": "no", "reason": "STATIC", "variant": "a"}, "error/TYPE_MISMATCH"),
        (200, {"value": False, "reason": "STATIC"}, "error/GENERAL"),
        (200, {"value": False, "reason": "MADE_UP", "variant": "a"}, "error/GENERAL"),
        (200, {"value": False, "reason": "CACHED", "variant": "a"}, "false/CACHED"),
        (200, {"value": False, "reason": "DEFAULT", "variant": "a"}, "false/DEFAULT"),
        (200, {"reason": "STATIC", "variant": "a"}, "true/STATIC"),
    ],
)
async def test_an_answer_that_decides_nothing_is_never_proof(
    lever: FlagLever, ofrep: OfrepServer, status: int, body: dict[str, object], saw: str
) -> None:
    await apply(lever, pause())
    ofrep.answers[PAUSE] = (status, body)
    proof = await lever.probe(pause())
    assert (proof.held, proof.saw) == (False, saw)


async def test_a_server_that_is_down_is_never_proof(switches: Switches, ofrep: OfrepServer) -> None:
    lever = FlagLever(switches, OpenFeatureProbe("http://127.0.0.1:9", SecretStr(TOKEN)))
    await apply(lever, pause())
    proof = await lever.probe(pause())
    assert (proof.held, proof.saw) == (False, "error/GENERAL")


async def test_containment_goes_on_when_the_state_before_can_not_be_had(
    switches: Switches, ofrep: OfrepServer
) -> None:
    class Unreadable(Switches):
        def holds(self, system: str | None = None) -> list[Hold]:
            raise OperationalError("SELECT", {}, Exception("disk"))

    lever = FlagLever(Unreadable(switches._engine), OpenFeatureProbe(ofrep.url, SecretStr(TOKEN)))
    applied = await lever.apply(pause(), pause().key("apply"), capture_within=WITHIN)
    assert (applied.captured, applied.gap) == (None, "OperationalError")
    assert [hold.order for hold in switches.holds()] == [pause().id]


async def test_a_lever_no_flag_can_serve_is_unknown(lever: FlagLever) -> None:
    unknown = (
        pause().lever.model_copy(update={"adapter": "webhook"}),
        pause().lever.model_copy(update={"id": "claims.allowed"}),
        Lever(id="refund_desk.x", adapter="flag", system="refund_desk", verb=Verb.REVOKE_CREDENTIAL),
        Lever(id="refund_desk.x", adapter="flag", system="refund_desk", verb=Verb.DISABLE_TOOL),
    )
    for one in unknown:
        with pytest.raises(LeverUnknownError):
            await apply(lever, pause().model_copy(update={"lever": one}))


async def test_releasing_an_order_that_never_held_reports_the_lever_as_it_is(lever: FlagLever) -> None:
    assert (await lever.release(pause(), pause().key("release"))).allowed is True
