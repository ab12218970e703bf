"""An incident's case in the form of each kind of suite; the same incident always gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from andon.adapters.evaluators.cases.inspect import inspect_dataset
from andon.adapters.evaluators.cases.lines import lines
from andon.adapters.evaluators.cases.promptfoo import promptfoo_tests
from andon.adapters.evaluators.cases.pytest import pytest_module
from andon.domain.eval_case import Case


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of suite takes cases."""

    written: Callable[[Sequence[Case]], bytes]
    content_type: str
    ending: str


FORMS: Final[dict[str, Form]] = {
    "jsonl": Form(lines, "application/x-ndjson", "jsonl"),
    "inspect": Form(inspect_dataset, "application/x-ndjson", "inspect.jsonl"),
    "promptfoo": Form(promptfoo_tests, "application/yaml", "promptfoo.yaml"),
    "pytest": Form(pytest_module, "text/x-python", "py"),
}
"""By the name a format is asked for."""
