"""No flipped bit is accepted but where nothing rests on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.bundled import TRUST, Made
from tests.audit.flips import flip, is_loose, strike


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("flips", [25, pytest.param(2_000, marks=pytest.mark.long)])
def test_a_flipped_bit_is_found_wherever_something_rests_on_it(bundle: Path, made: Made, flips: int) -> None:
    accepted = flip(bundle, TRUST, made.pinned, flips, seed=flips)
    loose = sum(count for name, count in accepted.items() if is_loose(name))
    print(f"{flips} flips, {flips - accepted.total()} found, {loose} where nothing rests on them")
    assert [name for name in accepted if not is_loose(name)] == []


@pytest.mark.parametrize("flips", [500, pytest.param(20_000, marks=pytest.mark.long)])
@pytest.mark.timeout(1800)
def test_a_struck_bit_of_any_file_is_found(bundle: Path, made: Made, flips: int) -> None:
    accepted = strike(bundle, TRUST, made.pinned, flips, seed=flips)
    print(f"{flips} bits struck, {flips - accepted.total()} found")
    assert not accepted
