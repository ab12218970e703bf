"""What an answer says besides its option: codes from a closed list, or a value of a kind.

A question carries a kind as one code in angle brackets, where codes of a closed list stand otherwise.
No kind lets a sentence through: a text is sealed before, and only its digest is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter, ValidationError

from andon.domain.change import TYPES
from andon.domain.values import Instant, PersonId

ITEMS_AT_MOST: Final = 10
DAY_OF_GRACE: Final = timedelta(days=1)
"""West of Greenwich it is still yesterday when a new day begins in UTC."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_ITEM: Final = re.compile(r"[0-9a-f]{16}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PERSON: Final = TypeAdapter[str](PersonId)


class FailureClass(StrEnum):
    """What kind of failure a cause is."""

    MODEL = "model"
    WORKFLOW_DESIGN = "workflow_design"
    DATA = "data"
    HUMAN_REVIEW = "human_review"
    UNKNOWN = "unknown"


class Sort(StrEnum):
    """What a finding can be other than a code from the question's own list."""

    PERSON = "person"
    DAY = "day"
    TEXT = "text"
    ITEMS = "items"
    REVIEW = "review"
    CHANGE = "change"
    CLASSES = "classes"
    CAUSE = "cause"
    """Stands in the rights only: a question carries the cause that was diagnosed, as its one code."""

    @property
    def mark(self) -> str:
        """How a question carries it."""
        return f"<{self.value}>"


WANTED: Final[Mapping[Sort, str]] = {
    Sort.PERSON: "the id of somebody in the directory",
    Sort.DAY: "a day, written as 2026-03-31, that is not past",
    Sort.TEXT: "a sentence or a link, at most 1000 characters; it is kept encrypted",
    Sort.ITEMS: "1 to 10 evidence items, each by the first 16 digits of its SHA-256, with commas between",
    Sort.REVIEW: "the post-incident review as it stands, by its SHA-256",
    Sort.CHANGE: f"a type of change: {', '.join(TYPES)}",
    Sort.CLASSES: f"further classes of failure, with commas between: {', '.join(FailureClass)}",
    Sort.CAUSE: "the cause that was diagnosed",
}
"""What is said to whoever gave something else."""


def sort_of(allowed: tuple[str, ...]) -> Sort | None:
    """Return which kind of value a finding is; None: a code from this very list."""
    marks = {sort.mark: sort for sort in Sort}
    return marks.get(allowed[0]) if len(allowed) == 1 else None


def fits(value: str, allowed: tuple[str, ...], at: Instant) -> bool:
    """Whether a value, given at a moment, is one that the question takes."""
    sort = sort_of(allowed)
    if sort is None or sort is Sort.CAUSE:
        return value in allowed and sort is None
    return _FITS[sort](value, at)


def wanted(allowed: tuple[str, ...]) -> str:
    """Say in words which values a finding takes."""
    sort = sort_of(allowed)
    return WANTED[sort] if sort is not None else f"one of {', '.join(allowed)}"


def end_of_day(day: str) -> Instant:
    """Return the end of a day as a finding gives it, in UTC.

    Raises:
        ValueError: it is no day.
    """
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), UTC)


def items_in(value: str) -> tuple[str, ...]:
    """Return the evidence items that a finding names, by the beginnings of their digests."""
    return tuple(value.split(","))


def _is_person(value: str, _: Instant) -> bool:
    try:
        _PERSON.validate_python(value)
    except ValidationError:
        return False
    return True


def _is_day(value: str, at: Instant) -> bool:
    try:
        return bool(_DAY.fullmatch(value)) and end_of_day(value) >= at - DAY_OF_GRACE
    except ValueError:
        return False


def _is_digest(value: str, _: Instant) -> bool:
    return _DIGEST.fullmatch(value) is not None


def _are_items(value: str, _: Instant) -> bool:
    named = items_in(value)
    each = all(_ITEM.fullmatch(one) for one in named)
    return each and len(set(named)) == len(named) <= ITEMS_AT_MOST


def _is_type(value: str, _: Instant) -> bool:
    return value in TYPES


def _are_classes(value: str, _: Instant) -> bool:
    named = value.split(",")
    return set(named) <= set(FailureClass) and len(set(named)) == len(named)


_FITS: Final = {
    Sort.PERSON: _is_person,
    Sort.DAY: _is_day,
    Sort.TEXT: _is_digest,
    Sort.ITEMS: _are_items,
    Sort.REVIEW: _is_digest,
    Sort.CHANGE: _is_type,
    Sort.CLASSES: _are_classes,
}
