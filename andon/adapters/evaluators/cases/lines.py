"""A case as a line of JSON, in the form in which the gate hands an incident's own case to a suite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from andon.domain.eval_case import FORMAT, Case


def lines(cases: Sequence[Case]) -> bytes:
    """Return one line of JSON a case."""
    return b"".join(json.dumps(line_of(one), ensure_ascii=False).encode() + b"\n" for one in cases)


def line_of(case: Case) -> dict[str, Any]:
    """Return a case as JSON; a suite that reads the gate's own lines reads this too."""
    return {
        "id": case.id,
        "incident": case.incident,
        "twin_of": case.twin_of,
        "required": True,
        "trace_id": case.trace_id,
        "input": list(case.messages),
        "attributes": case.attributes,
        "expect": {
            "must_not": [one.model_dump(mode="json") for one in case.must_not],
            "forbidden": list(case.forbidden),
        },
        "format": FORMAT,
    }
