"""The lower bound of Wilson, against values computed by hand to 30 digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.wilson import fewest_runs, lower_bound, reaches


@pytest.mark.parametrize(
    ("passes", "runs", "bound"),
    [
        (5, 5, 0.565517535217),
        (4, 5, 0.375534629763),
        (3, 5, 0.230724281276),
        (0, 5, 0.000000000000),
        (1, 1, 0.206549314377),
        (10, 10, 0.722467200137),
        (9, 10, 0.595849973205),
        (35, 35, 0.901099007676),
        (34, 35, 0.854669127664),
        (50, 100, 0.403831530366),
    ],
)
def test_the_bound_is_the_one_computed_by_hand(passes: int, runs: int, bound: float) -> None:
    assert lower_bound(passes, runs) == pytest.approx(bound, abs=1e-9)


@pytest.mark.parametrize(("passes", "runs"), [(0, 0), (1, 0), (-1, 5), (6, 5)])
def test_what_can_not_be_counted_proves_nothing(passes: int, runs: int) -> None:
    assert lower_bound(passes, runs) == 0


@pytest.mark.parametrize(
    ("threshold", "runs"),
    [
        (0.0, 1),
        (0.2, 1),
        (0.21, 2),
        (0.5, 4),
        (0.56, 5),
        (0.6, 6),
        (0.8, 16),
        (0.9, 35),
        (0.95, 73),
        (0.99, 381),
    ],
)
def test_the_fewest_runs_are_the_first_that_can_be_enough(threshold: float, runs: int) -> None:
    assert fewest_runs(threshold) == runs
    assert reaches(runs, runs, threshold)
    assert runs == 1 or not reaches(runs - 1, runs - 1, threshold)


@pytest.mark.parametrize("threshold", [1.0, 1.5, -0.1])
def test_no_number_of_runs_proves_certainty(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        fewest_runs(threshold)


@given(runs=st.integers(1, 500), passes=st.integers(0, 500))
def test_one_more_failure_never_raises_the_bound(runs: int, passes: int) -> None:
    passes = min(passes, runs)
    assert lower_bound(passes, runs + 1) <= lower_bound(passes, runs)
    assert 0 <= lower_bound(passes, runs) <= passes / runs
