"""Checks on what people stated without being asked: signed by a trusted key, by somebody in that role."""

from __future__ import annotations

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.signatures import named, signed
from andon.audit.stated import must_be_heard, must_say_the_same
from andon.audit.trust import Keys
from andon.domain.declaration import read_declaration
from andon.domain.ledger import Kind


def check_declarations(step: Step, opened: Opened, trust: Keys) -> None:
    """Every declaration has its statement, says what the entry says, and came from somebody in that role."""
    nonces: set[str] = set()
    for entry in opened.entries:
        if entry.kind != Kind.DECLARED:
            continue
        step.checked += 1
        declaration = signed(step, entry, opened, trust, read_declaration)
        if declaration is None:
            continue
        must_say_the_same(step, entry, declaration)
        must_be_heard(step, entry, declaration, opened, stand_ins=True)
        if declaration.nonce in nonces:
            step.broken(named(entry), "counts a declaration a second time")
        nonces.add(declaration.nonce)
