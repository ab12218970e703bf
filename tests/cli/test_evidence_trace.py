"""`andon evidence trace`: the chain behind one output, and what of it was not seen."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from andon.console.models.trace import FoundIn, TraceShown
from andon.domain.trace import Span
from andon.domain.trace_tree import trace_tree
from tests.audit.story import INCIDENT
from tests.cli.running import Servant, andon
from tests.domain.test_trace_tree import ANSWER, TRACE, WHOLE

HOSTILE = "\x1b[31mred\x1b[0m"


def answer(*spans: Span, asked: str = "") -> tuple[int, object]:
    tree = trace_tree(TRACE, spans, asked=asked)
    shown = TraceShown(found_in=FoundIn.EVIDENCE, incident="INC-20260301-4f7k2a", tree=tree)
    return 200, shown.model_dump(mode="json")


def test_the_command_prints_the_chain_and_names_what_was_not_seen(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers["/v1/evidence/traces/resp-1"] = answer(ANSWER, asked="resp-1")
    told: list[str | Path] = ["evidence", "trace", "resp-1", "--incident", INCIDENT, "--ready-file", ready]
    done = andon(*told, cwd=tmp_path, check=1)
    lines = done.stdout.splitlines()
    step = next(number for number, line in enumerate(lines) if line.startswith("model"))
    assert "THIS OUTPUT" in lines[step]
    assert "  gen_ai.response.model = desk-1" in lines[step:]
    assert "  [gen_ai.input.messages: 8 bytes, not shown]" in lines[step:]
    assert "  MISSING no retrieval seen before this answer" in lines[step:]
    assert "MISSING no role of the user seen" in lines
    assert lines[-1].startswith("3 of 13 links seen; not seen: request, user role")


def test_a_whole_chain_ends_with_0(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[f"/v1/evidence/traces/{TRACE}"] = answer(*WHOLE)
    done = andon("evidence", "trace", TRACE, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "MISSING" not in done.stdout
    assert done.stdout.splitlines()[-1] == "13 of 13 links seen"


def test_a_name_that_a_stranger_chose_does_not_act_on_the_terminal(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    bad = Span(TRACE, "1" * 16, None, "desk", HOSTILE, at, at + timedelta(1), {"gen_ai.tool.name": HOSTILE})
    servant.answers[f"/v1/evidence/traces/{TRACE}"] = answer(bad)
    done = andon("evidence", "trace", TRACE, "--ready-file", ready, cwd=tmp_path, check=1)
    assert "\x1b" not in done.stdout
    assert "\\u001b[31mred" in done.stdout


def test_json_is_the_answer_as_it_came(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[f"/v1/evidence/traces/{TRACE}"] = answer(*WHOLE)
    done = andon("evidence", "trace", TRACE, "--json", "--ready-file", ready, cwd=tmp_path, check=0)
    assert json.loads(done.stdout)["tree"]["trace_id"] == TRACE
