"""What an entry says a person signed, opened again and held against the entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.trust import Keys
from andon.domain.errors import SignatureError
from andon.domain.ledger import Entry
from andon.domain.signing import Envelope
from andon.domain.values import Sha256Hex

Signed = TypeVar("Signed")


def signed(
    step: Step,
    entry: Entry,
    opened: Opened,
    trust: Keys,
    read: Callable[[Envelope, Mapping[Sha256Hex, str]], Signed],
) -> Signed | None:
    """Return what an entry rests on, read by `read`; None, with a finding, when it does not hold."""
    digest = entry.digests.get("statement", "")
    envelope = opened.statements.get(digest)
    if envelope is None:
        step.broken(named(entry), f"rests on statement {digest[:16] or '(none)'}, which is not there")
        return None
    try:
        return read(envelope, trust)
    except SignatureError as error:
        step.broken(f"statement {digest[:16]}", f"of {named(entry)}: {error}")
        return None


def must_agree(step: Step, entry: Entry, pairs: Iterable[tuple[str, object, object]]) -> None:
    """Find what the entry records otherwise than the person signed it: name, recorded, signed."""
    for name, recorded, said in pairs:
        if recorded != said:
            step.broken(named(entry), f"{name}: the entry says {recorded}, what was signed says {said}")


def named(entry: Entry) -> str:
    """Return how a finding names an entry."""
    return f"entry {entry.sequence}"
