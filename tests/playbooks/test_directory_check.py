"""A people file is checked whole: each mistake with its line and field."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from playbooks import load_people
from playbooks.directory_check import check_people, mistakes_in
from playbooks.shipped import policy_text

WRONG = """\
people:
  - {id: ana, name: Ana, roles: [admin, legal], zone: Mars/Base}
  - id: bela
    name: Bela
    roles: [legall]
    absences:
      - {since: 2026-03-01T00:00:00Z, until: 2026-02-01T00:00:00Z}
      - {since: 2026-03-01T00:00:00, until: 2026-04-01T00:00:00Z}
    keys: [{id: xx}]
  - {id: cora, name: Cora, roles: [legal], colour: red}
  - {id: dora, name: Dora, roles: [legal], delegates: [bela, zoe, dora]}
rotations:
  - {role: responder, members: [dora, bela, yan], first_day: 2026-01-05, zone: X}
  - {role: responder, members: [dora, bela, yan], first_day: 2026-01-05}
  - 17
extra: 1
"""


def told(tmp_path: Path, text: str) -> list[tuple[int | None, str, str]]:
    path = tmp_path / "people.yaml"
    path.write_text(text)
    return [(one.line, one.field, one.problem) for one in check_people(path)]


def test_the_shipped_people_have_no_mistake(tmp_path: Path) -> None:
    assert told(tmp_path, policy_text("people.yaml")) == []


def test_every_mistake_is_named_with_its_line_and_field(tmp_path: Path) -> None:
    found = told(tmp_path, WRONG)
    assert [(line, field) for line, field, _ in found] == [
        (1, "people"),
        (2, "people.0"),
        (5, "people.1.roles.0"),
        (7, "people.1.absences.0"),
        (8, "people.1.absences.1.since"),
        (9, "people.1.keys.0.id"),
        (9, "people.1.keys.0.kind"),
        (9, "people.1.keys.0.public"),
        (10, "people.2.colour"),
        (11, "people.3.delegates.1"),
        (11, "people.3.delegates.2"),
        (13, "rotations.0"),
        (14, "rotations.1.members.0"),
        (14, "rotations.1.members.2"),
        (15, "rotations.2"),
        (16, "extra"),
    ]
    assert "nobody is incident_lead" in found[0][2]
    assert "ana may not hold these roles together: admin, legal" in found[1][2]
    assert "Mars/Base is not known" in found[1][2]
    assert "has no zone" in found[4][2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("people: [", "is not YAML"),
        ("- ana", "should hold `name: value` pairs"),
        ("people: []\npeople: []\n", "stands twice (line 1)"),
    ],
)
def test_what_can_not_be_read_at_all_is_one_mistake(tmp_path: Path, text: str, says: str) -> None:
    ((line, field, problem),) = told(tmp_path, text)
    assert (line, field) == (None, "the directory")
    assert says in problem


def test_a_file_without_people_is_told_what_it_needs(tmp_path: Path) -> None:
    problems = [problem for _, _, problem in told(tmp_path, "rotations: {}\n")]
    assert problems[0] == "should be a list"
    assert "is missing: add it" in problems
    assert any("nobody is admin" in one for one in problems)


def test_the_same_directory_as_json_has_the_same_mistakes(tmp_path: Path) -> None:
    plain = yaml.safe_load(WRONG)
    by_field = sorted((field, problem) for _, field, problem in told(tmp_path, WRONG))
    assert sorted((one.field, one.problem) for one in mistakes_in(plain)) == by_field


def test_what_has_no_mistakes_is_read_as_a_directory() -> None:
    assert mistakes_in(load_people().model_dump(mode="json")) == []
