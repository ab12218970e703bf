"""`andon affected`, `andon impact` and `andon evidence complete`: what they send, print and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.audit.story import INCIDENT
from tests.cli.running import Servant, andon

LIST = f"/v1/incidents/{INCIDENT}/affected"
DECLARED = f"/v1/incidents/{INCIDENT}/declarations"
TALLY = {"head": "a" * 64, "all": 2, "corrected": 1, "cannot": 0}
SAID = "1 corrected + 0 that cannot be = 1 of 2"
RECORDS: list[dict[str, Any]] = [
    {
        "number": number,
        "id": name,
        "system": "orders",
        "field": "",
        "before": None,
        "after": after,
        "source": "person",
        "state": state,
        "because": "",
        "listed_by": "oscar",
        "listed_at": "2026-03-01T12:00:00Z",
        "settled_by": None,
        "settled_at": None,
    }
    for number, name, after, state in ((1, "A-1", "=1+1", "corrected"), (2, "A-2", "40", "open"))
]


@pytest.fixture
def ready(servant: Servant, tmp_path: Path) -> Path:
    return servant.ready(tmp_path / "ready.json", tokens={"responder": "t-r", "operations": "t-ops"})


def test_records_from_a_sheet_are_sent_once_and_the_sum_is_printed(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "refunds.csv"
    sheet.write_text("id,system,after\nA-1,orders,'=1+1\nA-2,orders,40\n")
    servant.answers[LIST] = (201, {"incident": INCIDENT, "tally": TALLY, "said": SAID})
    words = ("affected", "add", INCIDENT, sheet, "--reason", "by the log", "--as", "operations")
    done = andon(*words, "--ready-file", ready, cwd=tmp_path, check=0)
    assert SAID in done.stdout
    [call] = servant.calls
    assert [(one["id"], one["after"]) for one in call.body["add"]] == [("A-1", "=1+1"), ("A-2", "40")]
    assert (call.token, call.body["reason"], bool(call.key)) == ("t-ops", "by the log", True)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", "id,field\nA-1,x\n", "the heading lacks system"),
        ("a.json", '[{"id": "A-1"}]', "0.system: Field required"),
        ("none.csv", None, "can't be read"),
    ],
)
def test_a_file_that_can_not_be_used_is_refused_before_anything_is_sent(
    servant: Servant, ready: Path, tmp_path: Path, name: str, content: str | None, why: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    words = ("affected", "add", INCIDENT, tmp_path / name, "--reason", "x", "--ready-file", ready)
    done = andon(*words, cwd=tmp_path, check=2)
    assert why in done.stderr
    assert servant.calls == []


@pytest.mark.long
def test_records_are_settled_by_number_or_all_at_once_and_never_both(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[LIST] = (201, {"incident": INCIDENT, "tally": TALLY, "said": SAID})
    ops = ("--as", "operations", "--ready-file", ready)
    andon("affected", "corrected", INCIDENT, "1", "2", "--because", "OPS-12", *ops, cwd=tmp_path, check=0)
    andon("affected", "cannot", INCIDENT, "--all-open", "--because", "gone", *ops, cwd=tmp_path, check=0)
    andon("affected", "cannot", INCIDENT, "3", "--all-open", "--because", "x", *ops, cwd=tmp_path, check=2)
    assert [call.body["settle"] for call in servant.calls] == [
        {"state": "corrected", "because": "OPS-12", "numbers": [1, 2]},
        {"state": "cannot", "because": "gone", "all_open": True},
    ]


@pytest.mark.long
def test_the_list_is_read_page_by_page_and_written_without_formulas(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    page = {"incident": INCIDENT, "tally": TALLY, "open": 1, "said": SAID, "records": RECORDS, "next": None}
    servant.answers[LIST] = (200, page)
    servant.answers[f"{LIST}/export"] = (200, {"records": RECORDS})
    done = andon("affected", "list", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "A-2" in done.stdout
    assert SAID in done.stdout
    out = tmp_path / "affected.csv"
    andon("affected", "export", INCIDENT, out, "--csv", "--ready-file", ready, cwd=tmp_path, check=0)
    assert '"\'=1+1"' in out.read_text()
    andon("affected", "export", INCIDENT, out, "--ready-file", ready, cwd=tmp_path, check=2)


@pytest.mark.long
def test_a_hypothesis_and_counts_are_stated_in_ones_name(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[DECLARED] = (201, {"incident": INCIDENT, "kind": "hypothesis", "about": {}})
    ops = ("--as", "operations", "--ready-file", ready, "--reason", "three wrote")
    evidence = ("--evidence", "input/recorder/t1")
    andon("impact", "settle", INCIDENT, "one-user", "ruled-out", *evidence, *ops, cwd=tmp_path, check=0)
    andon("impact", "state", INCIDENT, "--users", "12", "--basis", "counted", *ops, cwd=tmp_path, check=0)
    first, second = (call.body["about"] for call in servant.calls)
    assert first == {"hypothesis": "one_user", "finding": "ruled_out", "evidence": "input/recorder/t1"}
    assert second == {
        "outputs": "unknown",
        "users": "12",
        "records": "unknown",
        "side_effects": "unknown",
        "since": "unknown",
        "basis": "counted",
    }


def test_the_reach_prints_counts_with_their_basis_and_every_hypothesis(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    number = {"what": "users", "value": None, "basis": "unknown", "counted": 0, "why": ["no_users"]}
    found = {
        "since": "2026-03-01T12:00:00Z",
        "until": "2026-03-01T13:00:00Z",
        "start": "first_bad_version",
        "numbers": [number],
        "affected": 3,
        "requests": 4,
        "changed": {"gen_ai.prompt.version": "8"},
        "missing": ["no_users"],
        "suggested": "segment",
        "reasons": ["part_of_the_traffic"],
    }
    hypothesis = {"hypothesis": "one_user", "says": "one", "record": "against", "finding": None}
    told = {"found": found, "hypotheses": [hypothesis], "blast_radius": None, "said": SAID, "not_listed": 2}
    servant.answers[f"/v1/incidents/{INCIDENT}/impact"] = (200, told)
    done = andon("impact", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    for words in ("segment: part of the traffic", "first bad version", "not known", "speaks against it"):
        assert words in done.stdout, done.stdout
    plain = andon("impact", INCIDENT, "--json", "--ready-file", ready, cwd=tmp_path, check=0)
    assert json.loads(plain.stdout)["not_listed"] == 2


def test_completeness_prints_rows_with_what_contradicts_and_what_was_filled_and_ends_with_1(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    gap = {"snapshot": 1, "reason": "unreachable", "sources": ["crm"]}
    rows = [
        {"row": "tools", "state": "captured", "items": 2, "why": "calls_no_tool", "said_by": "system",
         "contradicted": True},
        {"row": "logs", "state": "captured", "items": 1, "first_gap": gap, "filled_by": 2},
        {"row": "vendor", "state": "not_applicable", "why": "has_no_vendor", "said_by": "playbook"},
        {"row": "inputs", "state": "gap", "reason": "denied"},
    ]  # fmt: skip
    found = {"rows": rows, "kinds": [], "captured": 2, "required": 3, "percent": 66, "missing_log_rate": 0.33}
    told = {"incident": INCIDENT, "found": found, "said": ["no evidence of inputs"]}
    servant.answers[f"/v1/incidents/{INCIDENT}/completeness"] = (200, told)
    done = andon("evidence", "complete", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=1)
    for words in (
        "66 % complete",
        "2 of 3",
        "contradicts: calls no tool, says the system",
        "was a gap in snapshot 1: unreachable",
        "has no vendor, says the playbook",
        "no evidence",
    ):
        assert words in done.stdout, done.stdout


@pytest.mark.long
def test_a_look_back_closes_with_what_was_found(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[DECLARED] = (201, {"incident": INCIDENT, "kind": "looked_back", "about": {}})
    words = ("tasks", "found", INCIDENT, "look-1", "4", "--since", "2026-01-01T00:00:00Z", "--reason", "logs")
    andon(*words, "--as", "operations", "--ready-file", ready, cwd=tmp_path, check=0)
    [call] = servant.calls
    assert call.body["about"] == {"task": "look-1", "since": "2026-01-01T00:00:00Z", "found": "4"}
