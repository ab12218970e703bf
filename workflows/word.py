"""What a person says of their own accord, written down: taken with its statement, or refused and counted."""

from __future__ import annotations

from pydantic import BaseModel

from andon.domain.attested import Attested
from andon.domain.incident import Exhibit, IncidentState
from andon.domain.ledger import Kind
from andon.domain.response import Refusal
from andon.domain.signing import Envelope
from workflows.decisions import Decisions
from workflows.tape import Tape


class Word:
    """Writes proposals and declarations of one incident into its ledger."""

    def __init__(self, state: IncidentState, tape: Tape, decisions: Decisions) -> None:
        self._state = state
        self._tape = tape
        self._decisions = decisions

    def take(self, kind: Kind, said: Attested, envelope: Envelope) -> None:
        """Put it on record with what was signed; the same statement is refused from now on."""
        self._state.nonces.append(said.nonce)
        statement = envelope.digest()
        self._tape.exhibit(Exhibit(digest=statement, envelope=envelope))
        self._tape.add(
            kind,
            actor=f"person:{said.person}",
            subject=said.kind.value,
            reason=said.reason,
            digests={"statement": statement, "directory": said.standing.directory_digest},
            facts={**said.about, "role": said.role.value},
        )

    def refuse(self, kind: Kind, said: Attested, refusal: Refusal) -> None:
        """Put a refusal on record; a flood of them is counted, not written out."""
        if self._decisions.counts_once_more(f"{said.kind}/{said.person}"):
            self._tape.add(
                kind,
                actor=f"person:{said.person}",
                subject=said.kind.value,
                reason=said.reason,
                facts={"refusal": refusal.value, "role": said.role.value},
            )


def refuse_other_than(model: type[BaseModel], value: object) -> None:
    """Refuse an update's argument that is of another type.

    Raises:
        TypeError: it is.
    """
    if not isinstance(value, model):
        raise TypeError(f"this takes one {model.__name__}")
