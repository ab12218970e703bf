"""What runners of any form reported, brought into the documented form, several runs of a case into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from andon.domain.errors import EvaluationError

SUITE_MEMBERS: Final = ("versions", "seed", "dataset", "thresholds")
"""What a run says of itself besides its cases."""

CASE_MEMBERS: Final = ("incident", "twin_of", "required", "before")
"""What a case says of itself besides how it went."""

SUCCESS: Final = "success"
MOST_CASES: Final = 100_000
LONGEST_NAME: Final = 200


@dataclass(slots=True)
class _Case:
    runs: int = 0
    passes: int = 0
    scores: list[float] = field(default_factory=list)
    skipped: bool = False
    members: dict[str, Any] = field(default_factory=dict)

    def form(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            # The gate judges the runs themselves; this says only how most of them went.
            "passed": not self.skipped and 2 * self.passes > self.runs,
            "skipped": self.skipped,
            "score": sum(self.scores) / len(self.scores) if self.scores else None,
            "runs": self.runs,
            "passes": self.passes,
            **self.members,
        }


class Tallied:
    """Collects the runs of a suite's cases."""

    def __init__(self) -> None:
        self._cases: dict[str, _Case] = {}

    def ran(self, name: str, members: Mapping[str, Any], *, passed: bool, score: object = None) -> None:
        """Count one run of a case."""
        case = self._case(name, members)
        case.runs += 1
        case.passes += passed
        if isinstance(score, int | float) and not isinstance(score, bool):
            case.scores.append(float(score))

    def skipped(self, name: str, members: Mapping[str, Any]) -> None:
        """Note that a case was skipped: once is enough to call it that."""
        self._case(name, members).skipped = True

    def form(self, suite: str, status: str, total: int, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result in the documented form.

        Args:
            suite: its name.
            status: `success`, or what the runner calls it.
            total: cases that the suite holds.
            said: what the run says of itself.
        """
        return {
            "suite": suite,
            "status": status,
            "total": max(total, len(self._cases)),
            **{name: said[name] for name in SUITE_MEMBERS if said.get(name) is not None},
            "cases": [case.form(name) for name, case in self._cases.items()],
        }

    def _case(self, name: str, members: Mapping[str, Any]) -> _Case:
        if not 0 < len(name) <= LONGEST_NAME:
            raise EvaluationError(f"a case has a name of 1 to {LONGEST_NAME} characters")
        if len(self._cases) >= MOST_CASES and name not in self._cases:
            raise EvaluationError(f"there are more than {MOST_CASES} cases")
        case = self._cases.setdefault(name, _Case())
        told = {one: members[one] for one in CASE_MEMBERS if members.get(one) is not None}
        if case.runs and told != case.members:
            raise EvaluationError("runs of one case say different things of it")
        case.members = told
        return case
