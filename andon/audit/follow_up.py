"""Checks on what became of changes after the close: each proof and drop signed, and by somebody who may.

1. Each has its statement, signed by a trusted key, that says what the entry says.
2. The person could speak in the role they named, by the directory of that time.
3. It settles a change that the first entry of the follow-up hands over as open, and that nothing has settled
   before.
4. At the severities of high and critical it is not the word of the change's own owner, as that entry names
   them.
"""

from __future__ import annotations

from typing import Final

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.signatures import must_agree, named, signed
from andon.audit.stated import must_be_heard
from andon.audit.trust import Keys
from andon.domain.change import ChangeState
from andon.domain.custody import AccessKind
from andon.domain.declaration import Declaration, read_declaration
from andon.domain.follow_up import CHANGE, STEP, HandedOver, handed_over
from andon.domain.ledger import Entry
from andon.domain.severity import Band

GRAVE: Final = frozenset({Band.HIGH.value, Band.CRITICAL.value})
SETTLED: Final = frozenset({AccessKind.CHANGE_PROVEN.value, AccessKind.CHANGE_DROPPED.value})
SAID_BY_ANDON: Final = frozenset({"role", STEP})
"""Facts of an entry that are not part of what a person said."""


def check_follow_up(statements: Step, judgement: Step, opened: Opened, trust: Keys) -> None:
    """Every proof and every drop holds, and settles what was open."""
    begun = next((one for one in opened.access if one.kind == AccessKind.FOLLOW_UP_BEGUN), None)
    left = handed_over(begun.facts) if begun is not None else {}
    grave = begun is not None and begun.facts.get("severity") in GRAVE
    nonces: set[str] = set()
    for entry in opened.access:
        if entry.kind not in SETTLED:
            continue
        statements.checked += 1
        said = signed(statements, entry, opened, trust, read_declaration)
        if said is None:
            continue
        _must_say_the_same(statements, entry, said)
        must_be_heard(statements, entry, said, opened, stand_ins=True)
        if said.nonce in nonces:
            statements.broken(named(entry), "counts a declaration a second time")
        nonces.add(said.nonce)
        _must_be_open(judgement, entry, left, grave=grave)


def _must_say_the_same(step: Step, entry: Entry, said: Declaration) -> None:
    about = {name: value for name, value in entry.facts.items() if name not in SAID_BY_ANDON}
    pairs = (
        ("incident", entry.incident, said.incident),
        ("kind", entry.kind, said.kind.value),
        ("person", entry.actor, f"person:{said.person}"),
        ("role", entry.facts.get("role"), said.role.value),
        ("reason", entry.reason, said.reason),
        ("time", entry.at, said.received_at),
        ("change", entry.subject, said.about.get(CHANGE)),
        ("what it is about", about, said.about),
    )
    must_agree(step, entry, pairs)


def _must_be_open(step: Step, entry: Entry, left: dict[str, HandedOver], *, grave: bool) -> None:
    """Find what settles a change that is not there, or is settled; take it off the list."""
    change = left.pop(entry.subject, None)
    if change is None or change.state is not ChangeState.OPEN:
        step.must(False, named(entry), f"settles {entry.subject}, which is not open")
        return
    own = entry.actor == f"person:{change.owner}"
    step.must(not (grave and own), named(entry), f"settles {entry.subject} by the word of its own owner")
