"""What a person can choose from where an answer names somebody, or evidence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from andon.console.parts import Parts
from andon.domain.decision import DecisionRequest
from andon.domain.directory import Person
from andon.domain.errors import NotFoundError
from andon.domain.evidence import EvidenceItem
from andon.domain.finding import Sort, sort_of
from andon.domain.source_times import in_order


@dataclass(frozen=True, slots=True)
class Choices:
    """People and evidence items that an answer can name; none where the question asks for none."""

    people: tuple[Person, ...] = ()
    items: tuple[EvidenceItem, ...] = ()


async def choices_for(parts: Parts, request: DecisionRequest) -> Choices:
    """Return what the findings of a question can name."""
    sorts = {sort_of(values) for values in request.findings.values()}
    return Choices(
        people=await asyncio.to_thread(_people, parts) if Sort.PERSON in sorts else (),
        items=await asyncio.to_thread(_items, parts, request.incident) if Sort.ITEMS in sorts else (),
    )


async def people_to_name(parts: Parts) -> Choices:
    """Return whom something can be given to."""
    return Choices(people=await asyncio.to_thread(_people, parts))


def _people(parts: Parts) -> tuple[Person, ...]:
    at = parts.now()
    try:
        directory = parts.people.directory_at(at)
    except NotFoundError:
        return ()
    return tuple(sorted((one for one in directory.people if one.counts_at(at)), key=lambda one: one.name))


def _items(parts: Parts, incident: str) -> tuple[EvidenceItem, ...]:
    return tuple(placed.item for placed in in_order(parts.evidence.items(incident)))
