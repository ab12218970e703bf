"""Suites of pytest, and of whatever else writes JUnit's XML: the file that a run leaves at `{out}`.

What JUnit has no place for stands in properties: of the suite `versions` (JSON), `seed`, `dataset` and
`thresholds` (JSON), of a case `case` (its id, so that several tests are runs of one case), `incident`,
`twin_of`, `required`, `before` and `score`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from andon.adapters.evaluators.command import by_command, contents, facts_of
from andon.adapters.evaluators.kinds import EvaluatorKind, Run
from andon.adapters.evaluators.normal import SUCCESS, Tallied
from andon.domain.errors import EvaluationError

CODES: Final = (0, 1)
"""pytest ends with 1 when tests failed, and with more when it could not run them all."""

DEEPEST: Final = 16
TRUTHS: Final = {"true": True, "false": False}
AS_JSON: Final = frozenset({"versions", "thresholds", "seed", "required", "before", "score"})


@dataclass
class _Test:
    name: str
    properties: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    skipped: bool = False


class _Reader:
    """Reads tests as they come; a document type or an entity ends it, since each may stand for anything."""

    def __init__(self) -> None:
        self.tests: list[_Test] = []
        self.properties: dict[str, str] = {}
        self.total = 0
        self._test: _Test | None = None
        self._depth = 0
        self._names = ("", "")

    def read(self, text: bytes) -> None:
        """Read the whole document.

        Raises:
            EvaluationError: it is no XML, or has a document type or entities.
        """
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.UnparsedEntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        parser.StartElementHandler = self._begins
        parser.EndElementHandler = self._ends
        try:
            parser.Parse(text, True)
        except (expat.ExpatError, ValueError) as error:
            raise EvaluationError("the report is no XML") from error

    def _begins(self, element: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise EvaluationError("the report is nested too deep")
        if self._depth == 1 and element not in {"testsuites", "testsuite"}:
            raise EvaluationError("the report is not in JUnit's form")
        if element == "testsuite":
            self.total += _count(attributes.get("tests", "0"))
        elif element == "testcase":
            names = (attributes.get("classname", ""), attributes.get("name", ""))
            self._test = _Test("::".join(one for one in names if one))
            self.tests.append(self._test)
        elif element == "property":
            place = self.properties if self._test is None else self._test.properties
            place[attributes.get("name", "")] = attributes.get("value", "")
        elif self._test is not None and element in {"failure", "error"}:
            self._test.failed = True
        elif self._test is not None and element == "skipped":
            self._test.skipped = True

    def _ends(self, element: str) -> None:
        self._depth -= 1
        if element == "testcase":
            self._test = None


def read(run: Run) -> dict[str, Any]:
    """Return a report in the documented form.

    Raises:
        FileNotFoundError: there is none.
        EvaluationError: it can't be read.
    """
    reader = _Reader()
    reader.read(contents(run.out, "the report"))
    tallied = Tallied()
    for test in reader.tests:
        members = _told(test.properties)
        name = test.properties.get("case", test.name)
        if test.skipped:
            tallied.skipped(name, members)
        else:
            tallied.ran(name, members, passed=not test.failed, score=members.get("score"))
    # Tests that are runs of one case make fewer cases than tests.
    lost = max(0, reader.total - len(reader.tests))
    form = tallied.form(run.suite.suite, SUCCESS, 0, {**_told(reader.properties), **facts_of(run)})
    return {**form, "total": form["total"] + lost}


def _told(properties: dict[str, str]) -> dict[str, Any]:
    """Return properties with those parsed that are no text."""
    return {name: _parsed(value) if name in AS_JSON else value for name, value in properties.items()}


def _parsed(value: str) -> Any:
    lowered = value.strip().lower()
    if lowered in TRUTHS:
        return TRUTHS[lowered]
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise EvaluationError("a property that is read as JSON is none") from error


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise EvaluationError("a suite's number of tests is no number")
    return int(text)


def _refuse(*_: object) -> int:
    raise EvaluationError("the report has a document type or entities")


KIND: Final = EvaluatorKind(name="pytest", run=by_command(read, CODES), needs=("{out}",))
