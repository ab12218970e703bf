"""The two lists an organisation keeps: its AI systems and its people."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from andon.domain.containment import Verb
from andon.domain.detection import UNKNOWN_SYSTEM
from andon.domain.directory import Directory
from andon.domain.errors import InvalidInputError
from andon.domain.system import AISystem
from andon.domain.values import Slug
from playbooks.reading import read
from playbooks.shelf import PEOPLE, check_name, yaml_files
from playbooks.shipped import SHIPPED


def load_systems(directory: Path | None = None) -> dict[Slug, AISystem]:
    """Read the AI systems in `directory`, or the shipped example; one file each, named after its id.

    The folder an eval suite runs in is taken from the place of the system's file.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    found = [load_system(path) for path in yaml_files(directory or SHIPPED / "systems")]
    return {one.id: one for one in found}


def load_people(path: Path | None = None) -> Directory:
    """Read the directory of people in the file `path`, or the shipped, made-up one.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    file = path or SHIPPED / PEOPLE
    return read(Directory, file)


def load_system(path: Path) -> AISystem:
    """Read the file of one AI system, named after its id.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    system = read(AISystem, path)
    check_name(path, system.id)
    if system.id == UNKNOWN_SYSTEM:
        raise InvalidInputError(f"{path}: id: {UNKNOWN_SYSTEM} means that nobody knows; choose another id")
    _check_levers(path, system)
    if system.evaluation is None:
        return system
    folder = str((path.parent / system.evaluation.directory).resolve())
    evaluation = system.evaluation.model_copy(update={"directory": folder})
    return system.model_copy(update={"evaluation": evaluation})


def _check_levers(path: Path, system: AISystem) -> None:
    try:
        levers = system.lever_list()
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: levers: {error}") from error
    for lever, count in Counter(one.id for one in levers).items():
        if count > 1:
            raise InvalidInputError(f"{path}: levers: {lever} stands {count} times: keep one")
    for number, entry in enumerate(system.levers):
        if entry.verb is Verb.RATE_LIMIT and entry.normal is None:
            raise InvalidInputError(
                f"{path}: levers.{number}.normal: is missing: say how many requests a minute are normal"
            )
