"""Releases: the prompt, model, tools and settings that run together, kept in one JSON file.

The file is read again whenever it changes, so a deployment needs no restart, and whoever asks for
the versions is told what the next ticket will meet.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from pathlib import Path
from string import Template
from typing import Any, Final, Literal

import rfc8785
from pydantic import Field, ValidationError, field_validator

from examples.refund_desk.tickets import Wire

SHIPPED: Final = Path(__file__).parent / "releases"


class ReleaseError(Exception):
    """A release can't be read, is malformed, or may not be replaced."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"release {path}: {reason}")
        self.path = path
        self.reason = reason


class Prompt(Wire):
    """The system prompt and the template of the user message around a ticket."""

    id: str
    version: str
    system: str
    user_template: str

    @field_validator("user_template")
    @classmethod
    def _names_only_known_places(cls, template: str) -> str:
        Template(template).substitute(account="", passages="", text="")
        return template


class ModelChoice(Wire):
    """The model that is asked."""

    provider: str
    name: str
    version: str


class ToolParameter(Wire):
    """One argument of a tool."""

    type: Literal["string", "integer"]
    description: str


class ToolParameters(Wire):
    """The arguments of a tool, as JSON Schema."""

    type: Literal["object"] = "object"
    properties: dict[str, ToolParameter]
    required: tuple[str, ...]
    additionalProperties: Literal[False] = False  # noqa: N815 (the name JSON Schema gives it)


class ToolFunction(Wire):
    """One tool as the model is told of it."""

    name: str
    description: str
    parameters: ToolParameters


class ToolDefinition(Wire):
    """The envelope of a tool in the chat completions form."""

    type: Literal["function"] = "function"
    function: ToolFunction


class Tools(Wire):
    """The tools the model may call."""

    version: str
    definitions: tuple[ToolDefinition, ...]

    def named(self, name: str) -> ToolFunction | None:
        """Return the tool of that name, if this release has it."""
        return next((tool.function for tool in self.definitions if tool.function.name == name), None)


class Config(Wire):
    """Settings of the desk that belong to a release."""

    version: str
    retrieved_passages: int = Field(ge=1, le=8)
    review_above_cents: int = Field(ge=0)


class Release(Wire):
    """Everything that changes what the assistant does, but for the policy texts."""

    release: str
    note: str
    prompt: Prompt
    model: ModelChoice
    tools: Tools
    config: Config


def digest_of(value: dict[str, Any]) -> str:
    """Return the SHA-256 of `value` as RFC 8785 canonical JSON."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def versions_of(release: Release, index: dict[str, Any]) -> dict[str, Any]:
    """Return what runs, part by part with its texts and values, and one digest over all of it.

    A digest alone would say that something changed, and not what. Nothing of a release is secret.
    """
    parts: dict[str, Any] = {
        "prompt": release.prompt.model_dump(mode="json"),
        "model": release.model.model_dump(mode="json"),
        "tools": {"version": release.tools.version, "functions": _functions(release.tools)},
        "index": index,
        "config": {**release.config.model_dump(mode="json"), "release": release.release},
    }
    return {**parts, "digest": digest_of(parts)}


def _functions(tools: Tools) -> dict[str, Any]:
    """Return by name what the model is told of each tool, and which arguments each must have."""
    return {one.function.name: _told(one.function) for one in tools.definitions}


def _told(tool: ToolFunction) -> dict[str, Any]:
    arguments = tool.parameters.properties.items()
    needed = tool.parameters.required
    return {
        "description": tool.description,
        "arguments": {
            name: {**one.model_dump(mode="json"), "required": name in needed} for name, one in arguments
        },
    }


def shipped(name: str) -> bytes:
    """Return the text of the release of that name that ships with the example.

    Raises:
        ReleaseError: there is none of that name.
    """
    known = {path.stem: path for path in SHIPPED.glob("*.json")}
    if name not in known:
        raise ReleaseError(name, f"unknown; shipped are {', '.join(sorted(known))}")
    return known[name].read_bytes()


def parsed(content: bytes | str, origin: Path | str) -> Release:
    """Return the release that `content` describes.

    Raises:
        ReleaseError: it describes none.
    """
    try:
        return Release.model_validate_json(content)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise ReleaseError(origin, places) from error


class ReleaseFile:
    """The release file of one running desk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._release: Release | None = None

    def current(self) -> Release:
        """Return the release in the file now; it is parsed only when the file changed.

        Raises:
            ReleaseError: the file is missing or malformed. The last good release is not used instead:
                the versions must never describe something else than what runs.
        """
        with self._reading:
            try:
                stat = self._path.stat()
                mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                if self._release is None or mark != self._seen:
                    self._release = parsed(self._path.read_bytes(), self._path)
                    self._seen = mark
            except OSError as error:
                raise ReleaseError(self._path, error.strerror or "unreadable") from error
            return self._release

    def deploy(self, content: bytes) -> Release:
        """Put `content` in place of the release that runs, all of it or nothing.

        Raises:
            ReleaseError: `content` is malformed, or the file is one that ships with the example.
        """
        release = parsed(content, "to deploy")
        if self._path.resolve().parent == SHIPPED.resolve():
            raise ReleaseError(self._path, "ships with the example; start the desk on a copy of it")
        with tempfile.NamedTemporaryFile(dir=self._path.parent, suffix=".new", delete=False) as new:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        Path(new.name).replace(self._path)
        return release
