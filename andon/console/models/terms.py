"""The words of the policy as people are shown them: definitions, triggers, classes, public taxonomies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Literal

from pydantic import Field

from andon.domain.classification import ClassificationPolicy, Taxonomy
from andon.domain.conditions import Facts
from andon.domain.values import Frozen, Instant
from playbooks import Prefill
from playbooks.lexicon import Term


class Definitions(Frozen):
    """Every word, in the order of its name."""

    definitions: tuple[Term, ...]


class TriggerShown(Frozen):
    """One known kind of trouble, and the facts that naming it fills in."""

    id: str
    meaning: str
    facts: Facts
    source: str
    same_as: str | None = Field(description="the entry that says nearly the same")
    external: tuple[str, ...]


class Triggers(Frozen):
    """The trigger list; entries that repeat another are counted once in `distinct`."""

    triggers: tuple[TriggerShown, ...]
    entries: int
    distinct: int


class NameShown(Frozen):
    """One name a report can carry."""

    id: str
    meaning: str
    tags: tuple[str, ...] = ()
    external: tuple[str, ...] = ()


class Classes(Frozen):
    """The closed lists a report is classified by."""

    classes: tuple[NameShown, ...]
    categories: tuple[NameShown, ...]
    types: tuple[NameShown, ...]
    tags: tuple[NameShown, ...]


class TaxonomyShown(Frozen):
    """One pinned public taxonomy."""

    id: str
    title: str
    version: str
    source: str
    terms: int | dict[str, str] = Field(description="how many; or in full, id and name")


class Taxonomies(Frozen):
    """The pinned public taxonomies."""

    taxonomies: tuple[TaxonomyShown, ...]


class Counts(Frozen):
    """Incidents counted by what they are called; one with two categories counts in both."""

    state: Literal["open", "closed", "all"]
    total: int
    severity: dict[str, int]
    classification: dict[str, int]
    type: dict[str, int]
    channel: dict[str, int]
    stage: dict[str, int]
    system: dict[str, int]
    category: dict[str, int]
    tag: dict[str, int]
    external: dict[str, int]


class ChannelTimes(Frozen):
    """How long detections through one channel took, from what happened."""

    detections: int
    timed: int = Field(description="of which it is known when it happened")
    median_seconds: float | None
    longest_seconds: float | None


class DetectionTimes(Frozen):
    """Time to detection by channel."""

    since: Instant
    channels: dict[str, ChannelTimes]


def detection_times(since: Instant, found: Mapping[str, Sequence[float | None]]) -> DetectionTimes:
    """Return the times by channel."""
    channels = {}
    for channel, all_of_them in sorted(found.items()):
        timed = [one for one in all_of_them if one is not None]
        channels[channel] = ChannelTimes(
            detections=len(all_of_them),
            timed=len(timed),
            median_seconds=median(timed) if timed else None,
            longest_seconds=max(timed, default=None),
        )
    return DetectionTimes(since=since, channels=channels)


def definitions_shown(terms: Mapping[str, Term]) -> Definitions:
    """Return every definition in force, by name."""
    return Definitions(definitions=tuple(sorted(terms.values(), key=lambda one: one.term.casefold())))


def triggers_shown(triggers: Mapping[str, Prefill]) -> Triggers:
    """Return the trigger list in the order of its file."""
    shown = tuple(TriggerShown(id=name, **dict(one)) for name, one in triggers.items())
    repeats = sum(one.same_as is not None for one in shown)
    return Triggers(triggers=shown, entries=len(shown), distinct=len(shown) - repeats)


def classes_shown(policy: ClassificationPolicy) -> Classes:
    """Return the closed lists with their meanings."""
    lists = {
        field: tuple(NameShown(id=name.value, **dict(one)) for name, one in getattr(policy, field).items())
        for field in Classes.model_fields
    }
    return Classes(**lists)


def taxonomy_shown(taxonomy: Taxonomy, *, whole: bool) -> TaxonomyShown:
    """Return a taxonomy; `whole`: with every id and name."""
    return TaxonomyShown(
        id=taxonomy.id,
        title=taxonomy.title,
        version=taxonomy.version,
        source=taxonomy.source,
        terms=taxonomy.terms if whole else len(taxonomy.terms),
    )
