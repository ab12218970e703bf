"""The first step: a bundle is a valid BagIt bag (RFC 8493) with exactly the files it lists."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Final

from andon.audit.container import CHUNK, Container, text
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
from andon.domain.errors import InvalidInputError
from andon.domain.values import IncidentId, Sha256Hex

Digests = dict[str, Sha256Hex]
"""Name of a file -> SHA-256 of what it holds."""

_LINE: Final = re.compile(r"([0-9a-f]{64})  ([^\r\n]+)")
_INFO: Final = re.compile(r"([A-Za-z0-9-]+): ([^\r\n]*)")
NAMES_AT_MOST: Final = 20
"""Of files that are missing or too many, before the rest is counted."""


def check_package(step: Step, container: Container) -> Digests:
    """Every file is listed, every listed file is there, and each has the digest it is listed with.

    Returns:
        What each file really holds.
    """
    for name, problem in container.problems:
        step.broken(name, problem)
    digests: Digests = {}
    for name in container.sizes:
        digest = digest_of_file(container, name)
        step.must(digest is not None, name, "can't be read")
        if digest is not None:
            digests[name] = digest
    payload = {name for name in digests if name.startswith("data/")}
    tags = digests.keys() - payload
    _unlike(step, tags - {TAGS}, set(TAG_FILES), "is no file of a bag")
    _compare(step, _listed(step, container, TAGS), digests, set(TAG_FILES))
    _compare(step, _listed(step, container, PAYLOAD), digests, payload)
    _many(step, sorted(name for name in payload if not is_known(name)), "has no place in andon-bundle/1")
    for name in NEEDED:
        step.must(name in payload, name, "is not there, and no bundle is without it")
    _declared(step, container)
    return digests


def check_information(step: Step, container: Container, incident: IncidentId) -> None:
    """What the bag says of itself fits: whose incident it is, and how much it holds."""
    try:
        lines = text(container, INFO).splitlines()
    except InvalidInputError:
        return  # found before, as a file that is missing or can't be read
    said = {found[1]: found[2] for line in lines if (found := _INFO.fullmatch(line))}
    step.must(said.get("External-Identifier") == incident, INFO, f"is about another incident than {incident}")
    payload = [size for name, size in container.sizes.items() if name.startswith("data/")]
    oxum = f"{sum(payload)}.{len(payload)}"
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


def _listed(step: Step, container: Container, name: str) -> dict[str, Sha256Hex]:
    try:
        lines = text(container, name).splitlines(keepends=True)
    except InvalidInputError as error:
        step.broken(name, str(error))
        return {}
    found: dict[str, Sha256Hex] = {}
    for number, line in enumerate(lines, start=1):
        read = _LINE.fullmatch(line.removesuffix("\n"))
        if read is None or not line.endswith("\n"):
            step.broken(name, f"line {number} is not a digest, two spaces and a name")
        elif read[2] in found:
            step.broken(name, f"line {number} lists {read[2]} a second time")
        else:
            found[read[2]] = read[1]
    return found


def _compare(step: Step, listed: Mapping[str, Sha256Hex], digests: Digests, here: set[str]) -> None:
    step.checked += len(listed)
    _unlike(step, here, set(listed), "is there and not listed")
    _many(step, sorted(listed.keys() - here), "is listed and not there")
    _many(
        step,
        sorted(name for name in listed.keys() & here if listed[name] != digests.get(name)),
        "has another digest than the one it is listed with: it was altered, or the list was",
    )


def _unlike(step: Step, here: Iterable[str], wanted: set[str], problem: str) -> None:
    _many(step, sorted(set(here) - wanted), problem)


def _many(step: Step, names: list[str], problem: str) -> None:
    for name in names[:NAMES_AT_MOST]:
        step.broken(name, problem)
    if len(names) > NAMES_AT_MOST:
        step.broken(f"{len(names) - NAMES_AT_MOST} more files", problem)


def _declared(step: Step, container: Container) -> None:
    try:
        said = text(container, DECLARATION)
    except InvalidInputError as error:
        said = str(error)
    step.must(said.encode() == BAGIT, DECLARATION, "does not declare a bag of version 1.0 in UTF-8")
