"""The data folder: ports and tokens that last, and what is refused."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

from andon.domain.directory import Role
from infra.embedded.errors import FolderInUseError, StackError
from infra.embedded.folder import DataFolder
from infra.embedded.ports import LOOPBACK, settle
from infra.embedded.tokens import settle_tokens

ALL = [role.value for role in Role]
APPROVERS = [role for role in ALL if role not in {"admin", "auditor", "custodian"}]


def people_file(tmp_path: Path, roles: dict[str, list[str]]) -> Path:
    path = tmp_path / "people.yaml"
    people = [{"id": person, "name": person, "roles": held} for person, held in roles.items()]
    path.write_text(yaml.safe_dump({"people": people}))
    return path


def test_ports_are_chosen_once(folder: DataFolder) -> None:
    first, moved = settle(folder)
    assert moved == []
    assert settle(folder) == (first, [])


def test_a_port_that_another_program_took_moves_and_says_so(folder: DataFolder) -> None:
    first, _ = settle(folder)
    with socket.create_server((LOOPBACK, first["door"])):
        second, moved = settle(folder)
    assert second["door"] != first["door"]
    assert {**second, "door": 0} == {**first, "door": 0}
    assert moved == [f"port {first['door']} of door is taken by another program; it is now {second['door']}"]


def test_tokens_last_and_each_is_bound_to_one_person(folder: DataFolder, tmp_path: Path) -> None:
    people = people_file(tmp_path, {"ana": APPROVERS, "kim": ["custodian", "auditor"], "ada": ["admin"]})
    first, notes = settle_tokens(folder, people)
    assert notes == []
    assert set(first.tokens) == set(ALL)
    assert first.people[first.tokens["legal"]] == "ana"
    assert first.tokens["legal"].startswith("andon_legal_")
    assert len(first.tokens["legal"]) == len("andon_legal_") + 43
    assert settle_tokens(folder, people) == (first, [])


def test_nobody_inherits_the_token_of_another_person(folder: DataFolder, tmp_path: Path) -> None:
    before, _ = settle_tokens(folder, people_file(tmp_path, {"ana": ["legal"], "bo": ["security"]}))
    after, notes = settle_tokens(folder, people_file(tmp_path, {"bo": ["security", "legal"]}))
    assert "ana is no longer legal: new token for bo" in notes
    assert after.tokens["security"] == before.tokens["security"]
    assert before.tokens["legal"] not in after.people
    assert after.people[after.tokens["legal"]] == "bo"


def test_a_role_that_nobody_holds_has_no_token(folder: DataFolder, tmp_path: Path) -> None:
    tokens, notes = settle_tokens(folder, people_file(tmp_path, {"bo": ["security"]}))
    assert set(tokens.tokens) == {"security"}
    assert "nobody in people.yaml is hr: that role has no token" in notes


def test_other_parts_learn_hashes_and_never_tokens(folder: DataFolder, tmp_path: Path) -> None:
    tokens, _ = settle_tokens(folder, people_file(tmp_path, {"bo": ["security"]}))
    hashes = folder.token_hashes.read_text()
    assert tokens.tokens["security"] not in hashes
    assert list(tokens.hashes().values()) == [{"person": "bo", "role": "security"}]


def test_a_people_file_that_breaks_the_rules_is_refused_with_its_name(
    folder: DataFolder, tmp_path: Path
) -> None:
    people = people_file(tmp_path, {"bo": ["admin", "legal"]})
    with pytest.raises(StackError, match=r"people\.yaml is no list of people: bo may not hold"):
        settle_tokens(folder, people)


def test_a_folder_with_other_files_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StackError, match="is not empty and is no data folder"):
        DataFolder(tmp_path).make()


def test_a_held_folder_is_refused_and_free_again_afterwards(folder: DataFolder) -> None:
    with folder.held(), pytest.raises(FolderInUseError), folder.held():
        pass
    with folder.held():
        pass
