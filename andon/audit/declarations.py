"""Checks on what people stated without being asked: signed by a trusted key, by somebody in that role."""

from __future__ import annotations

from andon.audit.auditset import Opened, Trust
from andon.audit.findings import Step
from andon.audit.signatures import must_agree, named, signed
from andon.domain.declaration import Declaration, read_declaration
from andon.domain.directory import standing_at
from andon.domain.ledger import Entry, Kind
from andon.domain.values import NOTHING_YET


def check_declarations(step: Step, opened: Opened, trust: Trust) -> None:
    """Every declaration has its statement, says what the entry says, and came from somebody in that role."""
    nonces: set[str] = set()
    for entry in opened.entries:
        if entry.kind != Kind.DECLARED:
            continue
        step.checked += 1
        declaration = signed(step, entry, opened, trust, read_declaration)
        if declaration is None:
            continue
        _says_the_same(step, entry, declaration)
        _could_say(step, entry, declaration, opened)
        if declaration.nonce in nonces:
            step.broken(named(entry), "counts a declaration a second time")
        nonces.add(declaration.nonce)


def _says_the_same(step: Step, entry: Entry, declaration: Declaration) -> None:
    about = {name: value for name, value in entry.facts.items() if name != "role"}
    pairs = (
        ("incident", entry.incident, declaration.incident),
        ("kind", entry.subject, declaration.kind.value),
        ("person", entry.actor, f"person:{declaration.person}"),
        ("role", entry.facts.get("role"), declaration.role.value),
        ("reason", entry.reason, declaration.reason),
        ("what it is about", about, declaration.about),
    )
    must_agree(step, entry, pairs)


def _could_say(step: Step, entry: Entry, declaration: Declaration, opened: Opened) -> None:
    directory = opened.directories.get(entry.digests.get("directory", NOTHING_YET))
    if directory is None:
        step.note("without the directory of that time, people's roles are taken as they were signed")
        standing = declaration.standing
    else:
        standing = standing_at(directory, declaration.person, declaration.received_at)
    could = (
        standing.known
        and not standing.suspended
        and not standing.shared
        and standing.speaks_as(declaration.role)
    )
    step.must(could, named(entry), f"{declaration.person} could not speak as {declaration.role}")
