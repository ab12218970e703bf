"""Every field by which text comes in: read off the descriptions that the door, console and recorder give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]
NO_TEXT: Final = ("enum", "const", "pattern", "format")
"""What a string is held to that leaves nothing to write in it."""
WRITING: Final = frozenset({"post", "put", "patch", "delete"})
ITEM: Final = "[]"
ANY_NAME: Final = "*"


@dataclass(frozen=True)
class Field:
    """A string of a request's body, as the path to it: names, `[]` for an item, `*` for any name."""

    method: str
    path: str
    place: tuple[str, ...]
    limit: int | None
    body: Schema

    @property
    def name(self) -> str:
        """Return it in one line."""
        return f"{self.method} {self.path} {'.'.join(self.place)}".replace(".[]", "[]")

    def filled(self, text: str, samples: Mapping[str, Any]) -> Any:
        """Return a body with `text` in this field and samples in what else is needed."""
        return _filled(self.body, self.place, text, samples)


def text_fields(description: Schema) -> Iterator[Field]:
    """Yield the fields of every request that takes JSON."""
    for path, operations in description.get("paths", {}).items():
        for method in WRITING & set(operations):
            content = operations[method].get("requestBody", {}).get("content", {})
            for kind, media in content.items():
                if "json" not in kind:
                    continue
                body = resolved(media.get("schema", {}), description)
                for place, limit in dict(_strings(body)).items():
                    yield Field(method.upper(), path, place, limit, body)


def resolved(schema: Any, whole: Schema, within: tuple[str, ...] = ()) -> Any:
    """Return a schema with what it refers to put in its place; what refers to itself ends there."""
    if isinstance(schema, list):
        return [resolved(one, whole, within) for one in schema]
    if not isinstance(schema, dict):
        return schema
    target = schema.get("$ref")
    if isinstance(target, str):
        return {} if target in within else resolved(_found(target, whole), whole, (*within, target))
    return {name: resolved(one, whole, within) for name, one in schema.items()}


def _found(target: str, whole: Schema) -> Any:
    found: Any = whole
    for part in target.removeprefix("#/").split("/"):
        found = found.get(part, {})
    return found


def _strings(schema: Schema) -> Iterator[tuple[tuple[str, ...], int | None]]:
    for one in _choices(schema):
        yield from _strings(one)
    kind = schema.get("type")
    if kind == "string" and not any(word in schema for word in NO_TEXT):
        yield (), schema.get("maxLength")
    if kind == "array":
        yield from (((ITEM, *place), limit) for place, limit in _strings(schema.get("items", {})))
    for name, one in schema.get("properties", {}).items():
        yield from (((name, *place), limit) for place, limit in _strings(one))
    if isinstance(any_name := schema.get("additionalProperties"), dict):
        yield from (((ANY_NAME, *place), limit) for place, limit in _strings(any_name))


def _choices(schema: Schema) -> list[Schema]:
    return [one for word in ("anyOf", "oneOf", "allOf") for one in schema.get(word, [])]


def _filled(schema: Schema, place: tuple[str, ...], text: str, samples: Mapping[str, Any]) -> Any:
    if not place:
        return text
    for one in _choices(schema):
        if any(found == place for found, _ in _strings(one)):
            return _filled(one, place, text, samples)
    first, rest = place[0], place[1:]
    if first == ITEM:
        return [_filled(schema.get("items", {}), rest, text, samples)]
    if first == ANY_NAME:
        return {"note": _filled(schema["additionalProperties"], rest, text, samples)}
    names = {*schema.get("required", []), first}
    return {
        name: _filled(one, rest, text, samples) if name == first else sample(name, one, samples)
        for name, one in schema.get("properties", {}).items()
        if name in names
    }


def sample(name: str, schema: Schema, samples: Mapping[str, Any]) -> Any:
    """Return a value that a field takes."""
    if name in samples:
        return samples[name]
    for one in _choices(schema):
        return sample(name, one, samples)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [sample(name, schema.get("items", {}), samples)]
    if schema.get("type") == "object":
        needed = schema.get("required", [])
        return {one: sample(one, schema["properties"][one], samples) for one in needed}
    return {"integer": 1, "number": 1, "boolean": True, "null": None}.get(schema.get("type", ""), "sample")
