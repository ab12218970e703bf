"""The page on traces lists every name that the code knows, under its kind and in its column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.domain.trace import parts
from andon.domain.trace_names import (
    CONTENT,
    CONTENT_PREFIXES,
    EVENTS,
    KINDS,
    MODEL,
    SHOWN,
    SHOWN_PREFIXES,
    SHOWN_REQUEST,
    TRACE_KIND,
    kind_of,
    may_be_shown,
)
from playbooks import load

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "traces.md"
NAME = re.compile(r"`([^`]+)`")


def listed() -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and column of the table of names."""
    text = PAGE.read_text().partition("| kind | what it is |")[2].partition("\n\n")[0]
    for line in text.splitlines()[2:]:
        cells = [one.strip() for one in line.strip("|").split("|")]
        for column, cell in zip(("shown", "content", "event"), cells[2:], strict=True):
            yield from ((cells[0], name, column) for name in NAME.findall(cell))


ROWS = list(listed())


def test_the_page_lists_every_name_of_the_code_and_no_other() -> None:
    known = {
        *((kind, name, "shown") for name, kind in SHOWN.items()),
        *((kind, f"{name}*", "shown") for name, kind in SHOWN_PREFIXES),
        *((MODEL, name, "shown") for name in SHOWN_REQUEST),
        *((kind, name, "content") for name, kind in CONTENT.items()),
        *((kind, f"{name}*", "content") for name, kind in CONTENT_PREFIXES),
        *((kind, name, "event") for name, kind in EVENTS.items()),
    }
    assert set(ROWS) == known
    assert len(ROWS) == len(known)


@pytest.mark.parametrize(("kind", "name", "column"), ROWS)
def test_a_span_that_carries_a_name_gives_its_kind(kind: str, name: str, column: str) -> None:
    if column == "event":
        (part,) = parts({"otel.events": [{"name": name, "attributes": {"a": 1}}]})
        assert (part.kind, part.name, part.shown) == (kind, name, False)
        (part,) = parts({"otel.logs": [{"name": name, "body": "said"}]})
        assert (part.kind, part.value) == (kind, {"body": "said"})
        return
    full = f"{name[:-1]}x" if name.endswith("*") else name
    assert (kind_of(full), may_be_shown(full)) == (kind, column == "shown")
    (part,) = parts({full: "v"})
    assert (part.kind, part.shown) == (kind, column == "shown")


@pytest.mark.parametrize(
    ("sort", "name", "kind"),
    [
        ("", "input.value", "input"),
        ("LLM", "output.value", "output"),
        ("TOOL", "input.value", "tool_call"),
        ("tool", "traceloop.entity.output", "tool_result"),
        ("TOOL", "mlflow.spanOutputs", "tool_result"),
        ("RETRIEVER", "output.value", "retrieved_context"),
        ("GUARDRAIL", "output.value", "structured_validation_result"),
        ("EVALUATOR", "mlflow.spanInputs", "structured_validation_result"),
    ],
)
def test_input_and_output_are_what_their_span_is(sort: str, name: str, kind: str) -> None:
    assert kind_of(name, sort) == kind


def test_every_kind_is_one_of_the_evidence_list() -> None:
    known = {kind for row in load().evidence.rows for kind in row.kinds}
    assert known >= KINDS
    assert TRACE_KIND in KINDS
