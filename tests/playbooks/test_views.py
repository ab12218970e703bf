"""Who sees how much of the evidence: the file and what is refused in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon.domain.directory import Role
from andon.domain.errors import InvalidInputError
from andon.domain.redaction import Level
from andon.domain.system import EvidencePlaces
from playbooks import load
from playbooks.shipped import SHIPPED


def written(folder: Path, text: str) -> Path:
    (folder / "views.yaml").write_text(f"format: andon-views/1\nroles:\n{text}")
    return folder


def test_every_role_is_named_in_the_shipped_file() -> None:
    assert set(load().views.roles) == set(Role)


def test_whoever_speaks_to_people_outside_sees_nothing_and_who_judges_sees_figures() -> None:
    views = load().views
    assert views.level(Role.COMMUNICATIONS, "input") is Level.NOTHING
    assert views.level(Role.LEGAL, "input") is Level.FIGURES
    assert views.level(Role.LEGAL, "vendor_correspondence") is Level.CONTENT
    assert views.level(None, "input") is Level.NOTHING


def test_a_role_that_is_not_named_sees_nothing(tmp_path: Path) -> None:
    views = load(written(tmp_path, "  security: {sees: content}\n")).views
    assert views.level(Role.SECURITY, "input") is Level.CONTENT
    assert views.level(Role.AUDITOR, "input") is Level.NOTHING


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("  security: {sees: everything}\n", "roles.security.sees"),
        ("  support: {sees: content}\n", "roles.support"),
        ("  legal: {sees: figures, but: {content: [promt]}}\n", "promt is no kind of evidence"),
        ("  legal: {sees: figures, except: {}}\n", "except"),
    ],
)
def test_a_mistake_in_it_is_refused_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match=r"views\.yaml") as refused:
        load(written(tmp_path, text))
    assert told in str(refused.value)


def test_what_is_kept_is_said_of_sources_that_there_are() -> None:
    assert EvidencePlaces(keep={"recorder": ("gen_ai.*",)}).keep == {"recorder": ("gen_ai.*",)}
    with pytest.raises(ValueError, match="there is no source crm"):
        EvidencePlaces(keep={"crm": ("id",)})


def test_the_shipped_file_names_kinds_that_exist() -> None:
    assert (SHIPPED / "views.yaml").is_file()
    known = {kind for row in load().evidence.rows for kind in row.kinds}
    named = {kind for one in load().views.roles.values() for kinds in one.but.values() for kind in kinds}
    assert named <= known
