"""The first step: a bundle is a valid BagIt bag (RFC 8493) with exactly the files it lists."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from andon.audit.container import CHUNK, Container, lines_of, text
from andon.audit.findings import Step
from andon.audit.layout import (
    BAGIT,
    DECLARATION,
    INFO,
    NEEDED,
    PAYLOAD,
    TAG_FILES,
    TAGS,
    is_known,
)
from andon.audit.rows import Rows
from andon.domain.errors import InvalidInputError
from andon.domain.values import IncidentId, Sha256Hex

Digests = Rows[str]
"""Name of a file -> SHA-256 of what it holds."""

DATA: Final = "data/"
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([^\r\n]+)")
_INFO: Final = re.compile(r"([A-Za-z0-9-]+): ([^\r\n]*)")
BAG_FILES: Final = frozenset({*TAG_FILES, TAGS})
ALTERED: Final = "has another digest than the one it is listed with: it was altered, or the list was"
NAMES_AT_MOST: Final = 20
"""Of files that are missing or too many, before the rest is counted."""


def check_package(step: Step, container: Container) -> Digests:
    """Every file is listed, every listed file is there, and each has the digest it is listed with.

    Returns:
        What each file of the payload really holds.
    """
    for name, problem in container.problems:
        step.broken(name, problem)
    tags, payload = Digests(), Digests()
    tags.fill(_digests(step, container, lambda name: name in TAG_FILES))
    payload.fill(_digests(step, container, lambda name: name.startswith(DATA)))
    strange = (name for name in container.sizes if not name.startswith(DATA) and name not in BAG_FILES)
    _many(step, ((name, "is no file of a bag") for name in strange))
    _compare(step, _listed(step, container, TAGS), tags)
    _compare(step, _listed(step, container, PAYLOAD), payload)
    _many(step, ((name, "has no place in andon-bundle/1") for name in payload if not is_known(name)))
    for name in (*TAG_FILES, *NEEDED):
        step.must(name in tags or name in payload, name, "is not there, and no bundle is without it")
    _declared(step, container)
    return payload


def check_information(step: Step, container: Container, incident: IncidentId) -> None:
    """What the bag says of itself fits: whose incident it is, and how much it holds."""
    try:
        lines = text(container, INFO).splitlines()
    except InvalidInputError:
        return  # found before, as a file that is missing or can't be read
    said = {found[1]: found[2] for line in lines if (found := _INFO.fullmatch(line))}
    step.must(said.get("External-Identifier") == incident, INFO, f"is about another incident than {incident}")
    size = files = 0
    for name, length in container.sizes.items():
        if name.startswith(DATA):
            size, files = size + length, files + 1
    oxum = f"{size}.{files}"
    step.must(said.get("Payload-Oxum") == oxum, INFO, f"says Payload-Oxum {said.get('Payload-Oxum')}: {oxum}")


def digest_of_file(
    container: Container, name: str, *, offset: int = 0, size: int | None = None
) -> str | None:
    """Return the SHA-256 of a file or of a part of it; None if it can't be read."""
    digest = hashlib.sha256()
    left = container.sizes[name] - offset if size is None else size
    try:
        with container.open(name) as file:
            if offset:
                file.seek(offset)
            while left > 0 and (chunk := file.read(min(CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
    except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError):
        return None
    return digest.hexdigest() if left == 0 else None


def _digests(
    step: Step, container: Container, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Sha256Hex]]:
    """Hash the wanted files; one that can't be read is a finding."""
    for name, size in container.sizes.items():
        if wanted(name):
            digest = digest_of_file(container, name, size=size)
            step.must(digest is not None, name, "can't be read")
            if digest is not None:
                yield name, digest


def _listed(step: Step, container: Container, name: str) -> Digests:
    """Return what a list of the bag says; a line that says nothing is a finding."""
    found = Digests()

    def odd() -> Iterator[tuple[str, str]]:
        for number, raw in enumerate(lines_of(container, name), start=1):
            line = raw.decode(errors="replace")
            read = _LINE.fullmatch(line.removesuffix("\n"))
            if read is None or not line.endswith("\n"):
                yield name, f"line {number} is not a digest, two spaces and a name"
            elif not found.add(read[2], read[1]):
                yield name, f"line {number} lists {read[2]} a second time"

    try:
        _many(step, odd())
    except InvalidInputError as error:
        step.broken(name, str(error))
    return found


def _compare(step: Step, listed: Digests, there: Digests) -> None:
    """Hold a list against the files, both ways. Each sort of finding is counted by itself."""
    step.checked += len(listed)
    wrong = (
        ("is there and not listed", lambda said, _: said is None),
        ("is listed and not there", lambda _, found: found is None),
        (ALTERED, lambda said, found: said is not None and found is not None and said != found),
    )
    for problem, is_wrong in wrong:
        pairs = _side_by_side(listed, there)
        _many(step, ((name, problem) for name, said, found in pairs if is_wrong(said, found)))


def _side_by_side(one: Digests, other: Digests) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield every name of two lists in order, with what each says of it."""
    left, right = iter(one.items()), iter(other.items())
    mine, theirs = next(left, None), next(right, None)
    while mine is not None or theirs is not None:
        first = min(name for name, _ in filter(None, (mine, theirs)))
        said = found = None
        if mine is not None and mine[0] == first:
            said, mine = mine[1], next(left, None)
        if theirs is not None and theirs[0] == first:
            found, theirs = theirs[1], next(right, None)
        yield first, said, found


def _many(step: Step, found: Iterable[tuple[str, str]]) -> None:
    """Add findings of one sort: the first ones by name, the rest by number."""
    more = 0
    for number, (name, problem) in enumerate(found):
        if number < NAMES_AT_MOST:
            step.broken(name, problem)
        else:
            more += 1
            last = problem
    if more:
        step.broken(f"{more} more", last)


def _declared(step: Step, container: Container) -> None:
    try:
        said = text(container, DECLARATION)
    except InvalidInputError as error:
        said = str(error)
    step.must(said.encode() == BAGIT, DECLARATION, "does not declare a bag of version 1.0 in UTF-8")
