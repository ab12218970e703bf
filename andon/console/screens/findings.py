"""The fields in which a person says what an answer takes besides its option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.choosing import Choices
from andon.console.models.decision import DecisionShown
from andon.console.screens.moments import moment
from andon.console.screens.parts import role_name
from andon.console.screens.words import QUESTIONS, inert, listed, lower, plain
from andon.domain.change import TYPES
from andon.domain.directory import Person
from andon.domain.evidence import EvidenceItem
from andon.domain.finding import WANTED, FailureClass, Sort, sort_of

ITEMS_OFFERED: Final = 200
DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class FindingField:
    """One thing that an answer may add."""

    name: str
    label: str
    kind: str
    """`code`, `day`, `text`, `many` or `review`: how it is filled in."""
    values: tuple[tuple[str, str, bool], ...]
    """What there is to choose from: value, label, whether it is chosen."""
    value: str
    """What had been typed."""
    hint: str
    needed: bool
    """Whether every option wants it."""
    needed_for: str
    """The options that want it, where not every one does."""


def finding_fields(
    decision: DecisionShown, typed: Mapping[str, str], choices: Choices, now: datetime
) -> tuple[FindingField, ...]:
    """Return the fields of a question."""
    return tuple(
        _field(name, values, decision, typed.get(name, ""), _offered(values, choices, now))
        for name, values in decision.request.findings.items()
    )


_KINDS: Final = {
    Sort.DAY: "day",
    Sort.TEXT: "text",
    Sort.ITEMS: "many",
    Sort.CLASSES: "many",
    Sort.REVIEW: "review",
}


def _field(
    name: str,
    values: tuple[str, ...],
    decision: DecisionShown,
    typed: str,
    offered: tuple[tuple[str, str], ...],
) -> FindingField:
    sort = sort_of(values)
    kind = _KINDS.get(sort, "code") if sort is not None else "code"
    chosen = set(typed.split(",")) if kind == "many" else {typed}
    wanting = [one.id for one in decision.options if name in one.wants]
    everybody = len(wanting) == len(decision.options)
    return FindingField(
        name=name,
        label=QUESTIONS.get(name, plain(name)),
        kind=kind,
        values=tuple((value, label, value in chosen) for value, label in offered),
        value=typed if kind in ("day", "text") else "",
        hint=_hint(sort),
        needed=everybody,
        needed_for="" if everybody else listed([lower(one) for one in wanting]),
    )


def _hint(sort: Sort | None) -> str:
    if sort in (Sort.DAY, Sort.TEXT):
        return f"It takes {WANTED[sort]}."
    return "It takes 1 to 10 of these." if sort is Sort.ITEMS else ""


def _offered(values: tuple[str, ...], choices: Choices, now: datetime) -> tuple[tuple[str, str], ...]:
    match sort_of(values):
        case Sort.PERSON:
            return tuple((one.id, _person(one)) for one in choices.people)
        case Sort.ITEMS:
            return tuple((one.sha256[:DIGITS], _item(one, now)) for one in choices.items[:ITEMS_OFFERED])
        case Sort.CHANGE:
            return tuple((one, plain(one)) for one in TYPES)
        case Sort.CLASSES:
            return tuple((one.value, plain(one)) for one in FailureClass)
        case None:
            return tuple((one, plain(one)) for one in values)
        case _:
            return ()


def _person(one: Person) -> str:
    return f"{inert(one.name)} ({', '.join(role_name(role) for role in one.roles)})"


def _item(one: EvidenceItem, now: datetime) -> str:
    return f"{plain(one.kind)}, {one.source}, {moment(one.captured_at, now).text}, {one.sha256[:DIGITS]}"
