"""Personal data and secrets put in wherever somebody can write, and searched for wherever they may not be."""

from __future__ import annotations

import base64
import json
import secrets
import time
from pathlib import Path
from typing import Any, Final

import pytest

from examples.demo.cast import until
from examples.refund_desk.watches import STRAY_FACTS
from tests.e2e.people import People

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

RUN: Final = secrets.token_hex(6)
IN_EVIDENCE: Final = {
    "prompt": f"prompt.{RUN}@example.org",
    "output": "DE89370400440532013000",
    "argument": "4111111111111111",
    "result": f"result.{RUN}@example.org",
}
SECRETS: Final = {
    "prompt": "AKIA" + "Q3EGRL5WQZ7YT2PN",
    "argument": f"Xk9{RUN}pass",
    "result": "ghp_" + RUN * 3,
}
WORDS: Final = {
    "title": f"report.{RUN}@example.org",
    "description": f"Qz7{RUN}report",
    "reason": f"+4930901820{int(RUN[:4], 16):05d}",
}
EVERYTHING: Final = (IN_EVIDENCE, SECRETS, WORDS)
TRACE: Final = secrets.token_hex(16)
NOT_KEPT: Final = "recorder"
"""The flight recorder holds traces in clear, for a bounded time, as the AI system sent them."""


def spans(system: str) -> bytes:
    """Return one trace as an application sends it: a model call and a tool call."""
    now = time.time_ns()
    said = f"write to {IN_EVIDENCE['prompt']} with {SECRETS['prompt']}"
    arguments = {"card": IN_EVIDENCE["argument"], "password": SECRETS["argument"]}
    result = f"told {IN_EVIDENCE['result']}, token {SECRETS['result']}"
    call = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps([{"role": "user", "content": said}]),
        "gen_ai.output.messages": json.dumps([{"content": f"pay to {IN_EVIDENCE['output']}"}]),
    }
    tool = {
        "gen_ai.tool.name": "refund",
        "gen_ai.tool.call.arguments": json.dumps(arguments),
        "gen_ai.tool.call.result": result,
    }
    listed = [_span("a" * 16, "", call, now), _span("b" * 16, "a" * 16, tool, now)]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": system}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": listed}]}]}).encode()


def _span(own: str, parent: str, attributes: dict[str, str], at: int) -> dict[str, Any]:
    return {
        "traceId": TRACE,
        "spanId": own,
        "parentSpanId": parent,
        "name": "refund",
        "kind": 1,
        "startTimeUnixNano": str(at - 10**9),
        "endTimeUnixNano": str(at),
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()],
    }


@pytest.fixture(scope="module")
def incident(people: People) -> str:
    """An incident with all of them in it, preserved, and answered once."""
    system = f"till_{RUN[:6]}"
    sent = people.send("detector", "/v1/traces", spans(system), at="otlp")
    assert sent.status_code == 200, sent.text
    name: str = people.contained(
        {
            "system": system,
            "channel": "human_review",
            "title": f"It wrote to {WORDS['title']}",
            "description": f"its password is {WORDS['description']}",
            "type": "unauthorised_tool_action",
            "facts": STRAY_FACTS,
            "trace_ids": [TRACE],
        }
    )["incident"]
    until(lambda: people.incident(name).get("evidence"), "the evidence to be sealed", 90)
    body = {"option": "confirm", "reason": f"they called from {WORDS['reason']}", "findings": {}}
    path = f"/v1/incidents/{name}/decisions/{people.question(name, 'triage')}/responses"
    answer = people.send("responder", path, body, at="console")
    assert answer.status_code == 200, answer.text
    return name


def forms(text: str) -> tuple[bytes, ...]:
    """Return the ways in which a text may lie in a file."""
    plain = text.encode()
    # In base64 a text has three looks, by where it begins; what surrounds it changes two digits at each end.
    shifted = (base64.b64encode(b"\0" * pad + plain)[4 if pad else 0 : -4] for pad in range(3))
    return (plain, plain.hex().encode(), text.encode("utf-16-le"), *shifted)


def found_in(content: bytes, *wanted: dict[str, str]) -> set[str]:
    return {text for each in wanted for text in each.values() if any(form in content for form in forms(text))}


def files(root: Path) -> list[Path]:
    return [
        path
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.name.startswith(NOT_KEPT)
    ]


def test_no_file_but_the_recorders_holds_any_of_it(people: People, incident: str) -> None:
    searched = [*files(people.scene.setting.data), *people.scene.root.glob("*.log")]
    names = {path.name for path in searched}
    assert {"register.db", "switches.db", "temporal.db"} <= names, sorted(names)
    hits = {
        str(path.relative_to(people.scene.root)): found
        for path in searched
        if (found := found_in(path.read_bytes(), *EVERYTHING))
    }
    size = sum(path.stat().st_size for path in searched)
    print(f"{sum(map(len, EVERYTHING))} canaries in none of {len(searched)} files, {size / 1e6:.0f} MB")
    assert hits == {}, incident


def test_temporals_history_holds_none_of_it(people: People, incident: str) -> None:
    history = people.temporal("show", incident, "--output", "json")
    assert len(history) > 10_000
    assert found_in(history, *EVERYTHING) == set()


def test_who_sees_content_sees_it_redacted(people: People, incident: str) -> None:
    items = people.ask("security", f"/v1/incidents/{incident}/evidence").json()["items"]
    kinds = set()
    for item in items:
        view = people.ask("security", f"/v1/incidents/{incident}/evidence/{item['sha256']}/view")
        assert view.status_code == 200, view.text
        assert found_in(view.content, IN_EVIDENCE, SECRETS) == set()
        kinds.add(item["kind"])
    assert {"input", "output", "tool_call", "tool_result", "application_log"} <= kinds
    counted = people.ask("legal", f"/v1/incidents/{incident}/evidence/figures").json()["categories"]
    assert {"contact", "financial", "secret"} <= set(counted)


@pytest.mark.parametrize("role", ["communications", "legal", "hr"])
def test_who_does_not_see_content_is_shown_none_of_it(people: People, incident: str, role: str) -> None:
    base = f"/v1/incidents/{incident}"
    items = people.ask("security", f"{base}/evidence").json()["items"]
    paths = [base, *(f"{base}/{one}" for one in ("evidence", "evidence/figures", "ledger", "file", "access"))]
    paths += [f"{base}/evidence/{item['sha256']}/view" for item in items]
    paths += [f"{base}/evidence/{item['sha256']}/view.txt" for item in items]
    for path in paths:
        answer = people.ask(role, path)
        assert answer.status_code in (200, 403), (path, answer.text)
        assert found_in(answer.content, IN_EVIDENCE, SECRETS) == set(), path
        assert b"write to" not in answer.content, path


def test_a_reporter_is_shown_not_even_the_words_of_the_report(people: People, incident: str) -> None:
    for path in ("/v1/incidents", f"/v1/incidents/{incident}"):
        answer = people.ask("reporter", path)
        assert found_in(answer.content, *EVERYTHING) == set()


def test_the_command_line_shows_it_redacted_as_far_as_a_role_goes(people: People, incident: str) -> None:
    items = people.ask("security", f"/v1/incidents/{incident}/evidence").json()["items"]
    (prompt,) = [one for one in items if one["kind"] == "input"]
    shown = people.andon("evidence", "show", incident, prompt["sha256"][:12], "--as", "security")
    assert "write to [email:1] with [secret:aws_key:" in shown
    judged = people.andon("evidence", "show", incident, prompt["id"], "--as", "legal")
    assert "email 1" in judged
    assert "write to" not in judged
    people.andon("evidence", "show", incident, prompt["id"], "--as", "communications", check=4)
    counted = people.andon("evidence", "show", incident, "--as", "legal")
    assert "contact" in counted
    for told in (shown, judged, counted):
        assert found_in(told.encode(), IN_EVIDENCE, SECRETS) == set()
