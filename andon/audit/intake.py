"""Checks on how an incident came in, and on facts and times that people stated: each rests on a signature."""

from __future__ import annotations

from datetime import datetime

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.signatures import must_agree, named, signed
from andon.audit.trust import Keys
from andon.domain.declaration import Declared
from andon.domain.ledger import Entry, Kind
from andon.domain.times import IntakeStatement, read_intake


def check_intake(step: Step, opened: Opened, trust: Keys) -> None:
    """The door's statement on the first detection is there, holds, and says what the ledger says."""
    for entry in opened.entries:
        # Earlier releases opened without one; from an entry that had one the chain lets nobody take it.
        if entry.kind != Kind.INCIDENT_OPENED or "statement" not in entry.digests:
            continue
        step.checked += 1
        statement = signed(step, entry, opened, trust, read_intake)
        if statement is not None:
            _says_the_same(step, entry, statement)


def check_stated(step: Step, opened: Opened) -> None:
    """Every fact and every corrected time is what somebody declared, for the same reason."""
    declared: list[Entry] = []
    for entry in opened.entries:
        if entry.kind == Kind.DECLARED:
            declared.append(entry)
        elif entry.kind in (Kind.FACT_STATED, Kind.TIME_CORRECTED):
            step.checked += 1
            rests = any(_declares(one, entry) for one in declared)
            step.must(rests, named(entry), f"{entry.subject} was set to {entry.after}, which nobody declared")


def _says_the_same(step: Step, entry: Entry, statement: IntakeStatement) -> None:
    pairs = (
        ("incident", entry.incident, statement.incident),
        ("receipt", entry.facts.get("detection"), statement.receipt),
        ("AI system", entry.subject, statement.system),
        ("source", entry.actor, statement.source),
        ("channel", entry.facts.get("channel"), statement.channel),
        ("time of receipt", entry.at, statement.received_at),
    )
    must_agree(step, entry, pairs)


def _declares(declared: Entry, entry: Entry) -> bool:
    if (declared.actor, declared.reason) != (entry.actor, entry.reason):
        return False
    if entry.kind == Kind.FACT_STATED:
        return declared.subject == Declared.FACTS and declared.facts.get(entry.subject) == entry.after
    which, at = declared.facts.get("which"), declared.facts.get("at")
    return (
        declared.subject == Declared.TIMES and which == entry.subject and _same_moment(str(at), entry.after)
    )


def _same_moment(one: str, other: str) -> bool:
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except ValueError:
        return False
