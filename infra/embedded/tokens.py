"""One access token per role, each bound to one person of the directory."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from andon.domain.directory import Directory, Role
from andon.domain.errors import InvalidInputError
from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder, read_json, write_private_json


class Tokens(BaseModel):
    """The tokens of one data folder, as kept in `tokens.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: dict[str, str]
    """Token by role."""
    people: dict[str, str]
    """Person id by token."""
    recorder: str = ""
    """Token of the flight recorder, which may report for the first detector and nothing else."""

    def hashes(self) -> dict[str, dict[str, Any]]:
        """Return person, role and limits by the SHA-256 of the token: all that the other parts learn."""
        found: dict[str, dict[str, Any]] = {
            _hash(token): {"person": self.people[token], "role": role} for role, token in self.tokens.items()
        }
        detector = self.tokens.get(Role.DETECTOR)
        if self.recorder and detector:
            account = self.people[detector]
            found[_hash(self.recorder)] = {"person": account, "role": "detector", "scopes": ["intake"]}
        return found


def settle_tokens(folder: DataFolder, people_file: Path) -> tuple[Tokens, list[str]]:
    """Return the tokens and a line for each role that has none or a new one.

    A token stays with its person for ever. When that person no longer holds the role, the
    role gets a new token for the first person who does, so nobody inherits another's token.

    Raises:
        StackError: the people file or the kept tokens can't be read.
    """
    directory = _read_people(people_file)
    kept = _read_kept(folder)
    notes: list[str] = []
    tokens: dict[str, str] = {}
    people: dict[str, str] = {}
    for role in Role:
        holders = [person.id for person in directory.holders(role)]
        token = kept.tokens.get(role.value)
        if not holders:
            notes.append(f"nobody in {people_file.name} is {role}: that role has no token")
            continue
        if token is None or kept.people[token] not in holders:
            if token is not None:
                notes.append(f"{kept.people[token]} is no longer {role}: new token for {holders[0]}")
            token = f"andon_{role}_{secrets.token_urlsafe(32)}"
            people[token] = holders[0]
        else:
            people[token] = kept.people[token]
        tokens[role.value] = token
    recorder = kept.recorder or f"andon_recorder_{secrets.token_urlsafe(32)}"
    settled = Tokens(tokens=tokens, people=people, recorder=recorder)
    write_private_json(folder.tokens, settled.model_dump(mode="json"))
    write_private_json(folder.token_hashes, settled.hashes())
    return settled, notes


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _read_people(path: Path) -> Directory:
    try:
        return Directory.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise StackError(f"there is no people file {path}") from error
    except (InvalidInputError, ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise StackError(f"{path} is no list of people: {error}") from error


def _read_kept(folder: DataFolder) -> Tokens:
    kept = read_json(folder.tokens)
    if kept is None:
        return Tokens(tokens={}, people={})
    try:
        return Tokens.model_validate(kept)
    except ValidationError as error:
        raise StackError(f"{folder.tokens} is damaged: {error}") from error
