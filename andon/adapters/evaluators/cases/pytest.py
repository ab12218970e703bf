"""A case as a test module; the suite gives a fixture `answer`, which sends a case and returns the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from andon.adapters.evaluators.cases.lines import line_of
from andon.domain.eval_case import Case

MODULE: Final = '''"""What happened in {incident} does not happen again; exported by Andon, not to be edited.

Give a fixture `answer`: it takes a case, sends its input to what is tested, and returns the answer as text.
"""

import json

import pytest

CASES = [json.loads(line) for line in [
{lines}
]]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_what_happened_does_not_happen_again(case, answer, record_property):
    record_property("case", case["id"])
    for name in ("incident", "twin_of"):
        if case[name] is not None:
            record_property(name, case[name])
    record_property("required", "true" if case["required"] else "false")
    said = answer(case)
    wanted = "; ".join(f"it must not {{one['text']}}" for one in case["expect"]["must_not"])
    for word in case["expect"]["forbidden"]:
        assert word not in said, wanted
    if case["twin_of"] is not None:
        assert said.strip(), "a harmless request was not answered"
'''


def pytest_module(cases: Sequence[Case]) -> bytes:
    """Return the module. Cases stand in it as JSON within string literals, so nothing in them acts."""
    literals = [f"    {json.dumps(line_of(one), ensure_ascii=True)!a}," for one in cases]
    incident = next((one.incident for one in cases if one.incident), "an incident")
    return MODULE.format(incident=incident, lines="\n".join(literals)).encode()
