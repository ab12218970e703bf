"""Indexes as they are published: some policy texts under a name, kept by their content.

A publication is built from folders, or sent whole. What was published once stays, so that the desk can go
back to it by name; what is served may be less than what is published, see `sources`.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints, ValidationError

from examples.refund_desk.retrieval import texts_of, version_of
from examples.refund_desk.tickets import Wire

SHIPPED: Final = Path(__file__).parent / "indexes"
FIRST: Final = "v1"
"""What a desk without any index publishes by itself."""

LIST: Final = "published.json"
VERSIONS: Final = "versions"

IndexName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
PassageId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Texts = Annotated[
    dict[PassageId, Annotated[str, Field(min_length=1, max_length=4000)]], Field(max_length=500)
]


class IndexUnusableError(Exception):
    """There is no such index, or it can't be used as one."""


class Recipe(Wire):
    """An index that ships with the example: which folders of the policy share it is built from."""

    index: IndexName
    note: str
    folders: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]+$")], ...]


class Publication(Wire):
    """A named set of policy texts."""

    index: IndexName
    texts: Texts

    @property
    def version(self) -> str:
        """Digest of the texts: two names may stand for the same content."""
        return version_of(self.texts)


class _Published(Wire):
    """Which index is published, and what each name stands for."""

    index: IndexName
    names: dict[IndexName, str]


def built(name: str) -> Publication:
    """Return an index that ships with the example.

    Raises:
        IndexUnusableError: there is none of that name.
    """
    known = {path.stem: path for path in SHIPPED.glob("*.json")}
    if name not in known:
        raise IndexUnusableError(f"unknown index {name}; shipped are {', '.join(sorted(known))}")
    recipe = Recipe.model_validate_json(known[name].read_bytes())
    texts = {n: t for folder in recipe.folders for n, t in texts_of(SHIPPED.parent / folder).items()}
    return Publication(index=name, texts=texts)


class Shelf:
    """The publications of one desk: `published.json`, and a file for each content in `versions`."""

    def __init__(self, folder: Path, begin_with: Path | None = None) -> None:
        self._folder = folder
        self._publishing = threading.Lock()
        if not (folder / LIST).exists():
            self.publish(published_in(begin_with) if begin_with is not None else built(FIRST))

    def published(self) -> Publication:
        """Return what was published last.

        Raises:
            IndexUnusableError: the files were altered or removed.
        """
        return published_in(self._folder)

    def named(self, name: str) -> Publication:
        """Return a publication by its name.

        Raises:
            IndexUnusableError: it was never published here, or its file was altered.
        """
        return _named(self._folder, _listed(self._folder), name)

    def publish(self, publication: Publication) -> None:
        """Keep a publication and serve it from the next ticket on.

        Raises:
            IndexUnusableError: its name stands for other texts already.
        """
        with self._publishing:
            names = _listed(self._folder).names if (self._folder / LIST).exists() else {}
            if names.get(publication.index, publication.version) != publication.version:
                raise IndexUnusableError(f"index {publication.index} was published with other texts")
            (self._folder / VERSIONS).mkdir(parents=True, exist_ok=True)
            _write(_content(self._folder, publication.version), dict(publication.texts))
            names = {**names, publication.index: publication.version}
            _write(self._folder / LIST, {"index": publication.index, "names": names})


def published_in(folder: Path) -> Publication:
    """Return what was published last in a desk's folder; nothing is written there.

    Raises:
        IndexUnusableError: the files are missing or were altered.
    """
    listed = _listed(folder)
    return _named(folder, listed, listed.index)


def _named(folder: Path, listed: _Published, name: str) -> Publication:
    version = listed.names.get(name)
    if version is None:
        raise IndexUnusableError(f"index {name} was never published here")
    try:
        texts = json.loads(_content(folder, version).read_text("utf-8"))
        found = Publication(index=name, texts=texts)
    except (OSError, ValueError) as error:
        raise IndexUnusableError(f"index {name} can't be read") from error
    if found.version != version:
        raise IndexUnusableError(f"index {name} was altered: it is not what was published")
    return found


def _listed(folder: Path) -> _Published:
    try:
        return _Published.model_validate_json((folder / LIST).read_bytes())
    except (OSError, ValidationError) as error:
        raise IndexUnusableError(f"{folder}: there is no readable list of published indexes") from error


def _content(folder: Path, version: str) -> Path:
    return folder / VERSIONS / f"{version}.json"


def _write(path: Path, content: dict[str, Any]) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".new", delete=False) as new:
        json.dump(content, new, indent=2, ensure_ascii=False)
        new.flush()
        os.fsync(new.fileno())
    Path(new.name).replace(path)
