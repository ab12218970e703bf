"""A case as a file of tests that promptfoo reads (`tests: file://...`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from andon.adapters.evaluators.cases.inspect import target_of
from andon.adapters.evaluators.cases.lines import line_of
from andon.domain.eval_case import Case


def promptfoo_tests(cases: Sequence[Case]) -> bytes:
    """Return a list of tests; what the user said is the variable `input`."""
    written: str = yaml.safe_dump(
        [_test(one) for one in cases], sort_keys=False, allow_unicode=True, width=100
    )
    return written.encode()


def _test(case: Case) -> dict[str, Any]:
    line = line_of(case)
    checks: list[dict[str, str]] = [{"type": "not-contains", "value": one} for one in case.forbidden]
    checks.append({"type": "llm-rubric", "value": target_of(case)})
    named = ("id", "incident", "twin_of", "required", "trace_id", "format")
    return {
        "description": case.id,
        "vars": {"input": _inert(case.said), "attributes": {**case.attributes}},
        "assert": checks,
        "metadata": {name: line[name] for name in named if line[name] is not None},
    }


def _inert(text: str) -> str:
    """Return text that promptfoo takes as it is: it fills in `{{ }}` and reads what begins with `file://`."""
    escaped = text.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
    return f" {escaped}" if escaped.startswith("file://") else escaped
