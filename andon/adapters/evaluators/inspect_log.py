"""Suites of Inspect AI: the log in JSON (version 2) that a run leaves in `{logs}`, as its schema has it.

What Inspect has no place for stands in metadata: of the run `versions`, `dataset`, `thresholds`; of a sample
`incident`, `twin_of`, `required` and `before`. Epochs are runs of one case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from andon.adapters.evaluators.command import as_object, by_command, contents, facts_of
from andon.adapters.evaluators.kinds import EvaluatorKind, Run
from andon.adapters.evaluators.logs import is_plain
from andon.adapters.evaluators.normal import Tallied
from andon.adapters.options import Option
from andon.domain.errors import EvaluationError, InvalidInputError
from andon.domain.system import Evaluation

VERSION: Final = 2
WORDS: Final[dict[str, float]] = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's own letters: correct, partly correct, incorrect, no answer."""

OPTIONS: Final = {
    "scorer": Option("which scorer says whether a case passed; needed if there is more than one"),
    "passes_at": Option("score from which a case has passed; 1 if left out"),
}


def read(run: Run) -> dict[str, Any]:
    """Return a log in the documented form.

    Raises:
        FileNotFoundError: there is none.
        EvaluationError: there are several, or it can't be read.
    """
    found = sorted(path for path in (run.place / "logs").rglob("*.json") if is_plain(path))
    if not found:
        raise FileNotFoundError
    if len(found) > 1:
        raise EvaluationError("there is more than one log: a run evaluates one task")
    log = as_object(contents(found[0], "the log"), "the log")
    try:
        return _form(log, run.suite, facts_of(run))
    except (KeyError, TypeError, AttributeError) as error:
        raise EvaluationError("the log lacks what every log has") from error


def _form(log: dict[str, Any], suite: Evaluation, facts: Mapping[str, Any]) -> dict[str, Any]:
    if log["version"] != VERSION:
        raise EvaluationError(f"the log is not of version {VERSION}")
    spec = log["eval"]
    tallied = Tallied()
    for sample in log.get("samples") or []:
        # One that ended in an error was not scored; it is missing from the finished ones.
        if sample.get("error") is None and sample.get("scores"):
            score = _score(sample["scores"], suite)
            members = sample.get("metadata") or {}
            tallied.ran(str(sample["id"]), members, passed=score >= passes_at(suite), score=score)
    seed = (spec.get("model_generate_config") or {}).get("seed")
    said = {"seed": seed, **(spec.get("metadata") or {}), **facts}
    # An invalidated log was changed or called unfit by somebody after the run.
    status = "invalidated" if log.get("invalidated") else str(log["status"])
    # The whole of the data set, whatever a limit has left of it.
    return tallied.form(str(spec["task"]), status, int(spec["dataset"]["samples"]), said)


def _score(scores: Mapping[str, Any], suite: Evaluation) -> float:
    named = suite.options.get("scorer", "")
    if not named and len(scores) > 1:
        raise EvaluationError("there is more than one scorer: name the one that counts in the option scorer")
    value = scores[named]["value"] if named else next(iter(scores.values()))["value"]
    if isinstance(value, str):
        return WORDS[value]
    if isinstance(value, bool | int | float):
        return float(value)
    raise EvaluationError("a score is neither a letter nor a number")


def passes_at(suite: Evaluation) -> float:
    """Return the score from which a case has passed.

    Raises:
        InvalidInputError: it is no number above 0.
    """
    text = suite.options.get("passes_at", "1")
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise InvalidInputError(f"evaluation: option passes_at is a number above 0, not {text!r}")
    return number


def _check(suite: Evaluation) -> None:
    passes_at(suite)


KIND: Final = EvaluatorKind(
    name="inspect", run=by_command(read), options=OPTIONS, needs=("{logs}",), check=_check
)
