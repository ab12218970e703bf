"""`andon ask`, and the clocks, stages and marks that `andon show` prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.audit.story import INCIDENT
from tests.cli.running import Servant, andon
from tests.cli.test_commands import DETAIL

PATH = f"/v1/incidents/{INCIDENT}/proposals"
QUESTION = {
    "id": "legal_review-1",
    "state": "open",
    "deadline": "2026-11-21T09:30:00Z",
    "within": "same business day, at most PT8H",
    "breached": True,
    "extended_by": "clock_extension-1",
    "people": ["lou.legal"],
    "responses": [{"person": "omar.owner", "option": "notify"}],
    "options": [{"id": "notify", "missing": [["legal"], []]}, {"id": "hold", "missing": []}],
}
WHOLE = {
    **DETAIL,
    "lead": "omar.owner",
    "decisions": [QUESTION],
    "undelivered": ["INC/question/legal"],
    "sla": [
        {"stage": "contain", "state": "done_late", "owner": "operations", "due": "2026-11-21T10:00:00Z"},
        {
            "stage": "monitor",
            "state": "pending",
            "owner": "operations",
            "due": "2026-11-22T10:00:00Z",
            "within": "P1D",
        },
    ],
    "escalation": [
        {
            "question": "data_exposed",
            "answer": "yes",
            "facts": {"data_exposed": "internal_unauthorised"},
            "brought_in": ["privacy", "legal"],
            "legal_review": True,
            "follow_up": "candidate_clocks",
        }
    ],
    "marks": [{"kind": "overridden", "about": "executive_override-1", "at": "2026-11-21T11:00:00Z"}],
}


def test_what_is_asked_for_goes_to_the_console_with_codes_and_text(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[PATH] = (201, {"kind": "public_statement", "decision": "public_statement-1", "url": "u"})
    (tmp_path / "draft.txt").write_text("We stopped it.")
    words = ["ask", INCIDENT, "public_statement", "--reason", "the press asks", "--about", "severity=medium"]
    words += ["--text", "draft.txt", "--as", "legal", "--ready-file", str(ready)]
    done = andon(*words, cwd=tmp_path, check=0)
    assert "asked: public_statement-1" in done.stdout
    call = servant.calls[0]
    assert call.token == "token-legal"
    assert call.key
    assert call.body == {
        "kind": "public_statement",
        "reason": "the press asks",
        "about": {"severity": "medium"},
        "text": "We stopped it.",
    }
    assert json.loads(andon(*words, "--json", cwd=tmp_path, check=0).stdout)["kind"] == "public_statement"


def test_without_a_kind_it_lists_what_may_be_asked_for(servant: Servant, ready: Path, tmp_path: Path) -> None:
    one = {"kind": "severity_downgrade", "title": "Is it less severe?", "about": {"severity": ["low"]}}
    servant.answers[PATH] = (200, {"proposals": [{**one, "roles": ["security"], "text": "none"}]})
    done = andon("ask", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "severity_downgrade" in done.stdout
    assert "severity=low" in done.stdout


@pytest.mark.parametrize(
    ("answered", "code", "said"),
    [
        ((409, {"detail": "No effect.", "refusal": "already_asked"}), 1, "already_asked"),
        ((403, {"detail": "No effect.", "refusal": "wrong_role"}), 4, "wrong_role"),
        ((422, {"detail": "Give the text."}), 2, "Give the text."),
    ],
)
def test_a_refusal_is_told_and_ends_with_its_code(
    servant: Servant,
    ready: Path,
    tmp_path: Path,
    answered: tuple[int, dict[str, str]],
    code: int,
    said: str,
) -> None:
    servant.answers[PATH] = answered
    words = ("ask", INCIDENT, "public_statement", "--reason", "x", "--as", "legal", "--ready-file", ready)
    assert said in andon(*words, cwd=tmp_path, check=code).stderr


def test_nothing_is_sent_without_a_reason_or_with_a_text_that_can_not_be_read(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    words = ("ask", INCIDENT, "public_statement", "--as", "legal", "--ready-file", ready)
    assert "--reason" in andon(*words, cwd=tmp_path, check=2).stderr
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for name in ("bytes", "nowhere"):
        andon(*words, "--reason", "x", "--text", name, cwd=tmp_path, check=2)
    assert servant.calls == []


def test_show_prints_who_is_asked_who_is_missing_every_stage_and_what_stays_for_ever(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (200, WHOLE)
    done = andon("show", INCIDENT, "--ready-file", ready, cwd=tmp_path, env={"COLUMNS": "400"}, check=0)
    told = " ".join(done.stdout.split())
    for part in (
        "lead omar.owner",
        "lou.legal",
        "business day",
        "extended by",
        "done late",
        "if begun now",
        "data_exposed=internal_unauthorised",
        "brought in: privacy, legal",
        "exclusion lifted by an executive",
    ):
        assert part in told, part
    assert "nobody could be reached" in done.stderr


def test_a_list_can_be_of_what_is_asked_of_oneself(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers["/v1/incidents"] = (200, {"incidents": []})
    words = ("list", "--asked-of", "me", "--first", "due", "--as", "legal", "--ready-file", ready)
    andon(*words, cwd=tmp_path, check=0)
    assert servant.calls[0].query == {"state": "open", "limit": "50", "asked_of": "me", "first": "due"}
