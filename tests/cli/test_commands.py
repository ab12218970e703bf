"""The commands that talk to door and console: what they send, print and end with."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from andon.domain.ledger import Kind
from tests.audit.story import INCIDENT, whole_story
from tests.cli.running import Servant, andon

HOSTILE = "\x1b[31mred\x1b[0m [bold]loud[/bold] \u202egnp.exe =HYPERLINK"
INERT = "\\u001b[31mred\\u001b[0m [bold]loud[/bold] \\u202egnp.exe =HYPERLINK"
INCIDENT_ROW = {
    "id": INCIDENT,
    "severity": "high",
    "stage": "contain",
    "contained": True,
    "system": "refund_desk",
    "opened_at": "2026-11-21T09:00:00Z",
    "next_deadline": "2026-11-21T09:30:00Z",
}
DETAIL = {
    **INCIDENT_ROW,
    "title": HOSTILE,
    "fired_rules": ["CRIT-02"],
    "orders": [
        {
            "id": f"{INCIDENT}/order/1",
            "lever": "refund_desk.allowed",
            "state": "proven",
            "proof": {"saw": "false/STATIC", "via": "openfeature"},
        }
    ],
    "decisions": [
        {
            "id": "triage-1",
            "state": "open",
            "deadline": "2026-11-21T09:30:00Z",
            "options": [
                {"id": "confirmed", "does": "goes on"},
                {"id": "false_positive", "does": "undoes it"},
            ],
        }
    ],
    "gate": {"open": False, "reasons": ["failing"]},
    "evaluation": {"suite": "refunds", "total": 12, "finished": 12, "failed": ["r-1"]},
}


def test_a_report_reaches_the_door_with_only_what_was_said(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers["/v1/detections"] = (
        202,
        {"receipt": "DET-1", "outcome": "opened", "incident": INCIDENT, "contained": True, "orders": [{}]},
    )
    words = ["report", "refund_desk", "Refund to a stranger", "--flag", "unauthorised"]
    words += ["--fact", "people_affected=3", "--fact", "data_exposed=unknown", "--wait", "5"]
    done = andon(*words, "--ready-file", ready, "--json", cwd=tmp_path, check=0)
    assert json.loads(done.stdout)["incident"] == INCIDENT
    call = servant.calls[0]
    assert (call.token, call.query) == ("token-reporter", {"wait": "contained", "timeout": "5"})
    assert call.body == {
        "system": "refund_desk",
        "channel": "user_report",
        "title": "Refund to a stranger",
        "flag": "unauthorised",
        "facts": {"people_affected": 3, "data_exposed": "unknown"},
    }


def test_one_sentence_is_a_report_and_its_advice_is_printed(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    answer = {"receipt": "DET-1", "outcome": "opened", "incident": INCIDENT, "advice": ["Have it replaced."]}
    servant.answers["/v1/detections"] = (202, answer)
    done = andon(
        "report", "It showed me a key", "--flag", "exposed", "--ready-file", ready, cwd=tmp_path, check=0
    )
    body = servant.calls[0].body
    assert (body["system"], body["title"]) == ("unknown", "It showed me a key")
    assert "Have it replaced." in done.stdout


def test_waiting_in_vain_for_containment_ends_with_1(servant: Servant, ready: Path, tmp_path: Path) -> None:
    order = {"lever": "refund_desk.allowed", "verb": "pause_system", "state": "unproven"}
    answer = {"outcome": "opened", "incident": INCIDENT, "contained": False, "orders": [order]}
    servant.answers["/v1/detections"] = (202, answer)
    done = andon("report", "s", "t", "--wait", "1", "--ready-file", ready, cwd=tmp_path, check=1)
    assert "not proven yet" in done.stdout
    assert "refund_desk.allowed: pause_system, unproven" in done.stdout


def test_stop_goes_to_the_door_as_responder(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers["/v1/stop"] = (202, {"outcome": "spooled", "incident": INCIDENT, "orders": []})
    andon("stop", "refund_desk", "--reason", "wrong account", "--ready-file", ready, cwd=tmp_path, check=0)
    call = servant.calls[0]
    assert (call.token, call.body) == (
        "token-responder",
        {"system": "refund_desk", "reason": "wrong account"},
    )


def test_a_list_filters_at_the_console_and_names_the_zone(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers["/v1/incidents"] = (200, {"incidents": [INCIDENT_ROW]})
    words = ["list", "--state", "all", "--severity", "high", "--ready-file", ready]
    done = andon(*words, cwd=tmp_path, env={"TZ": "Europe/Berlin"}, check=0)
    assert servant.calls[0].query == {"state": "all", "severity": "high", "limit": "50"}
    assert "2026-11-21 10:00:00 CET" in done.stdout
    assert json.loads(andon(*words, "--json", cwd=tmp_path, check=0).stdout) == {"incidents": [INCIDENT_ROW]}


def test_an_empty_list_says_so(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers["/v1/incidents"] = (200, {"incidents": []})
    assert andon("list", "--ready-file", ready, cwd=tmp_path, check=0).stdout.strip() == "No incidents."


def test_text_from_strangers_is_shown_and_does_nothing(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (200, DETAIL)
    done = andon("show", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    assert INERT in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    raw = andon("show", INCIDENT, "--ready-file", ready, "--json", cwd=tmp_path, check=0)
    assert raw.stdout.isascii()
    assert json.loads(raw.stdout)["title"] == HOSTILE


def test_show_names_orders_with_proof_and_questions_with_options(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (200, DETAIL)
    done = andon("show", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "false/STATIC via openfeature" in done.stdout
    assert "confirmed, false_positive" in done.stdout


def test_a_shut_gate_ends_with_1_and_says_what_to_do(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (200, DETAIL)
    done = andon("gate", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=1)
    assert "failing: cases fail" in done.stdout
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (200, {**DETAIL, "gate": {"open": True, "reasons": []}})
    andon("gate", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)


def test_evidence_lists_items_and_gaps(servant: Servant, ready: Path, tmp_path: Path) -> None:
    item = {"kind": "input", "source": "recorder", "sha256": "ab" * 32, "size_bytes": 120}
    gap = {"row": "approvals", "reason": "not_configured", "source": "", "detail": ""}
    answer = {"items": [item], "gaps": [gap]}
    servant.answers[f"/v1/incidents/{INCIDENT}/evidence"] = (200, answer)
    done = andon("evidence", "list", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "not locked" in done.stdout
    assert "not_configured" in done.stdout


RESPONSES = f"/v1/incidents/{INCIDENT}/decisions/triage-1/responses"
ANSWER = ["respond", INCIDENT, "triage-1", "confirmed", "--reason", "seen it", "--as", "responder"]


def test_an_answer_is_sent_with_its_findings(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[RESPONSES] = (200, {"accepted": True, "late": True, "outcome": "confirmed"})
    done = andon(*ANSWER, "--finding", "severity=high", "--ready-file", ready, cwd=tmp_path, check=0)
    assert "accepted, late; triage-1 is settled: confirmed" in done.stdout
    sent = {"option": "confirmed", "reason": "seen it", "findings": {"severity": "high"}}
    assert servant.calls[0].body == sent


def test_an_answer_whose_fate_is_unknown_is_sent_again_under_the_same_key(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[RESPONSES] = (503, {"detail": "Temporal does not answer"})
    andon(*ANSWER, "--ready-file", ready, cwd=tmp_path, check=3)
    assert len(servant.calls) == 3
    assert len({call.key for call in servant.calls}) == 1
    assert servant.calls[0].key


def test_an_answer_needs_a_named_role(ready: Path, tmp_path: Path) -> None:
    done = andon(*ANSWER[:-2], "--ready-file", ready, cwd=tmp_path, check=2)
    assert "say who you are with --as ROLE, or set ANDON_AS; roles: auditor, legal" in done.stderr


REFUSALS = {
    401: 4,
    403: 4,
    404: 2,
    409: 1,
    422: 2,
    429: 3,
    500: 3,
    503: 3,
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_ends_by_its_kind_and_prints_the_detail(
    status: int, servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[RESPONSES] = (
        status,
        {"title": "No", "detail": f"because \x1b {status}", "refusal": "expired"},
    )
    done = andon(*ANSWER, "--ready-file", ready, cwd=tmp_path, check=REFUSALS[status])
    assert f"refused: expired: because \\u001b {status}" in done.stderr


def test_a_server_that_is_away_ends_with_3(servant: Servant, tmp_path: Path) -> None:
    ready = servant.ready(tmp_path / "away.json", console="http://127.0.0.1:1")
    assert "can't be reached" in andon("list", "--ready-file", ready, cwd=tmp_path, check=3).stderr


def test_an_emitted_answer_is_written_for_its_owner_only_and_never_over_another(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    envelope = {"payloadType": "x", "payload": "e30=", "signatures": []}
    servant.answers[RESPONSES] = (200, {"envelope": envelope})
    path = tmp_path / "answer.json"
    andon(*ANSWER, "--emit", path, "--ready-file", ready, cwd=tmp_path, check=0)
    assert servant.calls[0].body["emit"] is True
    assert json.loads(path.read_text()) == envelope
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    andon(*ANSWER, "--emit", path, "--ready-file", ready, cwd=tmp_path, check=2)
    assert len(servant.calls) == 1


def test_questions_of_a_role_are_asked_with_its_token(servant: Servant, ready: Path, tmp_path: Path) -> None:
    question = {"id": "legal_review-1", "title": "Legal review", "options": [{"id": "no_disclosure"}]}
    waiting = {"incident": INCIDENT, "decision": question}
    servant.answers["/v1/decisions"] = (200, {"decisions": [waiting]})
    done = andon("decisions", "--as", "legal", "--ready-file", ready, cwd=tmp_path, check=0)
    assert "legal_review-1" in done.stdout
    assert "no_disclosure" in done.stdout
    assert servant.calls[0].token == "token-legal"


def test_systems_name_who_holds_them_and_which_lever_was_never_proven(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    pause = {"order": f"{INCIDENT}/order/1", "incident": INCIDENT, "lever": "refund_desk.allowed"}
    proven = {"at": "2026-11-20T09:00:00Z", "incident": "INC-20261120-aaaaaa"}
    levers = [
        {"id": "refund_desk.allowed", "stopped_by": [pause], "proven": proven},
        {"id": "refund_desk.tool.pay.allowed", "stopped_by": [pause]},
    ]
    system = {"id": "refund_desk", "tier": "high", "business_owner": "omar", "levers": levers}
    servant.answers["/v1/systems"] = (200, {"systems": [{**system, "holds": [pause]}]})
    servant.answers["/v1/systems/refund_desk"] = (200, system)
    listed = andon(
        "systems", "list", "--tier", "high", "--open", "--ready-file", ready, cwd=tmp_path, check=0
    )
    assert INCIDENT in listed.stdout
    assert "1 of 2" in listed.stdout
    assert servant.calls[-1].query == {"tier": "high", "open": "True"}
    one = andon("systems", "show", "refund_desk", "--ready-file", ready, cwd=tmp_path, check=0)
    said = " ".join(one.stdout.split())
    assert "2026-11-20 09:00:00 UTC" in said
    assert "NEVER" in said
    assert "Never proven: refund_desk.tool.pay.allowed." in one.stderr


def test_the_environment_names_servers_and_token(servant: Servant, tmp_path: Path) -> None:
    servant.answers["/v1/incidents"] = (200, [INCIDENT_ROW])
    env = {"ANDON_CONSOLE_URL": servant.url, "ANDON_TOKEN": "mine"}
    assert INCIDENT in andon("list", cwd=tmp_path, env=env, check=0).stdout
    assert servant.calls[0].token == "mine"
    andon("list", cwd=tmp_path, env={"ANDON_CONSOLE_URL": servant.url}, check=2)
    andon("stop", "s", "--reason", "r", cwd=tmp_path, env=env, check=2)


def test_the_ready_file_is_found_in_the_data_folder(servant: Servant, tmp_path: Path) -> None:
    servant.answers["/v1/incidents"] = (200, [])
    (tmp_path / ".andon").mkdir()
    servant.ready(tmp_path / ".andon" / "ready.json")
    andon("list", cwd=tmp_path, check=0)
    andon("list", "--data", tmp_path / ".andon", cwd=tmp_path.parent, check=0)
    andon("list", cwd=tmp_path.parent, env={"ANDON_READY": str(tmp_path / ".andon" / "ready.json")}, check=0)


def test_a_role_without_a_token_is_named(ready: Path, tmp_path: Path) -> None:
    done = andon("list", "--as", "king", "--ready-file", ready, cwd=tmp_path, check=2)
    assert "there is no token for 'king'" in done.stderr


ENTRIES = [entry.model_dump(mode="json") for entry in whole_story().entries]
LEDGER = f"/v1/incidents/{INCIDENT}/ledger"


def growing(step: int) -> Any:
    """Answer with `step` more entries at each look."""
    looks = {"count": 0}

    def answer(query: dict[str, str]) -> dict[str, Any]:
        looks["count"] += 1
        written = ENTRIES[: looks["count"] * step]
        return {"entries": [entry for entry in written if entry["sequence"] > int(query.get("after", -1))]}

    return answer


def test_follow_prints_each_entry_once_until_the_incident_is_closed(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[LEDGER] = (200, growing(7))
    done = andon("follow", INCIDENT, "--json", "--ready-file", ready, cwd=tmp_path, check=0)
    assert [json.loads(line)["sequence"] for line in done.stdout.splitlines()] == list(range(len(ENTRIES)))
    assert len(servant.calls) == 4


def test_follow_stops_at_the_stage_that_was_asked_for(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[LEDGER] = (200, growing(2))
    andon("follow", INCIDENT, "--until", "contain", "--ready-file", ready, cwd=tmp_path, check=0)
    assert len(servant.calls) == 1
    done = andon("follow", INCIDENT, "--until", "contained", "--ready-file", ready, cwd=tmp_path, check=0)
    assert Kind.CONTAINED in done.stdout


def test_follow_ends_with_1_when_it_is_closed_first_or_the_time_is_up(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[LEDGER] = (200, {"entries": ENTRIES})
    andon("follow", INCIDENT, "--until", "monitor", "--ready-file", ready, cwd=tmp_path, check=1)
    servant.answers[LEDGER] = (200, {"entries": []})
    andon("follow", INCIDENT, "--timeout", "0.3", "--ready-file", ready, cwd=tmp_path, check=1)


def test_ctrl_c_ends_following_cleanly(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[LEDGER] = (200, lambda query: {"entries": [] if "after" in query else ENTRIES[:1]})
    words = [sys.executable, "-P", "-m", "andon.cli.main", "follow", INCIDENT, "--ready-file", str(ready)]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert b"incident opened" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=20)
    assert (running.returncode, stderr) == (130, b"")
