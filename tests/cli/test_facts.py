"""`andon facts` and `andon correct`: what is sent, and what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Servant, andon

INCIDENT = "INC-20260301-4f7k2a"
PLACE = f"/v1/incidents/{INCIDENT}"
EXPLAINED = {
    "severity": "high",
    "by_policy": "medium",
    "posture": "Pause the affected work.",
    "provisional": True,
    "reasons": [{"rule": "H9", "raises": False, "why": "It acted beyond its rights."}],
    "threshold_tests": ["unauthorized"],
    "asserted": {"term": "S2"},
    "factors": [
        {"fact": "impact", "value": "unknown", "by": "assumed", "question": "How bad?", "values": ["none"]}
    ],
    "open": ["impact"],
    "changes": [{"at": "2026-03-01T10:00:00Z", "before": None, "after": "high", "who": [], "because": "H9"}],
}
TIMES = {
    "aware": "lena",
    "times": [
        {
            "which": "occurred",
            "at": "2026-03-01T09:00:00Z",
            "corrections": [{"before": None, "person": "legal-1", "at": "2026-03-01T11:00:00Z"}],
        },
        {"which": "aware", "at": "2026-03-01T10:00:00Z", "corrections": []},
    ],
}


def test_facts_are_stated_with_how_somebody_knows(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[f"{PLACE}/declarations"] = (201, {"incident": INCIDENT})
    words = ["facts", INCIDENT, "--set", "data_exposed=external", "--set", "affected_count=12"]
    words += ["--reason", "Mail log", "--as", "responder"]
    done = andon(*words, "--ready-file", ready, cwd=tmp_path, check=0)
    assert servant.calls[0].body == {
        "kind": "facts",
        "about": {"data_exposed": "external", "affected_count": "12"},
        "reason": "Mail log",
    }
    assert "on record in your name" in done.stdout


@pytest.mark.parametrize("words", [["--set", "data_exposed"], ["--set", "=x", "--reason", "r"]])
def test_a_fact_without_value_or_reason_is_refused_before_anything_is_sent(
    servant: Servant, ready: Path, tmp_path: Path, words: list[str]
) -> None:
    andon("facts", INCIDENT, *words, "--as", "responder", "--ready-file", ready, cwd=tmp_path, check=2)
    assert servant.calls == []


def test_facts_tells_why_what_nobody_knows_and_how_to_answer(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[PLACE] = (200, {"id": INCIDENT, "explained": EXPLAINED})
    done = andon("facts", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    for words in (
        "high, provisional",
        "H9: It acted",
        "impact: How bad?",
        "policy gives medium",
        "S2",
        "--set",
    ):
        assert words in done.stdout


def test_show_tells_severity_and_times_with_what_was_set_right(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[PLACE] = (200, {"id": INCIDENT, "explained": EXPLAINED, "times": TIMES})
    done = andon("show", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "H9: It acted" in done.stdout
    assert "legal-1" in done.stdout
    assert "lena" in done.stdout


def test_a_time_is_set_right_one_at_a_time(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[f"{PLACE}/declarations"] = (201, {"incident": INCIDENT})
    at = "2026-03-01T09:30:00+01:00"
    words = ["correct", INCIDENT, "--reason", "Mail log", "--as", "legal", "--ready-file", str(ready)]
    andon(*words, "--occurred", at, cwd=tmp_path, check=0)
    assert servant.calls[0].body["about"] == {"which": "occurred", "at": at}
    andon(*words, cwd=tmp_path, check=2)
    andon(*words, "--occurred", at, "--aware", at, cwd=tmp_path, check=2)
    assert len(servant.calls) == 1
