"""How sure a case that is run several times makes one: the score interval of Wilson (1927).

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
American Statistical Association 22 (1927), 209-212. Unlike the plain share of passes, its lower bound is
far from 1 after a few runs that all passed.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import Final

Z: Final = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: two-sided 95 %."""

ROUNDING: Final = 1e-12


def lower_bound(passes: int, runs: int) -> float:
    """Return the lower end of the 95 % interval for the chance that a run passes; 0 without one that did."""
    if not 0 < passes <= runs:
        return 0.0
    share, square = passes / runs, Z * Z
    middle = share + square / (2 * runs)
    spread = Z * sqrt(share * (1 - share) / runs + square / (4 * runs * runs))
    return max(0.0, (middle - spread) / (1 + square / runs))


def fewest_runs(threshold: float) -> int:
    """Return the least number of runs whose lower bound reaches `threshold` if all of them pass.

    With n passes of n the bound is n / (n + z²), so n is at least z² t / (1 - t).

    Raises:
        ValueError: no number of runs is enough.
    """
    if not 0 <= threshold < 1:
        raise ValueError("a threshold is at least 0 and below 1: no number of runs proves certainty")
    return max(1, ceil(Z * Z * threshold / (1 - threshold) - ROUNDING))


def reaches(passes: int, runs: int, threshold: float) -> bool:
    """Whether so many passes are enough."""
    return lower_bound(passes, runs) >= threshold - ROUNDING
