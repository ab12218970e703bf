"""`andon people check|export|apply`: the directory as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from playbooks.directory_check import Mistake, check_people
from playbooks.reading import as_json, read_mapping

_Json = Annotated[bool, Parameter(negative="")]
ADMIN: Final = "admin"
_EMPTY: Final[tuple[Any, ...]] = (None, [], "", False)


def check(file: Path, /, *, json: _Json = False) -> int:
    """Check a people file, without a server, and name every mistake with its line and field.

    Exit code 0: it can be used. 1: it has mistakes. 2: it can't be read at all.

    Example: andon people check people.yaml

    Args:
        file: a YAML file in the form of the shipped people.yaml.
        json: print the mistakes as JSON.
    """
    read_mapping(file)
    mistakes = check_people(file)
    if json:
        screen.as_json({"file": str(file), "mistakes": [_plain(one) for one in mistakes]})
    else:
        _told(file, mistakes)
    return Exit.NEGATIVE if mistakes else Exit.OK


def export(*, where: Where = HERE, json: _Json = False) -> int:
    """Print the list of people in force, to change and put back with `apply`.

    Keys, suspensions and absences that were changed since are not in it: they stay whatever is applied.

    Example: andon people export > people.yaml

    Args:
        where: where Andon is, and who asks; admins only.
        json: print it as JSON, not as YAML.
    """
    with console(find(where, role=ADMIN)) as service:
        found = service.get("/v1/directory/document")
    if json:
        screen.as_json(found)
    else:
        print_yaml(_short(found))
    return Exit.OK


def apply(file: Path, /, *, expect: str | None = None, where: Where = HERE, json: _Json = False) -> int:
    """Put the list of people in a file in force, in place of the one Andon was started with.

    It stays until the file Andon reads says something new. Exit code 1: it has mistakes, or the
    directory is not the one that was expected.

    Example: andon people apply people.yaml

    Args:
        file: a YAML file in the form of the shipped people.yaml.
        expect: digest of the directory the file was made from; refused if another is in force.
        where: where Andon is, and who asks; admins only.
        json: print the answer as JSON.
    """
    plain = _checked(file)
    with console(find(where, role=ADMIN)) as service:
        match = expect or str(service.get("/v1/directory").get("digest"))
        told = service.put("/v1/directory", plain, match=match)
    if json:
        screen.as_json(told)
    elif told.get("changed"):
        screen.say(f"version {told.get('version')} of the directory is in force: {told.get('digest')}")
    else:
        screen.say("nothing changed: the directory says so already")
    return Exit.OK


def print_yaml(value: Any) -> None:
    """Print `value` as YAML in which nothing a stranger wrote acts on the terminal."""
    for line in yaml.safe_dump(value, sort_keys=False, allow_unicode=False, width=110).splitlines():
        screen.say(line)


def _checked(file: Path) -> dict[str, Any]:
    from json import loads  # noqa: PLC0415 - the option of the commands has this name

    mapping = read_mapping(file)
    if mistakes := check_people(file):
        _told(file, mistakes)
        raise CommandError("nothing was sent", Exit.NEGATIVE)
    plain: dict[str, Any] = loads(as_json(mapping))
    return plain


def _told(file: Path, mistakes: list[Mistake]) -> None:
    if not mistakes:
        screen.say(f"{file}: no mistakes")
        return
    for one in mistakes:
        screen.say(screen.inert(f"{file}:{one.line or 1}: {one.field}: {one.problem}"))
    screen.warn(f"{len(mistakes)} to correct")


def _plain(mistake: Mistake) -> dict[str, Any]:
    return {"line": mistake.line, "field": mistake.field, "problem": mistake.problem}


def _short(found: Any) -> Any:
    """Leave out what is empty, so that a person finds what is not; only roles must be said."""
    if isinstance(found, dict):
        said = {name: value for name, value in found.items() if name == "roles" or value not in _EMPTY}
        return {name: _short(value) for name, value in said.items()}
    return [_short(one) for one in found] if isinstance(found, list) else found
