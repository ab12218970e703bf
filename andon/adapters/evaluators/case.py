"""An incident's own input as an eval case, made from the evidence."""

from __future__ import annotations

import json
from typing import Any, Final

from andon.domain.values import IncidentId

INPUT_NAMES: Final = ("gen_ai.input.messages", "gen_ai.prompt")


def case_line(incident: IncidentId, trace: bytes) -> str | None:
    """Return a case as one line of JSON, made from a trace as the recorder source keeps it.

    The line holds `id`, `incident`, `trace_id`, `input` (the messages, parsed) and `attributes`:
    what else the span that took the input said of it. None: no span of the trace has its input.
    """
    kept = json.loads(trace)
    spans = sorted(kept["spans"], key=lambda span: span["parent"] is not None)
    for span in spans:
        attributes: dict[str, Any] = span["attributes"]
        for name in INPUT_NAMES:
            if name in attributes:
                case = {
                    "id": incident,
                    "incident": incident,
                    "trace_id": kept["trace_id"],
                    "input": _parsed(attributes[name]),
                    "attributes": _context(attributes),
                }
                return json.dumps(case, ensure_ascii=False)
    return None


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _context(attributes: dict[str, Any]) -> dict[str, str | int | float | bool]:
    return {
        name: value
        for name, value in attributes.items()
        if isinstance(value, str | int | float | bool)
        and name not in INPUT_NAMES
        and not name.startswith(("gen_ai.output", "gen_ai.completion", "gen_ai.system_instructions", "otel."))
    }
