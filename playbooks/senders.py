"""Reading the files that say how foreign senders' reports become detections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from andon.domain.conditions import COUNT, Facts
from andon.domain.errors import InvalidInputError, UnknownTermError
from andon.domain.severity import SeverityPolicy
from andon.domain.source import Source, SourceKind
from andon.domain.values import Slug
from playbooks.reading import read
from playbooks.shipped import SHIPPED

FOLDER: Final = "sources"
"""Folder of the source files, within the folder of playbooks."""


def source_files(directory: Path | None) -> list[Path]:
    """Return the source files that are in force, by id: the shipped ones, and those that replace or add.

    Raises:
        InvalidInputError: a file would be overlooked for its ending.
    """
    found = {path.stem: path for path in _yaml(SHIPPED / FOLDER)}
    if directory is not None:
        found |= {path.stem: path for path in _yaml(directory / FOLDER)}
    return [found[name] for name in sorted(found)]


def load_sources(
    directory: Path | None, severity: SeverityPolicy, triggers: Mapping[str, object]
) -> dict[Slug, Source]:
    """Read the sources in a folder of playbooks, on top of the shipped ones.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    sources = [load_source(path, severity, triggers) for path in source_files(directory)]
    by_sender: dict[str, Source] = {}
    for one in sources:
        if one.kind is SourceKind.NATIVE and one.sender is not None:
            other = by_sender.setdefault(one.sender, one)
            if other is not one:
                raise InvalidInputError(
                    f"sources {other.id} and {one.id}: {one.sender} sends as both: keep one of them"
                )
    return {one.id: one for one in sources}


def load_source(path: Path, severity: SeverityPolicy, triggers: Mapping[str, object]) -> Source:
    """Read one source file and check each word in it against the policy.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    source = read(Source, path)
    if path.stem != source.id:
        raise InvalidInputError(
            f"{path}: id: is {source.id}: rename the file to {source.id}.yaml, or change the id"
        )
    try:
        for place, facts in _facts(source):
            severity.checked(facts, place)
        _check_words(source, severity, triggers)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error}") from error
    return source


def _facts(source: Source) -> Iterator[tuple[str, Facts]]:
    for number, rule in enumerate(source.facts):
        yield f"facts.{number}.then", rule.then
        yield f"facts.{number}.potential", rule.potential


def _check_words(source: Source, severity: SeverityPolicy, triggers: Mapping[str, object]) -> None:
    named = [("trigger", source.trigger)]
    named += [(f"facts.{number}.trigger", rule.trigger) for number, rule in enumerate(source.facts)]
    for place, trigger in named:
        if trigger is not None and trigger not in triggers:
            raise UnknownTermError(place, trigger, tuple(triggers))
    for word, ours in (source.severity.words if source.severity else {}).items():
        try:
            severity.read_term(ours)
        except UnknownTermError as error:
            raise UnknownTermError(f"severity.words.{word}", ours, error.known) from error
    counted = [name for name, kind in severity.facts.items() if kind.scale == COUNT]
    for name in source.counts:
        if name not in counted:
            raise UnknownTermError("counts", name, counted)


def _yaml(folder: Path) -> list[Path]:
    for path in folder.glob("*.yml"):
        raise InvalidInputError(f"{path}: rename it to end in .yaml; files ending in .yml are not read")
    return [path for path in folder.glob("*.yaml") if path.is_file()]
