"""The post-incident review as somebody reads it, made from its JSON alone, for page, terminal and paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from andon.domain.readable import (
    ReadableFile,
    ReadablePart,
    facts_and_tables,
    inert,
    shown,
)
from andon.domain.review import FORMAT, TITLES

TITLE: Final = "Post-incident review"
NOBODY: Final = "Nobody has written here yet."


def readable_review(review: Mapping[str, Any]) -> ReadableFile:
    """Return a review as it is read; the same review always gives the same value."""
    parts = review.get("parts") or ()
    missing = tuple(f"Words for “{TITLES[one]}”" for one in review.get("missing") or () if one in TITLES)
    return ReadableFile(
        title=TITLE,
        incident=shown(review.get("incident")),
        ending=shown(review.get("severity")),
        complete=not missing,
        missing=missing,
        entries=shown((review.get("head") or {}).get("length")),
        head=shown(review.get("digest")),
        parts=tuple(readable_part(number, one) for number, one in enumerate(parts, start=1)),
        format=FORMAT,
    )


def readable_part(number: int, part: Mapping[str, Any]) -> ReadablePart:
    """Return one part: people's words, what they were asked, and what the record tells."""
    facts, tables = facts_and_tables(part.get("found") or {})
    words = part.get("words")
    return ReadablePart(
        number=number,
        title=inert(str(part.get("title") or "")),
        not_applicable=False,
        missing=(),
        facts=facts,
        tables=tables,
        said=tuple(inert(one) for one in str(words["text"]).splitlines() if one.strip()) if words else (),
        said_by=_said_by(words) if words else NOBODY,
        questions=tuple(inert(str(one)) for one in part.get("questions") or ()),
    )


def _said_by(words: Mapping[str, Any]) -> str:
    who = f"{words.get('person')} ({words.get('role')})"
    return inert(f"{who}, {shown(words.get('at'))}, version {words.get('version')}")
