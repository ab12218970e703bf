"""What an incident is called: categories and tags, and the ids of public taxonomies of a pinned version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import Field

from andon.domain.detection import Category, IncidentType, Tag
from andon.domain.errors import InvalidInputError, UnknownTermError
from andon.domain.severity import Classification
from andon.domain.values import Carried, Frozen, Slug

NEAREST: Final = 3
EXTERNAL_AT_MOST: Final = 20
"""Ids of public taxonomies one report may carry."""


class ExternalId(Carried):
    """A name that a public taxonomy gives to what happened."""

    taxonomy: Slug
    id: str = Field(max_length=80)
    version: str = Field(max_length=32, description="of the taxonomy, as it was pinned when this was said")


class Taxonomy(Frozen):
    """A public list of names, of one version."""

    id: Slug
    title: str = Field(min_length=1, max_length=120)
    version: str = Field(min_length=1, max_length=32)
    source: str = Field(min_length=1, max_length=200)
    terms: dict[str, str] = Field(min_length=1, description="id -> name")

    def named(self, wanted: str) -> ExternalId:
        """Return an id of this taxonomy as an incident carries it.

        Raises:
            InvalidInputError: it has no such id; the message names the nearest ones.
        """
        if wanted in self.terms:
            return ExternalId(taxonomy=self.id, id=wanted, version=self.version)
        near = ", ".join(f"{self.id}:{one} ({self.terms[one]})" for one in self.nearest(wanted))
        raise InvalidInputError(
            f"{self.id}:{wanted[:80]} is not in {self.title} {self.version}"
            + (f"; nearest: {near}" if near else "")
        )

    def nearest(self, wanted: str) -> list[str]:
        """Return the ids that look like `wanted`, or whose names do."""
        folded = {one.casefold(): one for one in self.terms}
        by_name = {name.casefold(): one for one, name in self.terms.items()}
        asked = wanted.casefold()
        found = [folded[one] for one in get_close_matches(asked, folded, n=NEAREST, cutoff=0.5)]
        found += [by_name[one] for one in get_close_matches(asked, by_name, n=NEAREST, cutoff=0.5)]
        return list(dict.fromkeys(found))[:NEAREST]


class Meaning(Frozen):
    """What one of the fixed names means to the organisation, and what it suggests."""

    meaning: str = Field(min_length=1, max_length=300)
    tags: tuple[Tag, ...] = ()
    external: tuple[str, ...] = Field((), description="`taxonomy:id` of public taxonomies")


class ClassificationPolicy(Frozen):
    """What each class, category, type and tag means; the names themselves are closed lists."""

    classes: dict[Classification, Meaning]
    categories: dict[Category, Meaning]
    types: dict[IncidentType, Meaning]
    tags: dict[Tag, Meaning]


class Named(Frozen):
    """How a report is classified once policy has read it."""

    categories: tuple[Category, ...] = ()
    tags: tuple[Tag, ...] = ()
    external: tuple[ExternalId, ...] = ()
    suggested: tuple[str, ...] = Field(
        (), description="fields that policy filled in, since the report left them"
    )


def read_external(named: str, taxonomies: Mapping[str, Taxonomy]) -> ExternalId:
    """Read `taxonomy:id`, such as `owasp_llm:LLM01:2025`.

    Raises:
        InvalidInputError: the taxonomy is not pinned, or has no such id.
    """
    taxonomy, _, wanted = named.partition(":")
    if taxonomy not in taxonomies:
        raise UnknownTermError("taxonomy", taxonomy[:40], [f"{one}:ID" for one in sorted(taxonomies)])
    return taxonomies[taxonomy].named(wanted)


def name_it(
    categories: Iterable[Category],
    tags: Iterable[Tag],
    external: Iterable[str],
    suggestions: Iterable[str],
    policy: ClassificationPolicy,
    taxonomies: Mapping[str, Taxonomy],
) -> Named:
    """Classify a report: what it says wins, and its categories and trigger fill in the rest.

    Args:
        categories: as reported.
        tags: as reported; none: those its categories suggest.
        external: as reported; none: those its categories and its trigger suggest.
        suggestions: external ids its trigger suggests.
        policy: what categories suggest.
        taxonomies: the pinned lists.

    Raises:
        InvalidInputError: an external id that no pinned list has.
    """
    kept = tuple(dict.fromkeys(categories))
    said_tags, said_external = tuple(dict.fromkeys(tags)), tuple(dict.fromkeys(external))
    meanings = [policy.categories[one] for one in kept]
    hinted_tags = tuple(dict.fromkeys(tag for one in meanings for tag in one.tags))
    hinted = tuple(dict.fromkeys((*suggestions, *(name for one in meanings for name in one.external))))
    filled = (("tags", not said_tags and hinted_tags), ("external", not said_external and hinted))
    named = [read_external(one, taxonomies) for one in (said_external or hinted[:EXTERNAL_AT_MOST])]
    return Named(
        categories=kept,
        tags=said_tags or hinted_tags,
        external=tuple(named),
        suggested=tuple(field for field, by_policy in filled if by_policy),
    )
