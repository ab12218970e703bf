"""Where the policy files of an installation on this machine lie."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from andon.cli.outcome import CommandError, Exit
from andon.cli.place import DEFAULT_DATA, Where
from andon.config import SETTINGS_FILE_VARIABLE, PolicySettings, Settings

SETTINGS_NAME: Final = "settings.json"


def policy_files(where: Where) -> PolicySettings | None:
    """Return where systems, playbooks and people are written; None: no installation is here.

    Its settings file is $ANDON_SETTINGS, or lies in the data folder or beside the ready file.

    Raises:
        CommandError: there is a settings file that can't be read.
    """
    path = settings_file(where)
    try:
        return PolicySettings.model_validate(json.loads(path.read_bytes()).get("policy", {}))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError, ValidationError) as error:
        raise CommandError(f"{path} can't be read: {error}", Exit.BAD_INPUT) from error


def settings_of(where: Where) -> Settings:
    """Return the settings of an installation on this machine; where there is none, those of the environment.

    Raises:
        CommandError: they can't be used.
    """
    path = settings_file(where)
    if path.exists():
        os.environ[SETTINGS_FILE_VARIABLE] = str(path)
    try:
        return Settings()
    except ValidationError as error:
        raise CommandError(f"the settings can't be used: {error}", Exit.BAD_INPUT) from error


def settings_file(where: Where) -> Path:
    """Return where the settings file of an installation on this machine would lie."""
    if named := os.environ.get(SETTINGS_FILE_VARIABLE):
        return Path(named)
    if where.data is not None:
        return where.data / SETTINGS_NAME
    if where.ready_file is not None:
        return where.ready_file.parent / SETTINGS_NAME
    return DEFAULT_DATA / SETTINGS_NAME
