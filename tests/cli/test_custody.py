"""`andon evidence raw|hold|unhold|erase|erasures|access`: what they send, what they print, how they end."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.audit.story import INCIDENT
from tests.cli.running import Servant, andon

BASE = f"/v1/incidents/{INCIDENT}"
TOKENS = {one: f"t-{one}" for one in ("security", "legal", "custodian", "privacy", "responder")}
ERASURE = {
    "id": "ER-1",
    "incident": INCIDENT,
    "items": ["input/recorder/1"],
    "state": "asked",
    "asked_by": "carl",
    "asked_as": "custodian",
    "asked_at": "2026-03-01T09:00:00Z",
}


@pytest.fixture
def ready(servant: Servant, tmp_path: Path) -> Path:
    return servant.ready(tmp_path / "ready.json", tokens=TOKENS)


@pytest.mark.parametrize(("word", "on"), [("hold", True), ("unhold", False)])
def test_legal_holds_the_evidence_and_lifts_that(
    servant: Servant, ready: Path, tmp_path: Path, word: str, on: bool
) -> None:
    servant.answers[f"{BASE}/hold"] = (201, {"incident": INCIDENT, "wanted": on})
    words = ("evidence", word, INCIDENT, "--reason", "a letter", "--ready-file", ready)
    assert "held" in andon(*words, cwd=tmp_path, check=0).stdout
    [call] = servant.calls
    assert (call.token, call.body) == ("t-legal", {"hold": on, "reason": "a letter"})


def test_an_original_is_written_to_a_file_of_ones_own(servant: Servant, ready: Path, tmp_path: Path) -> None:
    offered = {
        "item": "input/recorder/1",
        "url": f"{servant.url}/originals/once",
        "authority": "role:security",
        "sequence": 4,
    }
    servant.answers[f"{BASE}/originals"] = (201, offered)
    servant.answers["/originals/once"] = (200, {"was": "captured"})
    out = tmp_path / "original"
    words = ("evidence", "raw", INCIDENT, "input/recorder/1", "--reason", "to see", "--out", out)
    done = andon(*words, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "role:security" in done.stdout
    assert json.loads(out.read_text()) == {"was": "captured"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert servant.calls[0].body == {"item": "input/recorder/1", "reason": "to see"}
    assert servant.calls[1].token == ""
    assert "is there already" in andon(*words, "--ready-file", ready, cwd=tmp_path, check=2).stderr


def test_an_erasure_takes_two_commands_by_two_people(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[f"{BASE}/erasures"] = (201, ERASURE)
    servant.answers[f"{BASE}/erasures/ER-1/confirmation"] = (201, {**ERASURE, "state": "confirmed"})
    base = ("evidence", "erase", INCIDENT)
    ending = ("--reason", "she asked for it", "--ready-file", ready)
    asked = andon(*base, "input/recorder/1", *ending, cwd=tmp_path, check=0)
    assert "--confirm ER-1" in asked.stdout
    agreed = andon(*base, "--confirm", "ER-1", "--as", "privacy", *ending, cwd=tmp_path, check=0)
    assert "the custodian destroys the keys" in agreed.stdout
    assert [(one.token, one.body) for one in servant.calls] == [
        (
            "t-custodian",
            {"items": ["input/recorder/1"], "everything": False, "reason": "she asked for it"},
        ),
        ("t-privacy", {"reason": "she asked for it"}),
    ]


@pytest.mark.parametrize(
    "words", [(), ("input/recorder/1", "--everything"), ("--everything", "--confirm", "x")]
)
def test_an_erasure_says_one_thing(
    servant: Servant, ready: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    ending = ("--reason", "x", "--ready-file", ready)
    andon("evidence", "erase", INCIDENT, *words, *ending, cwd=tmp_path, check=2)
    assert servant.calls == []


def test_who_looked_is_listed_page_by_page(servant: Servant, ready: Path, tmp_path: Path) -> None:
    entry = {
        "sequence": 0,
        "at": "2026-03-01T09:00:00Z",
        "actor": "person:eva",
        "role": "security",
        "what": "read_raw",
        "item": "input/recorder/1",
        "outcome": "role:security",
    }
    servant.answers[f"{BASE}/access"] = (200, {"entries": [entry], "next": None})
    words = ("evidence", "access", INCIDENT, "--ready-file", ready, "--json")
    assert json.loads(andon(*words, cwd=tmp_path, check=0).stdout)["entries"] == [entry]


@pytest.mark.long
def test_the_chains_of_all_incidents_are_listed_up_to_a_number(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    entry = {"incident": INCIDENT, "at": "2026-03-01T09:00:00Z", "actor": "person:eva", "what": "exported"}
    servant.answers["/v1/audit/access"] = (200, {"entries": [entry], "total": 5, "next": "a~b~1"})
    words = ("audit", "access", "--who", "eva", "--limit", "2", "--as", "security", "--ready-file", ready)
    told = andon(*words, cwd=tmp_path, check=0).stdout
    assert "3 older entries" in told
    assert [one.token for one in servant.calls] == ["t-security"] * 2
    naive = ("audit", "access", "--since", "2026-03-01T10:00:00", "--ready-file", ready)
    assert "needs its zone" in andon(*naive, cwd=tmp_path, check=2).stderr


@pytest.mark.long
def test_downloads_from_the_consoles_own_host_end_with_one(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    told = {"url": "http://localhost:1", "apart": "not_set", "detail": "Set `custody.originals_url`."}
    servant.answers["/v1/downloads"] = (200, told)
    words = ("evidence", "downloads", "--ready-file", ready)
    assert "custody.originals_url" in andon(*words, cwd=tmp_path, check=1).stdout
