"""Lists of a bundle that lie on the disk behave as lists in memory do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from andon.audit.rows import Rows

GROWING = """
from pathlib import Path
from andon.audit.rows import Rows
def most():
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1])
rows = Rows()
rows.fill((f"data/store/evidence/{number:064d}", f"{number:064d}") for number in range(10_000))
before = most()
rows.fill((f"data/store/evidence/{number:064d}", f"{number:064d}") for number in range(10_000, 200_000))
print(most() - before)
"""


def test_the_first_value_under_a_name_stays_and_the_second_is_told() -> None:
    rows = Rows[int]()
    assert rows.add("data/a", 1)
    assert not rows.add("data/a", 2)
    assert (rows["data/a"], len(rows)) == (1, 1)


def test_names_come_in_their_order_whatever_order_they_were_added_in() -> None:
    rows = Rows[str]()
    rows.fill((name, name) for name in ("data/b", "data/a/z", "tag", "data/a", "data.txt"))
    assert list(rows) == sorted(["data/b", "data/a/z", "tag", "data/a", "data.txt"])
    assert [name for name, _ in rows.under("data/")] == ["data/a", "data/a/z", "data/b"]
    assert list(rows.items()) == [(name, name) for name in rows]


def test_what_was_never_added_is_not_there() -> None:
    rows = Rows[int]()
    assert "x" not in rows
    assert rows.get("x") is None
    with pytest.raises(KeyError):
        rows["x"]


@pytest.mark.long
def test_two_hundred_thousand_names_take_no_more_memory_than_ten_thousand() -> None:
    grown = subprocess.run(
        [sys.executable, "-c", GROWING], check=True, capture_output=True, text=True, timeout=120
    )
    assert int(grown.stdout) < 8 * 1024, "in KB"
