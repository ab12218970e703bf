"""The words for codes."""

from __future__ import annotations

import pytest

from andon.domain.code_words import authority


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("playbook:tool_agent", "the playbook tool_agent"),
        ("decision:costly-1", "the decision costly-1"),
        ("role:incident_lead", "the role incident lead"),
        ("person:ann", "ann"),
        ("break_glass", "break glass"),
        ("", ""),
    ],
)
def test_what_allowed_something_is_said_in_words(code: str, words: str) -> None:
    assert authority(code) == words
