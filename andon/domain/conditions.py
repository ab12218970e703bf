"""Facts, and the condition language policy files use over them: text in, an immutable expression out.

    expression = term {"OR" term}            unknowns(a, b) counts the facts named whose value is unknown
    term       = factor {"AND" factor}       word is a value of the fact, or a threshold for a count
    factor     = "NOT" factor | "(" expression ")" | fact "in" "(" word {"," word} ")"
               | (fact | "unknowns" "(" fact {"," fact} ")") ("=" | ">=" | ">" | "<=" | "<") (word | number)

Truth has three values (Kleene): a comparison with an unknown fact is neither true nor false, and
neither is its negation, so an unknown fact can't satisfy a condition by accident. Only naming
`unknown` (`fact=unknown`, `fact in (yes, unknown)`) or counting with `unknowns(...)` sees it.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from andon.domain.errors import ConditionSyntaxError, InvalidInputError, UnknownTermError
from andon.domain.values import Carried, Frozen

Facts = dict[str, str | int]
"""Fact name to one of its values, a count, or `unknown`: JSON scalars only."""

UNKNOWN: Final = "unknown"
COUNT: Final[tuple[str, ...]] = ()
"""The scale of a fact that is a whole number from 0."""

MAX_COUNT: Final = 2**53 - 1
"""Largest whole number that every JSON reader keeps exact (RFC 7493 section 2.2)."""
MAX_LENGTH: Final = 2000
MAX_DEPTH: Final = 32

_OPERATORS: Final[dict[str, Callable[[int, int], bool]]] = {
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_KEYWORDS: Final = frozenset({"AND", "OR", "NOT", "in"})
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,15})|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<symbol>>=|<=|[=><(),]))"
)


def shown(value: object) -> str:
    """Return `value` as its writer knows it, cut short for a message."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:80] + "…"


class Reading(StrEnum):
    """What a fact means that is left out."""

    COMMAND = "command"
    """Harmless: the first value, or 0. For trying the rules out."""
    INTAKE = "intake"
    """Unknown: a report that says nothing about a fact proves nothing about it."""


class FactKind(Frozen):
    """One fact: its values in rising order, and the question that settles it."""

    values: tuple[str, ...] | Literal["count"]
    meaning: str
    question: str

    @property
    def scale(self) -> tuple[str, ...]:
        """The values, or `COUNT`."""
        return COUNT if self.values == "count" else tuple(self.values)

    @property
    def harmless(self) -> str | int:
        """The first value, or 0."""
        return self.scale[0] if self.scale else 0


class OpenQuestion(Carried):
    """An unknown fact, and what to ask a person about it."""

    fact: str
    question: str


def open_questions(kinds: Mapping[str, FactKind], facts: Facts) -> Iterator[OpenQuestion]:
    """Yield a question for each fact that is unknown, in the order of `kinds`."""
    for name, kind in kinds.items():
        if facts[name] == UNKNOWN:
            yield OpenQuestion(fact=name, question=kind.question)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a condition may speak of: facts with their values in rising order, and thresholds."""

    scales: Mapping[str, tuple[str, ...]]
    thresholds: Mapping[str, int]

    def extended(self, scales: Mapping[str, tuple[str, ...]]) -> Vocabulary:
        """Return this vocabulary with more facts."""
        return Vocabulary({**self.scales, **scales}, self.thresholds)

    def overridden(self, thresholds: Mapping[str, int]) -> Vocabulary:
        """Return this vocabulary with some thresholds replaced by whole numbers from 1.

        Raises:
            InvalidInputError: a threshold has no such name or such a number.
        """
        for name, value in thresholds.items():
            if name not in self.thresholds:
                raise UnknownTermError("thresholds", shown(name), tuple(self.thresholds))
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_COUNT:
                raise InvalidInputError(f"thresholds.{name}: {shown(value)!r} is not a whole number from 1")
        return Vocabulary(self.scales, {**self.thresholds, **thresholds})

    def place(self, fact: str, value: str | int) -> int:
        """Return where `value` stands on the scale of `fact`."""
        if isinstance(value, int):
            return value
        scale = self.scales[fact]
        return self.thresholds[value] if scale == COUNT else scale.index(value)

    def read(self, fact: str, value: object, field: str) -> str | int:
        """Return `value` if `fact` may have it.

        Raises:
            InvalidInputError: no such fact, or not one of its values; `field` says where it stood.
        """
        if fact not in self.scales:
            raise UnknownTermError(field, shown(fact), tuple(self.scales))
        scale = self.scales[fact]
        if value == UNKNOWN or (isinstance(value, str) and value in scale):
            return str(value)
        if scale != COUNT:
            raise UnknownTermError(f"{field}.{fact}", shown(value), (*scale, UNKNOWN))
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
            raise InvalidInputError(
                f"{field}.{fact}: {shown(value)!r} is not a whole number from 0; use one, or unknown"
            )
        return value

    def check(self, fact: str, value: str | int, where: str) -> None:
        """Raise `InvalidInputError` unless a condition may compare `fact` with `value`."""
        if fact in self.scales and self.scales[fact] == COUNT and isinstance(value, str):
            self.check_threshold(value, f"{where}: {fact}")
        else:
            self.read(fact, value, where)

    def check_threshold(self, value: str | int, where: str) -> None:
        """Raise `UnknownTermError` unless `value` is a number, a threshold or `unknown`."""
        if isinstance(value, str) and value not in (*self.thresholds, UNKNOWN):
            raise UnknownTermError(where, value, tuple(self.thresholds))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A fact against one value."""

    fact: str
    operator: str
    value: str | int

    def truth(self, facts: Mapping[str, str | int], vocabulary: Vocabulary) -> bool | None:
        found = facts[self.fact]
        if self.value == UNKNOWN:
            return found == UNKNOWN
        if found == UNKNOWN:
            return None
        compare = _OPERATORS[self.operator]
        return compare(vocabulary.place(self.fact, found), vocabulary.place(self.fact, self.value))

    def check(self, vocabulary: Vocabulary, where: str) -> None:
        vocabulary.check(self.fact, self.value, where)


@dataclass(frozen=True, slots=True)
class _Membership:
    """A fact against a list of its values."""

    fact: str
    values: tuple[str, ...]

    def truth(self, facts: Mapping[str, str | int], vocabulary: Vocabulary) -> bool | None:  # noqa: ARG002 - one shape for all expressions
        found = facts[self.fact]
        if found == UNKNOWN and UNKNOWN not in self.values:
            return None
        return found in self.values

    def check(self, vocabulary: Vocabulary, where: str) -> None:
        if vocabulary.scales.get(self.fact) == COUNT:
            raise InvalidInputError(f"{where}: {self.fact} is a count; compare it with =, >=, >, <= or <")
        for value in self.values:
            vocabulary.check(self.fact, value, where)


@dataclass(frozen=True, slots=True)
class _UnknownCount:
    """How many of some facts are unknown, against a number."""

    facts: tuple[str, ...]
    operator: str
    value: str | int

    def truth(self, facts: Mapping[str, str | int], vocabulary: Vocabulary) -> bool | None:
        count = sum(facts[fact] == UNKNOWN for fact in self.facts)
        limit = vocabulary.thresholds[self.value] if isinstance(self.value, str) else self.value
        return _OPERATORS[self.operator](count, limit)

    def check(self, vocabulary: Vocabulary, where: str) -> None:
        for fact in self.facts:
            vocabulary.check(fact, UNKNOWN, where)
        vocabulary.check_threshold(self.value, f"{where}: unknowns")


@dataclass(frozen=True, slots=True)
class _Negation:
    """The opposite of an expression."""

    part: Condition

    def truth(self, facts: Mapping[str, str | int], vocabulary: Vocabulary) -> bool | None:
        inner = self.part.truth(facts, vocabulary)
        return None if inner is None else not inner

    def check(self, vocabulary: Vocabulary, where: str) -> None:
        self.part.check(vocabulary, where)


@dataclass(frozen=True, slots=True)
class _Joined:
    """Expressions joined by AND (`every`) or by OR."""

    parts: tuple[Condition, ...]
    every: bool

    def truth(self, facts: Mapping[str, str | int], vocabulary: Vocabulary) -> bool | None:
        truths = [part.truth(facts, vocabulary) for part in self.parts]
        decisive = not self.every
        if decisive in truths:
            return decisive
        return None if None in truths else self.every

    def check(self, vocabulary: Vocabulary, where: str) -> None:
        for part in self.parts:
            part.check(vocabulary, where)


Condition = _Comparison | _Membership | _UnknownCount | _Negation | _Joined
"""A condition that was read: immutable; `truth` is None where it can't be told."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Condition:
    """Read a condition; the same text is read once.

    Raises:
        ConditionSyntaxError: it can't be read; the message names the place.
    """
    return _Parser(text).whole()


def holds(text: str, facts: Mapping[str, str | int], vocabulary: Vocabulary) -> bool:
    """Whether the condition `text` is certainly true of `facts`."""
    return parse(text).truth(facts, vocabulary) is True


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise ConditionSyntaxError(text[:60] + "…", f"longer than {MAX_LENGTH} characters")
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            column = at + len(text[at:]) - len(text[at:].lstrip())
            raise ConditionSyntaxError(
                text, f"at character {column + 1}: {text[column]!r} has no meaning here"
            )
        kind = match.lastgroup
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return [*found, _Token("end", "the end", end + 1)]


class _Parser:
    """Recursive descent, one method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Condition:
        expression = self._joined("OR")
        if self._next.kind != "end":
            raise self._unexpected("AND, OR or the end")
        return expression

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _unexpected(self, wanted: str) -> ConditionSyntaxError:
        token = self._next
        found = token.text if token.kind == "end" else repr(token.text)
        return ConditionSyntaxError(
            self._text, f"at character {token.column}: expected {wanted}, found {found}"
        )

    def _accepts(self, text: str) -> bool:
        if self._next.kind == "end" or self._next.text != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._accepts(text):
            raise self._unexpected(repr(text))

    def _name(self, wanted: str) -> str:
        token = self._next
        if token.kind != "word" or token.text in _KEYWORDS:
            raise self._unexpected(wanted)
        self._at += 1
        return token.text

    def _joined(self, word: str) -> Condition:
        parts = [self._joined("AND") if word == "OR" else self._factor()]
        while self._accepts(word):
            parts.append(self._joined("AND") if word == "OR" else self._factor())
        return parts[0] if len(parts) == 1 else _Joined(tuple(parts), every=word == "AND")

    def _factor(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._unexpected(f"at most {MAX_DEPTH} levels of NOT and parentheses")
        try:
            if self._accepts("NOT"):
                return _Negation(self._factor())
            if self._accepts("("):
                inner = self._joined("OR")
                self._expect(")")
                return inner
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Condition:
        fact = self._name("a fact, NOT or '('")
        if fact == "unknowns" and self._next.text == "(":
            counted = self._names("a fact")
            return _UnknownCount(counted, *self._right_side(counting=True))
        if self._accepts("in"):
            return _Membership(fact, self._names("a value"))
        return _Comparison(fact, *self._right_side(counting=False))

    def _names(self, wanted: str) -> tuple[str, ...]:
        self._expect("(")
        names = [self._name(wanted)]
        while self._accepts(","):
            names.append(self._name(wanted))
        self._expect(")")
        return tuple(names)

    def _right_side(self, *, counting: bool) -> tuple[str, str | int]:
        sign = self._next.text
        if sign not in _OPERATORS:
            raise self._unexpected("=, >=, >, <= or <" if counting else "=, >=, >, <=, < or in")
        self._at += 1
        if self._next.kind == "number":
            self._at += 1
            return sign, int(self._tokens[self._at - 1].text)
        if self._next.text == UNKNOWN and (counting or sign != "="):
            raise self._unexpected("a value that has an order (only = goes with unknown)")
        return sign, self._name("a value, a number or a threshold")
