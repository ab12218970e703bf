"""The custodian killed at each boundary: the next round goes on; nothing is half erased or told twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from andon.domain.errors import ErasedError
from andon.domain.severity import Band
from andon.register.custody import Erasures, ErasureState, Holds
from tests.adapters.custodian_child import PLACES
from tests.adapters.test_custodian import CANARY, House, house

__all__ = ["house"]
pytestmark = pytest.mark.long
OF_HOLDS = [place for place in PLACES if "hold" in place]
OF_ERASURES = [place for place in PLACES if "hold" not in place]
WITHIN = 60


def killed(house: House, place: str) -> None:
    """Have a custodian go round in a process that is killed at a place."""
    settings = json.loads(house.settings.model_dump_json())
    settings["store"]["secret_key"] = house.settings.store.secret_key.get_secret_value()
    written = Path(house.folder, "settings.json")
    written.write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "tests.adapters.custodian_child", written, place],
        capture_output=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize("place", OF_ERASURES)
async def test_an_erasure_that_was_cut_off_is_carried_out_once(house: House, place: str) -> None:
    house.open(Band.HIGH)
    item = await house.keep("1")
    wrapped = house.wrapped(item.id)
    name = house.erasure(item.id)
    killed(house, place)
    erasures = Erasures(house.queries.databases.register)
    gone = erasures.get(house.incident, name).destroyed_at is not None
    # Whoever finds the key gone finds the entry that says so, and the other way round.
    assert [kind for kind, *_ in house.told()] == (["key_shredded"] if gone else [])
    if not gone:
        stored = await house.store.get(item.key)
        opened = await house.vault.decrypt(house.incident, stored, bound_to=item.id)
        assert opened == CANARY.encode()
    await house.keeper.round()
    assert erasures.get(house.incident, name).state is ErasureState.DONE
    assert [kind for kind, *_ in house.told()] == ["key_shredded"]
    assert house.in_register_files(wrapped) == []
    assert await house.store.keys(f"ledger/{house.incident}/access/") == [
        f"ledger/{house.incident}/access/00000000.jsonl"
    ]
    with pytest.raises(ErasedError):
        await house.vault.decrypt(house.incident, await house.store.get(item.key), bound_to=item.id)


@pytest.mark.parametrize("place", OF_HOLDS)
async def test_a_hold_that_was_cut_off_is_set_in_the_end(house: House, place: str) -> None:
    house.open(Band.CRITICAL)
    items = [await house.keep(str(number), f"{number}") for number in range(3)]
    killed(house, place)
    await house.keeper.round()
    hold = Holds(house.queries.databases.register).get(house.incident)
    assert hold is not None
    assert hold.in_force
    assert {house.held(item) for item in items} == {"ON"}
    assert Counter(kind for kind, *_ in house.told())["held"] >= 1
