"""The words of the policy folder: definitions, what classes and categories mean, pinned public taxonomies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from andon.domain.classification import ClassificationPolicy, Taxonomy, read_external
from andon.domain.detection import Category, IncidentType, Tag
from andon.domain.errors import InvalidInputError
from andon.domain.severity import Classification
from andon.domain.values import Frozen, Slug, digest_of
from playbooks.reading import read
from playbooks.shipped import SHIPPED

DEFINITIONS: Final = "definitions.yaml"
CLASSIFICATION: Final = "classification.yaml"
TAXONOMIES: Final = "taxonomies"


class Definition(Frozen):
    """One word people use, what it means here, and what to compare it with."""

    term: str = Field(min_length=1, max_length=80)
    text: str = Field(min_length=1, max_length=600)
    source: str = Field(min_length=1, max_length=200)


class Term(Definition):
    """A definition in force, and whose it is."""

    id: Slug
    origin: Literal["shipped", "organisation"]


class DefinitionsFile(Frozen):
    """`definitions.yaml`."""

    definitions: dict[Slug, Definition] = Field(min_length=1)


class ClassificationFile(ClassificationPolicy):
    """`classification.yaml`."""

    @model_validator(mode="after")
    def _names_each(self) -> Self:
        for field, given, known in (
            ("classes", self.classes, Classification),
            ("categories", self.categories, Category),
            ("types", self.types, IncidentType),
            ("tags", self.tags, Tag),
        ):
            for name in known:
                if name not in given:
                    raise ValueError(f"{field}.{name}: is missing: say what it means")
        return self


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What words mean, and which public names are known."""

    definitions: dict[str, Term]
    classification: ClassificationPolicy
    taxonomies: dict[str, Taxonomy]

    def snapshot(self) -> dict[str, Any]:
        """Return it as JSON values; a taxonomy by its version and digest."""
        return {
            "definitions": {name: one.model_dump(mode="json") for name, one in self.definitions.items()},
            "classification": self.classification.model_dump(mode="json"),
            "taxonomies": {
                name: {"version": one.version, "digest": digest_of(one)}
                for name, one in self.taxonomies.items()
            },
        }

    def check_external(self, place: str, named: Iterable[str]) -> None:
        """Refuse a suggestion that no pinned taxonomy has.

        Raises:
            InvalidInputError: names the place.
        """
        for one in named:
            try:
                read_external(one, self.taxonomies)
            except InvalidInputError as error:
                raise InvalidInputError(f"{place}.external: {error}") from error


def load_lexicon(directory: Path | None) -> Lexicon:
    """Read the words in `directory`; what it lacks is taken from the shipped ones.

    A term of its own replaces the shipped one whole, and a taxonomy the one with the same id.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    own = directory / CLASSIFICATION if directory else None
    file = own if own is not None and own.is_file() else SHIPPED / CLASSIFICATION
    lexicon = Lexicon(
        definitions=_definitions(directory),
        classification=ClassificationPolicy(**dict(read(ClassificationFile, file))),
        taxonomies={**_taxonomies(SHIPPED), **(_taxonomies(directory) if directory else {})},
    )
    for category, meaning in lexicon.classification.categories.items():
        lexicon.check_external(f"{file}: categories.{category}", meaning.external)
    return lexicon


def _definitions(directory: Path | None) -> dict[str, Term]:
    found = {
        name: Term(id=name, origin="shipped", **dict(one))
        for name, one in read(DefinitionsFile, SHIPPED / DEFINITIONS).definitions.items()
    }
    own = directory / DEFINITIONS if directory else None
    if own is not None and own.is_file():
        for name, one in read(DefinitionsFile, own).definitions.items():
            # The shipped file may be here too, unchanged, since it was exported.
            if name not in found or Definition(**dict(one)) != _plain(found[name]):
                found[name] = Term(id=name, origin="organisation", **dict(one))
    return found


def _plain(term: Term) -> Definition:
    return Definition(term=term.term, text=term.text, source=term.source)


def _taxonomies(directory: Path) -> dict[str, Taxonomy]:
    found: dict[str, Taxonomy] = {}
    for path in sorted((directory / TAXONOMIES).glob("*.yaml")):
        taxonomy = read(Taxonomy, path)
        if path.stem != taxonomy.id:
            raise InvalidInputError(
                f"{path}: id: is {taxonomy.id}: rename the file to {taxonomy.id}.yaml, or change the id"
            )
        found[taxonomy.id] = taxonomy
    return found
