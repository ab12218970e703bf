"""Source files: those that ship, own ones that replace and add, and unknown words refused at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import playbooks
from andon.domain.errors import InvalidInputError
from andon.domain.source import SourceKind

MINE = """
id: mine
kind: cloudevents
system: {fixed: refund_desk}
title: [type]
"""


def written(folder: Path, text: str, name: str = "mine") -> Path:
    (folder / "sources").mkdir(exist_ok=True)
    (folder / "sources" / f"{name}.yaml").write_text(text)
    return folder


def test_a_source_ships_for_each_foreign_form() -> None:
    shipped = playbooks.load().sources
    assert {one.kind for one in shipped.values()} == set(SourceKind) - {SourceKind.NATIVE}


def test_a_source_of_ones_own_adds_to_those_that_ship_and_replaces_the_one_with_its_id(
    tmp_path: Path,
) -> None:
    written(tmp_path, MINE)
    written(tmp_path, MINE.replace("mine", "pagerduty"), "pagerduty")
    found = playbooks.load(tmp_path).sources
    assert set(found) == {"alertmanager", "cloudevents", "mine", "otel_evaluation", "pagerduty"}
    assert found["pagerduty"].kind is SourceKind.CLOUDEVENTS


@pytest.mark.parametrize(
    ("line", "place", "advice"),
    [
        ("facts: [{when: {type: x}, then: {data_leaked: external}}]", "facts.0.then", "data_exposed"),
        ("facts: [{when: {type: x}, then: {data_exposed: totally}}]", "facts.0.then", "external"),
        ("facts: [{when: {type: x}, then: {drift: yes}}]", "facts.0.then", "quotes"),
        ("facts: [{when: {type: x}, trigger: unheard_of}]", "facts.0.trigger", "drift"),
        ("trigger: unheard_of", "trigger", "drift"),
        ("severity: {paths: [data.sev], words: {bad: terrible}}", "severity.words.bad", "critical"),
        ("counts: {drift: data.n}", "counts", "affected_count"),
        ("colour: red", "colour", "not a field here"),
        ("channel: telepathy", "channel", "monitoring"),
    ],
)
def test_a_word_the_policy_does_not_know_is_refused_with_file_field_and_advice(
    tmp_path: Path, line: str, place: str, advice: str
) -> None:
    written(tmp_path, f"{MINE}{line}\n")
    with pytest.raises(InvalidInputError) as refused:
        playbooks.load(tmp_path)
    told = str(refused.value)
    assert "mine.yaml" in told
    assert place in told
    assert advice in told


def test_a_file_is_named_after_its_source(tmp_path: Path) -> None:
    written(tmp_path, MINE, "other")
    with pytest.raises(InvalidInputError, match=r"rename the file to mine\.yaml"):
        playbooks.load(tmp_path)


def test_a_file_that_would_be_overlooked_for_its_ending_is_refused(tmp_path: Path) -> None:
    written(tmp_path, MINE)
    (tmp_path / "sources" / "mine.yaml").rename(tmp_path / "sources" / "mine.yml")
    with pytest.raises(InvalidInputError, match=r"rename it to end in \.yaml"):
        playbooks.load(tmp_path)


def test_one_account_has_one_native_source(tmp_path: Path) -> None:
    for name in ("one", "two"):
        written(tmp_path, f"{{id: {name}, kind: native, sender: mona}}", name)
    with pytest.raises(InvalidInputError, match="keep one of them"):
        playbooks.load(tmp_path)


def test_defaults_are_written_with_their_sources_and_the_schema(tmp_path: Path) -> None:
    written_there = {path.relative_to(tmp_path).as_posix() for path in playbooks.export_defaults(tmp_path)}
    assert {"sources/alertmanager.yaml", "schemas/source.schema.json"} <= written_there
    assert set(playbooks.load(tmp_path).sources) == set(playbooks.load().sources)
