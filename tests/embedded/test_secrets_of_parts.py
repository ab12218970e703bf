"""Each part of the stack is told the secrets that are meant for it, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon.adapters.store.identities import BY_NAME
from infra.embedded.credentials import S3Identity
from infra.embedded.folder import DataFolder
from infra.embedded.python_parts import python_parts
from infra.embedded.secrets_of_parts import TOLD_TO

PORTS = {"door": 1, "recorder": 2, "console": 3}
GIVEN = {
    "ANDON_LEVERS__SECRETS__gateway": "lever secret",
    "andon_levers__secrets": "lever secrets at once",
    "ANDON_LEVERS__TIMEOUT": "PT3S",
    "ANDON_SOURCES__SECRETS__TRACES": "source secret",
    "ANDON_SOURCES__DATABASES__CRM": "database with its password",
    "ANDON_SOURCES__BUCKETS__LOGS__SECRET_KEY": "bucket secret",
    "ANDON_OIDC__CLIENT_SECRET": "sign-in secret",
    "ANDON_RECORDER__DOOR_TOKEN": "recorder's token",
    "PATH": "/usr/bin",
}
SECRETS = {name for name in GIVEN if name.upper().startswith(tuple(TOLD_TO))}


def _environments(folder: Path) -> dict[str, dict[str, str]]:
    identities = {name: S3Identity.fresh(name) for name in BY_NAME}
    parts = python_parts(DataFolder(folder), PORTS, GIVEN, identities)
    return {part.name: dict(part.environment) for part in parts}


@pytest.mark.parametrize("secret", sorted(SECRETS))
def test_a_secret_is_told_to_one_part_alone(tmp_path: Path, secret: str) -> None:
    told = [part for part, environment in _environments(tmp_path).items() if secret in environment]
    (meant,) = {part for beginning, part in TOLD_TO.items() if secret.upper().startswith(beginning)}
    assert told == [meant]


def test_what_is_no_secret_is_told_to_all(tmp_path: Path) -> None:
    for environment in _environments(tmp_path).values():
        assert GIVEN["PATH"] == environment["PATH"]
        assert GIVEN["ANDON_LEVERS__TIMEOUT"] == environment["ANDON_LEVERS__TIMEOUT"]


def test_every_part_that_secrets_are_meant_for_exists(tmp_path: Path) -> None:
    assert set(TOLD_TO.values()) <= set(_environments(tmp_path))
