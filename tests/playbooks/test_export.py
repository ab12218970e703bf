"""Writing the defaults out: nothing of the organisation's is overwritten, and the schemas fit the files."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from playbooks import export_defaults
from playbooks.export import FORMS

NAMES = (
    "classification",
    "custody",
    "definitions",
    "data_exposure",
    "evidence",
    "general",
    "people",
    "retention",
    "causes",
    "follow_up",
    "retrieval",
    "rights",
    "severity",
    "storm",
    "tool_agent",
    "triggers",
    "views",
)
EXPECTED = {f"{name}.yaml" for name in NAMES}
SOURCES = {"alertmanager", "cloudevents", "otel_evaluation", "pagerduty"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export_defaults(folder)
    return folder


def files(folder: Path) -> list[Path]:
    return [*folder.glob("*.yaml"), *folder.glob("systems/*.yaml"), *folder.glob("sources/*.yaml")]


def schema_of(path: Path) -> dict[str, Any]:
    first = path.read_text().splitlines()[0]
    found: dict[str, Any] = json.loads((path.parent / first.split("$schema=")[1]).read_text())
    return found


def content(path: Path) -> Any:
    def plain(value: object) -> str:
        assert isinstance(value, datetime | date)
        return value.isoformat()

    return json.loads(json.dumps(yaml.safe_load(path.read_text()), default=plain))


def test_every_shipped_file_is_written_with_a_schema_for_each_kind(exported: Path) -> None:
    assert {path.name for path in exported.glob("*.yaml")} == EXPECTED
    assert [path.name for path in exported.glob("systems/*.yaml")] == ["refund_desk.yaml"]
    assert {path.stem for path in exported.glob("sources/*.yaml")} == SOURCES
    assert {path.name for path in exported.glob("schemas/*")} == {f"{kind}.schema.json" for kind in FORMS}


def test_each_file_names_a_schema_that_it_fits(exported: Path) -> None:
    for path in files(exported):
        schema = schema_of(path)
        Draft202012Validator.check_schema(schema)
        assert list(Draft202012Validator(schema).iter_errors(content(path))) == [], path.name


def test_the_schemas_refuse_unknown_fields_at_every_depth(exported: Path) -> None:
    path = exported / "rights.yaml"
    deep = content(path)
    deep["decisions"]["triage"]["options"][0]["blcks"] = True
    errors = list(Draft202012Validator(schema_of(path)).iter_errors(deep))
    assert "blcks" in errors[0].message


def test_a_policy_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "people.yaml"
    mine.write_text("people: []\n")
    written = export_defaults(tmp_path)
    assert mine.read_text() == "people: []\n"
    assert mine not in written
    assert len(written) == len(EXPECTED) + 1 + len(SOURCES) + len(FORMS) - 1
    again = export_defaults(tmp_path)
    assert {path.parent.name for path in again} == {"schemas"}
