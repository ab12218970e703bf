"""Checks on what a person said of their own accord: the entry says the same, and they could speak."""

from __future__ import annotations

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.signatures import must_agree, named
from andon.domain.attested import Attested
from andon.domain.directory import Standing, standing_at
from andon.domain.ledger import Entry
from andon.domain.values import NOTHING_YET


def must_say_the_same(step: Step, entry: Entry, said: Attested) -> None:
    """Find what the entry records otherwise than the person signed it."""
    about = {name: value for name, value in entry.facts.items() if name != "role"}
    pairs = (
        ("incident", entry.incident, said.incident),
        ("kind", entry.subject, said.kind.value),
        ("person", entry.actor, f"person:{said.person}"),
        ("role", entry.facts.get("role"), said.role.value),
        ("reason", entry.reason, said.reason),
        ("what it is about", about, said.about),
    )
    must_agree(step, entry, pairs)


def must_be_heard(step: Step, entry: Entry, said: Attested, opened: Opened, *, stand_ins: bool) -> None:
    """Find a person who could not speak in the role they named.

    Args:
        step: the check this belongs to.
        entry: what the ledger records.
        said: what was signed.
        opened: what was handed over.
        stand_ins: whether somebody may speak for a holder of the role who was away.
    """
    directory = opened.directories.get(entry.digests.get("directory", NOTHING_YET))
    if directory is None:
        step.note("without the directory of that time, people's roles are taken as they were signed")
        standing = said.standing
    else:
        standing = standing_at(directory, said.person, said.received_at)
    step.must(
        standing.known
        and not standing.suspended
        and not standing.shared
        and _held(standing, said, stand_ins=stand_ins),
        named(entry),
        f"{said.person} could not speak as {said.role}",
    )


def _held(standing: Standing, said: Attested, *, stand_ins: bool) -> bool:
    return standing.speaks_as(said.role) if stand_ins else said.role in standing.roles
