"""Writing the shipped policies out, for an organisation to make its own, with JSON Schemas for editors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from andon.domain.classification import Taxonomy
from andon.domain.custody import CustodyPolicy
from andon.domain.directory import Directory
from andon.domain.follow_up import FollowUpTerms
from andon.domain.lessons import Causes
from andon.domain.playbook import Playbook
from andon.domain.redaction import ViewPolicy
from andon.domain.retention import RetentionPolicy
from andon.domain.severity import SeverityPolicy
from andon.domain.source import Source
from andon.domain.storm import StormPolicy
from andon.domain.system import AISystem
from playbooks.forms import EvidenceFile, RightsFile, TriggersFile
from playbooks.lexicon import CLASSIFICATION, DEFINITIONS, ClassificationFile, DefinitionsFile
from playbooks.senders import FOLDER as SOURCES
from playbooks.senders import source_files
from playbooks.shelf import (
    CAUSES,
    CUSTODY,
    EVIDENCE,
    FOLLOW_UP,
    PEOPLE,
    RETENTION,
    RIGHTS,
    SEVERITY,
    STORM,
    TRIGGERS,
    VIEWS,
    yaml_files,
)
from playbooks.shipped import SHIPPED

FORMS: Final[dict[str, type[BaseModel]]] = {
    "rights": RightsFile,
    "evidence": EvidenceFile,
    "severity": SeverityPolicy,
    "triggers": TriggersFile,
    "storm": StormPolicy,
    "custody": CustodyPolicy,
    "retention": RetentionPolicy,
    "causes": Causes,
    "follow_up": FollowUpTerms,
    "views": ViewPolicy,
    "definitions": DefinitionsFile,
    "classification": ClassificationFile,
    "taxonomy": Taxonomy,
    "people": Directory,
    "playbook": Playbook,
    "system": AISystem,
    "source": Source,
}
"""Kind of file -> its form."""

_FORM_OF: Final = {
    RIGHTS: "rights",
    EVIDENCE: "evidence",
    SEVERITY: "severity",
    TRIGGERS: "triggers",
    STORM: "storm",
    CUSTODY: "custody",
    RETENTION: "retention",
    CAUSES: "causes",
    FOLLOW_UP: "follow_up",
    VIEWS: "views",
    DEFINITIONS: "definitions",
    CLASSIFICATION: "classification",
    PEOPLE: "people",
}
_HERE: Final = "directory: ../.."


def export_defaults(directory: Path) -> list[Path]:
    """Write the shipped policies and the schemas into `directory` and return what was written.

    A policy file that is there already is left alone: somebody may have changed it.
    """
    written = []
    for path, text in (*_policies(directory), *_schemas(directory)):
        if path.exists() and path.suffix == ".yaml":
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of one kind of file; as when it is read, unknown fields are refused."""
    found = FORMS[kind].model_json_schema()
    for part in (found, *found.get("$defs", {}).values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _policies(directory: Path) -> Iterator[tuple[Path, str]]:
    for source in yaml_files(SHIPPED):
        kind = _FORM_OF.get(source.name, "playbook")
        yield directory / source.name, _with_schema(source, f"schemas/{kind}.schema.json")
    for source in source_files(None):
        yield directory / SOURCES / source.name, _with_schema(source, "../schemas/source.schema.json")
    here = f"directory: {json.dumps(str(SHIPPED.parent.resolve()))}"
    for source in yaml_files(SHIPPED / "systems"):
        text = _with_schema(source, "../schemas/system.schema.json")
        # The example's suite is run from the checkout, which the copy may lie anywhere from.
        yield directory / "systems" / source.name, text.replace(_HERE, here)


def _with_schema(source: Path, place: str) -> str:
    # The first line is how editors with a YAML language server find the schema.
    return f"# yaml-language-server: $schema={place}\n{source.read_text(encoding='utf-8')}"


def _schemas(directory: Path) -> Iterator[tuple[Path, str]]:
    for kind in FORMS:
        yield directory / "schemas" / f"{kind}.schema.json", json.dumps(schema(kind), indent=2) + "\n"
