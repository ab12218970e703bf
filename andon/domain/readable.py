"""The incident file as somebody reads it: eight parts of facts and tables, made from its JSON alone.

What the file does not say is said to be unknown; a part that lacks something names it. Pages and the
PDF are made from the same value, so that they can't differ.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field

from andon.domain.code_words import ENDINGS
from andon.domain.file import FORMAT, PARTS
from andon.domain.readable_words import (
    ABSENT,
    FIRST,
    code_beside,
    heading,
    in_words,
    name_of,
    order_in_words,
)
from andon.domain.values import Frozen

UNKNOWN: Final = "unknown"
NONE: Final = "none"
NOT_SAID: Final = "-"
"""In a table, where a row has nothing to say."""
WRITTEN: Final = "%Y-%m-%d %H:%M:%S UTC"
CELL_AT_MOST: Final = 300
ROWS_AT_MOST: Final = 500
COLUMNS_AT_MOST: Final = 6

TITLES: Final[dict[str, str]] = {
    "what_happened": "What happened",
    "classification": "What it is called, and how grave it is",
    "affected": "Who and what was affected",
    "containment": "How it was contained",
    "evidence": "What was preserved, and what could not be",
    "decisions": "Who decided what, and when",
    "cause_and_correction": "Cause and correction",
    "restart_and_lessons": "Restart, watch and lessons",
}

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "stages": ("stage", "began_at", "ended_at", "due", "overdue"),
    "detections": ("received_at", "source", "channel", "type", "id"),
    "orders": ("order.lever", "state", "proof.at", "proof.saw", "order.lever.id", "order.id"),
    "rows": ("row", "state", "items", "reason"),
    "gaps": ("row", "reason", "source", "detail"),
    "snapshots": ("snapshot", "sealed_at", "items", "root"),
    "responses": ("person", "role", "option", "received_at", "late"),
    "tasks": ("code", "role", "state", "due"),
    "notices": ("at", "about", "person", "channel", "arrived"),
    "opened_by": ("at", "person", "exhibit"),
    "approvals": ("kind", "opened_at", "outcome", "breached", "id"),
    "decisions": ("kind", "opened_at", "deadline", "outcome", "breached", "closed_at", "id"),
    "review": ("part", "person", "role", "at", "version", "digest"),
}
"""What a table of each list shows; a list that is not named shows what its rows have in common."""

NESTED: Final[dict[str, str]] = {
    "responses": "Answers to {}",
    "rows": "Rows of snapshot {}",
    "gaps": "Gaps of snapshot {}",
}
"""Tables of what a row itself lists, such as a question's answers and a snapshot's gaps."""
ORDERED: Final = "order.lever"
OF_ENTRIES: Final = ("at", "actor", "kind", "subject", "after")
OF_PEOPLE: Final = ("lead_", "owner_")
"""Kinds of entries that end in a person's id, which is no code."""
LEFT_OUT: Final = frozenset({"part", "missing", "not_applicable", "system_record", "merged"})


class Fact(Frozen):
    """One thing the file says, or does not know."""

    name: str
    value: str
    known: bool = True
    code: str = Field("", description="the code that the value puts into words; empty: there is none")


class Table(Frozen):
    """Rows of the file, as text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0


class ReadablePart(Frozen):
    """One of the eight parts."""

    number: int
    title: str
    not_applicable: bool
    missing: tuple[str, ...]
    facts: tuple[Fact, ...]
    tables: tuple[Table, ...]
    said: tuple[str, ...] = Field((), description="what people wrote, by paragraph")
    said_by: str = ""
    questions: tuple[str, ...] = Field((), description="what only people can answer")


class ReadableFile(Frozen):
    """An incident file to be read, or another document that is made up like one."""

    title: str = "Incident file"
    incident: str
    ending: str
    complete: bool
    missing: tuple[str, ...]
    entries: str
    head: str
    parts: tuple[ReadablePart, ...]
    format: str = FORMAT


def readable(file: Mapping[str, Any]) -> ReadableFile:
    """Return an incident file as it is read; the same file always gives the same value."""
    head = file.get("head") or {}
    parts = file.get("parts") or {}
    return ReadableFile(
        incident=shown(file.get("incident")),
        ending=_ending(str(file.get("ending") or "open")),
        complete=bool(file.get("complete")),
        missing=tuple(_missing(one) for one in file.get("missing") or ()),
        entries=shown(head.get("length")),
        head=shown(head.get("digest")),
        parts=tuple(_part(name, number, parts.get(name) or {}) for number, name in enumerate(PARTS, start=1)),
    )


def _ending(code: str) -> str:
    return next((text for known, text in ENDINGS.items() if known == code), words(code))


def words(code: str) -> str:
    """Return a code as words."""
    return inert(code.replace("_", " "))


def shown(value: object) -> str:
    """Return one value as text: what is not there is unknown, times are in UTC and say so."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    text = inert(str(value))
    return _moment(text) or (text if len(text) <= CELL_AT_MOST else f"{text[:CELL_AT_MOST]} …")


def inert(text: str) -> str:
    """Return text in which nothing but letters acts: control and direction marks become visible."""
    return "".join(
        f"<U+{ord(one):04X}>" if unicodedata.category(one) in ("Cc", "Cf", "Co", "Cs") else one
        for one in text
    )


def _missing(text: str) -> str:
    part, found, what = text.partition(": ")
    return inert(f"{TITLES.get(part, part)}: {what}") if found else inert(text)


def _moment(text: str) -> str | None:
    if len(text) < len("2026-01-01T00:00:00Z") or text[4] != "-" or "T" not in text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC).strftime(WRITTEN) if at.tzinfo else None


def moment_in(text: str) -> datetime | None:
    """Return the moment that `shown` wrote as this text; None: it is something else."""
    try:
        return datetime.strptime(text, WRITTEN).replace(tzinfo=UTC)
    except ValueError:
        return None


def _part(name: str, number: int, part: Mapping[str, Any]) -> ReadablePart:
    order = (*FIRST[name], *part)
    facts, tables = facts_and_tables({one: part[one] for one in order if one in part and one not in LEFT_OUT})
    return ReadablePart(
        number=number,
        title=TITLES[name],
        not_applicable=bool(part.get("not_applicable")),
        missing=tuple(inert(str(one)) for one in part.get("missing") or ()),
        facts=facts,
        tables=tables,
    )


def facts_and_tables(found: Mapping[str, Any]) -> tuple[tuple[Fact, ...], tuple[Table, ...]]:
    """Return JSON as it is read: single values as facts, lists of objects as tables."""
    facts: list[Fact] = []
    tables: list[Table] = []
    for field, value in found.items():
        _take(_capital(inert(name_of(field))), field, value, facts, tables)
    return tuple(facts), tuple(tables)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _take(caption: str, field: str, value: object, facts: list[Fact], tables: list[Table]) -> None:
    if isinstance(value, Mapping):
        if not value:
            facts.append(Fact(name=caption, value=NONE))
        elif field in COLUMNS:
            tables.append(_table(caption, field, list(value.values())))
            return
        for name, one in value.items():
            _take(f"{caption}: {inert(name_of(str(name), within=field))}", str(name), one, facts, tables)
    elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        tables.append(_table(caption, field, value))
        for row in value:
            _nested(row, tables)
    elif isinstance(value, list):
        text = ", ".join(_said(one, field) for one in value) or NONE
        facts.append(Fact(name=caption, value=text))
    else:
        facts.append(_fact(caption, field, value))


def _fact(caption: str, field: str, value: object) -> Fact:
    if value is None and field in ABSENT:
        return Fact(name=caption, value=ABSENT[field])
    text = _said(value, field)
    code = code_beside(value) if isinstance(value, str) and text != value else ""
    return Fact(name=caption, value=text, known=text != UNKNOWN, code=code)


def _said(value: object, field: str, of: str = "") -> str:
    """Return one value as text, a code in words."""
    if isinstance(value, float) and field.endswith("_rate"):
        return f"{value:.0%}"
    return shown(in_words(value, field, of) if isinstance(value, str) else value)


def _nested(row: Mapping[str, Any], tables: list[Table]) -> None:
    named = row.get("id") or row.get("snapshot") or ""
    tables += [
        _table(caption.format(shown(named)), field, row[field])
        for field, caption in NESTED.items()
        if row.get(field)
    ]


def _table(caption: str, field: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = COLUMNS.get(field) or _columns(rows)
    kept = rows[:ROWS_AT_MOST]
    return Table(
        caption=caption,
        columns=tuple(_capital(inert(heading(one))) for one in columns),
        rows=tuple(tuple(_cell(row, one, field) for one in columns) for row in kept),
        more=len(rows) - len(kept),
    )


def _cell(row: Mapping[str, Any], path: str, of: str) -> str:
    if path == ORDERED:
        return shown(order_in_words((row.get("order") or {}).get("lever") or {}))
    value = _at(row, path)
    if value is None or value == "":
        return NOT_SAID
    field = path.rpartition(".")[2]
    if field == "after" and str(row.get("kind")).startswith(OF_PEOPLE):
        return shown(value)
    return _said(value, field, of)


def _columns(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    if set(OF_ENTRIES) <= rows[0].keys():
        return OF_ENTRIES
    plain = [name for name, value in rows[0].items() if not isinstance(value, list | Mapping)]
    return tuple(plain[:COLUMNS_AT_MOST]) or ("id",)


def _at(row: Mapping[str, Any], path: str) -> object:
    found: object = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if not isinstance(found, list | Mapping) else None
