"""A flag that lets a share of requests through, looked at from both sides by a real OpenFeature client."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from andon.adapters.levers.flag import SAMPLE, FlagLever
from andon.adapters.levers.kinds import Levers
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.domain.containment import Order
from andon.domain.errors import LeverUnknownError
from andon.domain.share import Share
from andon.ports import SharingLever
from andon.register.engine import Databases
from andon.register.switches import Switches
from tests.adapters.conftest import TOKEN, OfrepServer
from tests.adapters.levers.means import means_for
from tests.register.cases import PAUSE, order

WITHIN = timedelta(seconds=2)
TENTH = Share(percent=10)
NORDICS = Share(attribute="region", equals="nordics")


@pytest.fixture
def lever(databases: Databases, ofrep: OfrepServer) -> FlagLever:
    ofrep.normal[PAUSE] = True
    return FlagLever(Switches(databases.switches), OpenFeatureProbe(ofrep.url, SecretStr(TOKEN)))


def shared(share: Share, number: int = 1) -> Order:
    return order(number, lever=PAUSE).model_copy(update={"share": share})


async def apply(lever: FlagLever, put: Order) -> None:
    await lever.apply(put, put.key("apply"), capture_within=WITHIN)


async def test_a_tenth_is_proven_by_a_sample_in_which_both_sides_are_seen(lever: FlagLever) -> None:
    await apply(lever, shared(TENTH))
    seen = await lever.sample(shared(TENTH))
    assert seen.proven
    assert seen.let_through + seen.denied >= SAMPLE
    assert 1 <= seen.let_through <= SAMPLE // 4
    assert (await lever.probe(shared(TENTH))).held


async def test_a_segment_is_proven_by_requests_within_it_and_without(lever: FlagLever) -> None:
    await apply(lever, shared(NORDICS))
    seen = await lever.sample(shared(NORDICS))
    assert (seen.proven, seen.let_through, seen.denied) == (True, SAMPLE // 2, SAMPLE // 2)


async def test_a_whole_hold_beside_the_share_is_named_and_nobody_is_let_through(lever: FlagLever) -> None:
    await apply(lever, shared(TENTH))
    await apply(lever, order(2, lever=PAUSE))
    seen = await lever.sample(shared(TENTH))
    assert (seen.let_through, seen.amiss, seen.others) == (0, 0, True)
    assert seen.saw.endswith("/others_hold")


async def test_a_share_that_is_not_in_force_is_amiss_and_not_held(lever: FlagLever) -> None:
    seen = await lever.sample(shared(TENTH))
    assert not seen.proven
    assert seen.amiss > SAMPLE // 2
    assert not (await lever.probe(shared(TENTH))).held


async def test_a_door_that_gives_no_answer_proves_nothing(lever: FlagLever, ofrep: OfrepServer) -> None:
    await apply(lever, shared(TENTH))
    ofrep.answers[PAUSE] = (500, {"errorCode": "GENERAL", "errorDetails": "away"})
    assert not (await lever.sample(shared(TENTH))).proven


async def test_an_order_without_a_share_can_t_be_sampled(lever: FlagLever) -> None:
    with pytest.raises(LeverUnknownError):
        await lever.sample(order(1, lever=PAUSE))


async def test_the_flags_that_workers_are_given_know_shares_and_levers_that_do_not_never_say_so(
    databases: Databases, lever: FlagLever
) -> None:
    levers = Levers(replace(means_for(databases), flags=lever))
    flags = levers["flag"]
    assert isinstance(flags, SharingLever)
    put = shared(TENTH)
    await flags.apply(put, put.key("apply"), capture_within=WITHIN)
    assert (await flags.sample(put)).proven
    assert not isinstance(levers["webhook"], SharingLever)
