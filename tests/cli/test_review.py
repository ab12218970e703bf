"""`andon review`: what is sent, what is printed, and words written in one's own editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Servant, andon

INCIDENT = "INC-20260301-4f7k2a"
PLACE = f"/v1/incidents/{INCIDENT}/review"
REVIEW = {
    "incident": INCIDENT,
    "digest": "a" * 64,
    "severity": "high",
    "head": {"length": 12, "digest": "b" * 64},
    "missing": ["controls"],
    "advice": "The post-incident review lacks words.",
    "parts": [
        {
            "name": "what_happened",
            "title": "What happened",
            "needed": True,
            "found": {"channel": "monitoring"},
            "questions": ["Who saw what?"],
            "words": {
                "version": 2,
                "text": "It paid twice.",
                "person": "rob",
                "role": "responder",
                "at": "2026-03-02T10:00:00Z",
                "digest": "c" * 64,
            },
            "earlier": [],
        }
    ],
    "proposals": [{"type": "eval", "change": "Add the case.", "proof": "the run"}],
}


def test_a_review_is_shown_with_words_questions_and_numbered_proposals(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[PLACE] = (200, REVIEW)
    done = andon("review", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    for said in ("It paid twice.", "rob (responder)", "? Who saw what?", "Add the case.", "lacks words"):
        assert said in done.stdout


@pytest.mark.long
def test_words_are_sent_for_one_part(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[f"{PLACE}/controls"] = (201, {"version": 1, "missing": ["changed"]})
    words = ["review", INCIDENT, "write", "controls", "The reviewer saw no source.", "--as", "responder"]
    done = andon(*words, "--ready-file", ready, cwd=tmp_path, check=0)
    assert servant.calls[0].body == {"text": "The reviewer saw no source."}
    assert "Still without words: changed" in done.stdout


@pytest.mark.long
def test_an_editor_gets_the_questions_and_what_stands_there(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[PLACE] = (200, REVIEW)
    servant.answers[f"{PLACE}/what_happened"] = (201, {"version": 3, "missing": []})
    words = ["review", INCIDENT, "write", "what_happened", "--edit", "--as", "responder"]
    editor = {"EDITOR": "sed -i s/twice/thrice/"}
    andon(*words, "--ready-file", ready, cwd=tmp_path, check=0, env=editor)
    assert servant.calls[-1].body == {"text": "It paid thrice.", "after": 2}


@pytest.mark.long
@pytest.mark.parametrize("words", [["write", "blame", "You"], ["write", "controls"]])
def test_what_can_not_be_written_is_said_before_anything_is_sent(
    servant: Servant, ready: Path, tmp_path: Path, words: list[str]
) -> None:
    andon("review", INCIDENT, *words, "--ready-file", ready, cwd=tmp_path, check=2)
    assert servant.calls == []


@pytest.mark.long
def test_patterns_of_near_misses_are_listed(servant: Servant, ready: Path, tmp_path: Path) -> None:
    needed = {
        "system": "refund_desk",
        "cause": "cause:retrieval",
        "control": "human_review",
        "homes": ["INC-1", "QI-2"],
        "last": "2026-03-02T10:00:00Z",
        "said": "A durable control is needed.",
    }
    servant.answers["/v1/durable-controls"] = (200, {"needed": [needed]})
    done = andon("quality", "patterns", "--ready-file", ready, cwd=tmp_path, check=0)
    assert "cause:retrieval" in done.stdout
    assert "INC-1" in done.stdout
