"""Kinds of evaluators: what an AI system's file may say of each, and how a suite of that kind is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from andon.adapters.entry_points import Found
from andon.adapters.options import Option, check_options
from andon.adapters.outgoing import Outgoing
from andon.config import TrialSettings
from andon.domain.confinement import Confinement, Problem
from andon.domain.errands import EvaluationRequest
from andon.domain.errors import InvalidInputError
from andon.domain.system import Evaluation

GROUP: Final = "andon.evaluators"
VERSIONS: Final = "versions.json"
SHIPPED: Final[dict[str, str]] = {
    "command": "andon.adapters.evaluators.command:KIND",
    "http": "andon.adapters.evaluators.endpoint:KIND",
    "inspect": "andon.adapters.evaluators.inspect_log:KIND",
    "promptfoo": "andon.adapters.evaluators.promptfoo:KIND",
    "pytest": "andon.adapters.evaluators.junit:KIND",
}
"""Kinds that come with Andon; other packages name theirs by an entry point of the group."""


@dataclass(frozen=True, slots=True)
class TrialMeans:
    """What an evaluator may use of ours; whatever is not here it can't reach."""

    settings: TrialSettings
    outgoing: Outgoing = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "outgoing", Outgoing(self.settings, section="trials"))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a suite: what is asked for, and the folder that is its own."""

    suite: Evaluation
    request: EvaluationRequest
    place: Path
    """Has `cases.jsonl` and a folder `logs`; the run leaves `result.json` in it, in the documented form."""
    folder: Path
    """Where the command runs."""
    python: str
    means: TrialMeans
    progress: Callable[[str], None]

    @property
    def time(self) -> timedelta:
        """How long it may take."""
        return min(self.request.timeout, timedelta(seconds=self.suite.timeout_seconds))

    @property
    def result(self) -> Path:
        """Where its result belongs, in the documented form."""
        return self.place / "result.json"

    @property
    def versions(self) -> Path:
        """What evidence holds of the versions, if the run is one on those."""
        return self.place / VERSIONS

    @property
    def out(self) -> Path:
        """What the runner writes to as `{out}`, in a form of its own."""
        return self.place / "out"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended."""

    code: int
    """0: it reached its end, whatever the cases say."""
    problem: Problem | None
    confinement: Confinement


def _nothing_more(_: Evaluation) -> None:
    """What the table of options says is all there is to look at."""


@dataclass(frozen=True, slots=True)
class EvaluatorKind:
    """One kind of evaluator, as its entry point gives it."""

    name: str
    run: Callable[[Run], Awaitable[Ran]]
    """Run the suite to its end or to one of its bounds; raises `InvalidInputError` if it can't be begun."""
    options: Mapping[str, Option] = field(default_factory=dict)
    by_command: bool = True
    """Whether it runs the command that the file names."""
    needs: tuple[str, ...] = ()
    """Placeholders that the command must have, or nobody would find what it wrote."""
    check: Callable[[Evaluation], None] = _nothing_more
    """Raises `InvalidInputError` for options that can't be used; asks nobody."""


KINDS: Final = Found(GROUP, EvaluatorKind, SHIPPED)


def kind_of(suite: Evaluation) -> EvaluatorKind:
    """Return the kind that a file names, if it can serve what the file says; asks nobody.

    Raises:
        InvalidInputError: it can't; the message names what to change.
    """
    if suite.kind not in KINDS.names():
        raise InvalidInputError(
            f"evaluation: there is no kind {suite.kind!r}; use one of: {', '.join(KINDS.names())}"
        )
    kind = KINDS.load(suite.kind)
    check_options(suite.options, kind.options, place="evaluation", kind=suite.kind)
    if kind.by_command and not suite.command:
        raise InvalidInputError(f"evaluation: {suite.kind} needs command: say how the suite is run")
    if not kind.by_command and suite.command:
        raise InvalidInputError(f"evaluation: {suite.kind} runs no command: leave command out")
    lacking = [one for one in kind.needs if not any(one in word for word in suite.command)]
    if kind.by_command and lacking:
        raise InvalidInputError(
            f"evaluation: the command lacks {', '.join(lacking)}: {suite.kind} reads that"
        )
    kind.check(suite)
    return kind
