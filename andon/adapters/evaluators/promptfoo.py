"""Suites of promptfoo: the JSON (version 3) that `promptfoo eval -o {out}.json` leaves.

What promptfoo has no place for stands in `metadata`: of a test `id`, `incident`, `twin_of`, `required` and
`before`. Of the run the command writes `versions` and the rest to `{facts}`. Repeats are runs of one case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from andon.adapters.evaluators.command import as_object, by_command, contents, facts_of
from andon.adapters.evaluators.kinds import EvaluatorKind, Run
from andon.adapters.evaluators.normal import SUCCESS, Tallied
from andon.domain.errors import EvaluationError

VERSION: Final = 3
CODES: Final = (0, 100)
"""promptfoo ends with 100 when tests failed; another code is set by PROMPTFOO_FAILED_TEST_EXIT_CODE."""

ERROR: Final = 2
"""`failureReason` of a test that was not judged, since something else went wrong."""


def read(run: Run) -> dict[str, Any]:
    """Return an output in the documented form.

    Raises:
        FileNotFoundError: there is none.
        EvaluationError: it can't be read.
    """
    path = Path(f"{run.out}.json")
    written = as_object(contents(path, "the output"), "the output")
    try:
        return _form(written["results"], run, facts_of(run))
    except (KeyError, TypeError, AttributeError) as error:
        raise EvaluationError("the output lacks what every output has") from error


def _form(results: Mapping[str, Any], run: Run, facts: Mapping[str, Any]) -> dict[str, Any]:
    if results["version"] != VERSION:
        raise EvaluationError(f"the output is not of version {VERSION}")
    judged = results["results"]
    prompts = {(one["promptIdx"], _provider(one)) for one in judged}
    tallied = Tallied()
    lost = Counter[str]()
    for one in judged:
        members = one["testCase"].get("metadata") or {}
        name = _name(one, members, alone=len(prompts) == 1)
        if one.get("failureReason") == ERROR:
            lost[name] += 1
        else:
            tallied.ran(name, members, passed=one["success"] is True, score=one.get("score"))
    stats = results["stats"]
    # The counts are promptfoo's own: a line that was taken out of the list is missed here.
    missing = stats["successes"] + stats["failures"] + stats["errors"] - len(judged)
    form = tallied.form(run.suite.suite, SUCCESS, 0, facts)
    return {**form, "total": form["total"] + len(lost) + max(0, missing)}


def _name(one: Mapping[str, Any], members: Mapping[str, Any], *, alone: bool) -> str:
    test = one["testCase"]
    name = str(members.get("id") or test.get("description") or f"test-{one['testIdx']}")
    return name if alone else f"{name}@{one['promptIdx']}/{_provider(one)}"


def _provider(one: Mapping[str, Any]) -> str:
    provider = one.get("provider") or {}
    return str(provider.get("label") or provider.get("id") or "")


KIND: Final = EvaluatorKind(name="promptfoo", run=by_command(read, CODES), needs=("{out}.json",))
