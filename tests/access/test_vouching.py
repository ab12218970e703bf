"""The console speaks at the door for whoever is signed in: for seconds, for reports, and for nobody else."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from andon.api.authentication import TokenBook
from andon.api.vouching import GOOD_FOR, Vouching
from andon.domain.access import Bar, Scope
from andon.domain.directory import Role
from tests.access.conftest import House
from tests.console.desk import Office

KEY = bytes(range(32))
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


def at(moment: datetime, key: bytes = KEY) -> Vouching:
    return Vouching(key, lambda: moment)


def book(office: Office, vouching: Vouching | None) -> TokenBook:
    fresh = TokenBook(office.settings.data_dir / "none.json")
    fresh.look_in(office.queries.databases.register)
    if vouching is not None:
        fresh.take_vouchers(vouching)
    return fresh


async def test_a_voucher_stands_for_one_person_in_one_role_and_lets_them_report(house: House) -> None:
    known = book(house.office, at(NOW))
    found = await known.identify(at(NOW).vouch("reporter-1", Role.REPORTER))
    known.close()
    assert found is not None
    assert (found.person, found.role, found.scopes) == (
        "reporter-1",
        Role.REPORTER,
        frozenset({Scope.INTAKE}),
    )
    assert found.bar is None


@pytest.mark.parametrize("seconds", [-31, 31, 3600])
def test_it_is_good_for_half_a_minute(seconds: int) -> None:
    voucher = at(NOW).vouch("reporter-1", Role.REPORTER)
    assert at(NOW + GOOD_FOR).read(voucher)
    assert at(NOW + timedelta(seconds=seconds)).read(voucher) is None


@pytest.mark.parametrize("change", ["key", "person", "mark", "no mark", "rubbish", "other prefix"])
def test_one_that_was_altered_is_worth_nothing(change: str) -> None:
    voucher = at(NOW).vouch("reporter-1", Role.REPORTER)
    body, _, mark = voucher.removeprefix("andon_v1_").partition(".")
    said = json.loads(base64.urlsafe_b64decode(body))
    other = base64.urlsafe_b64encode(json.dumps({**said, "person": "admin-1"}).encode()).decode()
    sent = {
        "key": at(NOW, bytes(32)).vouch("reporter-1", Role.REPORTER),
        "person": f"andon_v1_{other}.{mark}",
        "mark": f"andon_v1_{body}.{'0' * 64}",
        "no mark": f"andon_v1_{body}",
        "rubbish": "andon_v1_ü.ü",
        "other prefix": f"andon_t1_{body}.{mark}",
    }
    assert at(NOW).read(sent[change]) is None


async def test_somebody_suspended_since_they_signed_in_is_barred_at_the_door_too(house: House) -> None:
    house.suspend("reporter-1")
    known = book(house.office, at(house.clock.now()))
    found = await known.identify(at(house.clock.now()).vouch("reporter-1", Role.REPORTER))
    known.close()
    assert found is not None
    assert found.bar is Bar.SUSPENDED


async def test_a_server_that_takes_no_vouchers_knows_nobody_by_one(house: House, console: str) -> None:
    known = book(house.office, None)
    assert await known.identify(at(NOW).vouch("admin-1", Role.ADMIN)) is None
    known.close()
