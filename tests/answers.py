"""What an answer must come with, filled in: one place for every test that only wants to get on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from andon.domain.finding import Sort, sort_of

DIGEST: Final = "c" * 64
ITEM: Final = "0123456789abcdef"
PERSON: Final = "enno.engineer"


def samples(at: datetime) -> dict[Sort, str]:
    """Return a value of each kind as a statement carries it, good at a moment."""
    return {
        Sort.PERSON: PERSON,
        Sort.DAY: f"{at + timedelta(days=30):%Y-%m-%d}",
        Sort.TEXT: DIGEST,
        Sort.ITEMS: ITEM,
        Sort.REVIEW: DIGEST,
        Sort.CHANGE: "eval",
        Sort.CLASSES: "data",
    }


def fitting(
    wants: Mapping[str, Any], findings: Mapping[str, Any], at: datetime | None = None, **instead: str
) -> dict[str, str]:
    """Return findings with which an option is taken; `instead` gives values by the kind they are of."""
    known = {sort.value: value for sort, value in samples(at or datetime.now(UTC)).items()} | instead
    found: dict[str, str] = {}
    for name, values in wants.items():
        allowed = tuple(values or findings[name])
        sort = sort_of(allowed)
        found[name] = known[sort.value] if sort is not None else allowed[0]
    return found
