"""Every mistake in a directory of people at once, each with its field, and in a file with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError

from andon.domain.directory import Absence, Directory, Identity, Person, Role, Rotation, misfits
from andon.domain.errors import InvalidInputError
from andon.domain.personal_keys import PersonalKey
from playbooks.reading import advice_on, as_json, read_mapping

Place = tuple[str | int, ...]

_NESTED: Final[dict[str, type[BaseModel]]] = {
    "absences": Absence,
    "identities": Identity,
    "keys": PersonalKey,
}
_LISTS: Final[dict[str, type[BaseModel]]] = {"people": Person, "rotations": Rotation}
_NEEDED: Final = {
    Role.INCIDENT_LEAD: "who owns what nobody registered",
    Role.ADMIN: "who changes the directory",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to correct."""

    place: Place
    problem: str
    line: int | None = None

    @property
    def field(self) -> str:
        """The field with the way to it, such as `people.3.roles.0`."""
        return ".".join(str(part) for part in self.place) or "the directory"


def check_people(path: Path) -> list[Mistake]:
    """Return the mistakes in a file, from its top to its end; an empty list: it can be used."""
    try:
        found = mistakes_in(read_mapping(path))
    except InvalidInputError as error:
        return [Mistake((), str(error))]
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    lined = [Mistake(one.place, one.problem, _line(root, one.place)) for one in found]
    return sorted(lined, key=lambda one: one.line or 0)


def mistakes_in(plain: Mapping[str, Any]) -> list[Mistake]:
    """Return the mistakes in a directory as it was read from JSON or YAML."""
    found = list(_top(plain))
    people, rotations = [
        {number: read for number, item in enumerate(_items(plain, name)) if (read := _tried(model, item))}
        for name, model in _LISTS.items()
    ]
    for name, model in _LISTS.items():
        for number, item in enumerate(_items(plain, name)):
            found += _whole(model, item, (name, number))
    return found + list(_misfits(plain, people, rotations))


def _top(plain: Mapping[str, Any]) -> Iterator[Mistake]:
    for name in plain:
        if name not in Directory.model_fields:
            yield Mistake((name,), "is not a field here: remove it, or check its spelling")
    for name in _LISTS:
        if name in plain and not isinstance(plain[name], list):
            yield Mistake((name,), "should be a list")
    if "people" not in plain:
        yield Mistake(("people",), "is missing: add it")
    named = {role for item in _items(plain, "people") for role in _roles(item)}
    for role, why in _NEEDED.items():
        if role.value not in named:
            yield Mistake(("people",), f"nobody is {role}, {why}: give somebody that role")


def _misfits(
    plain: Mapping[str, Any], people: dict[int, Any], rotations: dict[int, Any]
) -> Iterator[Mistake]:
    """Find what does not fit together, of what can be read at all."""
    unreadable = {
        item.get("id")
        for number, item in enumerate(_items(plain, "people"))
        if number not in people and isinstance(item, dict)
    }
    numbers = {"people": list(people), "rotations": list(rotations)}
    for one in misfits(list(people.values()), list(rotations.values())):
        place: Place = one.place
        if len(place) > 1:
            place = (place[0], numbers[str(place[0])][int(place[1])], *place[2:])
            if _found(plain, place) in unreadable:
                continue
        yield Mistake(place, one.problem)


def _whole(model: type[BaseModel], item: Any, place: Place) -> Iterator[Mistake]:
    """Find the mistakes in one person or rotation: what they hold first, then themselves."""
    if not isinstance(item, dict):
        yield Mistake(place, "should be `name: value` pairs")
        return
    rest = dict(item)
    for name, part in _NESTED.items() if model is Person else ():
        if not isinstance(items := item.get(name), list):
            continue
        for number, one in enumerate(items):
            yield from _mistakes(part, one, (*place, name, number))
        rest[name] = [one for one in items if _tried(part, one)]
    yield from _mistakes(model, rest, place)


def _mistakes(model: type[BaseModel], item: Any, place: Place) -> Iterator[Mistake]:
    try:
        model.model_validate_json(as_json(item), strict=True)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            yield Mistake((*place, *one["loc"]), advice_on(one))
    except (InvalidInputError, TypeError) as error:
        yield Mistake(place, str(error))


def _tried(model: type[BaseModel], item: Any) -> BaseModel | None:
    try:
        return model.model_validate_json(as_json(item), strict=True)
    except (ValidationError, InvalidInputError, TypeError):
        return None


def _items(plain: Mapping[str, Any], name: str) -> list[Any]:
    found = plain.get(name)
    return found if isinstance(found, list) else []


def _roles(item: Any) -> list[Any]:
    roles = item.get("roles") if isinstance(item, dict) else None
    return [one for one in roles if isinstance(one, str)] if isinstance(roles, list) else []


def _found(plain: Any, place: Place) -> Any:
    for part in place:
        plain = plain[part]
    return plain


def _line(node: yaml.Node | None, place: Place) -> int:
    """Return the line of a field, or of the nearest thing around it that is there."""
    line = node.start_mark.line + 1 if node else 1
    for part in place:
        step = _step(node, part)
        if step is None:
            break
        line, node = step
    return line


def _step(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        found = ((key.start_mark.line + 1, value) for key, value in node.value if key.value == part)
        return next(found, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        one = node.value[part]
        return one.start_mark.line + 1, one
    return None
