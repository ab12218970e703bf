"""Statements that came in and no entry names: each was refused, and of a flood only the first are written.

A refusal's entry names the person and what it was about, but no statement. So a statement is laid at the door
of the refusals of its own person and subject; those that nobody could read are refused without a name.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from andon.domain.ledger import Entry, Kind
from andon.domain.response import REFUSALS_KEPT
from andon.domain.signing import Envelope
from andon.domain.values import Sha256Hex

REFUSED: Final = frozenset(
    {Kind.RESPONSE_REFUSED, Kind.PROPOSAL_REFUSED, Kind.DECLARATION_REFUSED, Kind.SIGNAL_REFUSED}
)
NOBODY: Final = "unknown"
"""Who sent what was refused unread: it was signed by nobody who is trusted, or no signal that is known."""
_Door = tuple[str, str]


class _Said(BaseModel):
    """Of a statement, who said it and about what; its signature is not looked at."""

    model_config = ConfigDict(frozen=True)

    person: str
    decision: str = ""
    kind: str = ""


def unexplained(statements: Mapping[Sha256Hex, Envelope], entries: Iterable[Entry]) -> list[Sha256Hex]:
    """Return the digests of statements that neither an entry names nor a refusal can account for."""
    refusals = [one for one in entries if one.kind in REFUSED]
    written = Counter((one.subject, one.actor) for one in refusals)
    came_in: dict[_Door, list[Sha256Hex]] = defaultdict(list)
    for digest in sorted(statements):
        came_in[_door(statements[digest])].append(digest)
    unread = came_in.pop(("", NOBODY), [])
    # What names a person may still have been signed by nobody who is trusted.
    unread += [digest for door, found in came_in.items() for digest in _left(found, written[door])]
    return _left(unread, sum(one.actor == NOBODY for one in refusals))


def _left(found: list[Sha256Hex], refusals: int) -> list[Sha256Hex]:
    """Return the statements that so many refusals don't account for; of a flood the rest was only counted."""
    return [] if refusals >= REFUSALS_KEPT else found[refusals:]


def _door(envelope: Envelope) -> _Door:
    try:
        said = _Said.model_validate_json(base64.b64decode(envelope.payload, validate=True))
    except (ValidationError, binascii.Error):
        return "", NOBODY
    return (said.decision or said.kind)[:64], f"person:{said.person}"
