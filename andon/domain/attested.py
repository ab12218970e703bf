"""What a person says of their own accord: the form of it, and what any of it must meet to be heard."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from andon.domain.directory import Role, Standing
from andon.domain.errors import SignatureError
from andon.domain.response import Refusal
from andon.domain.signing import Envelope, PayloadType, open_envelope
from andon.domain.values import Carried, IncidentId, Instant, PersonId, Sha256Hex


class Attested(Carried):
    """What a person says, attested by the console and signed whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    incident: IncidentId
    kind: StrEnum
    about: dict[str, str]
    reason: Sha256Hex = Field(description="digest of the encrypted text of the reason")
    reason_text: str = Field(description="id of that text in the register")
    policy: Sha256Hex
    person: PersonId
    role: Role
    standing: Standing = Field(description="what the directory in force at `received_at` said of the person")
    nonce: str = Field(min_length=16, max_length=64)
    received_at: Instant
    attested_by: Literal["console"] = "console"


Said = TypeVar("Said", bound=Attested)


def read_attested(
    model: type[Said], payload_type: PayloadType, envelope: Envelope, trusted: Mapping[Sha256Hex, str]
) -> Said:
    """Open a signed envelope and read what is inside.

    Raises:
        SignatureError: the signature does not hold, or the payload is something else.
    """
    name = model.__name__.lower()
    if envelope.payloadType != payload_type:
        raise SignatureError(f"what was signed is no {name}")
    try:
        return model.model_validate_json(open_envelope(envelope, trusted))
    except ValidationError as error:
        raise SignatureError(f"what was signed is no {name}") from error


def unheard(
    said: Attested, standing: Standing, *, incident: IncidentId, policy: Sha256Hex, held: bool
) -> Refusal | None:
    """Return why a person is not heard at all, whatever they say; None: they are.

    Args:
        said: what they say; its signature holds.
        standing: what the directory in force at `received_at` says of them.
        incident: the incident it came to.
        policy: digest of the policy the incident is pinned to.
        held: whether they may speak in the role they name.
    """
    holds: tuple[tuple[Refusal, bool], ...] = (
        (Refusal.WRONG_INCIDENT, said.incident != incident),
        (Refusal.BINDING, said.policy != policy),
        (Refusal.UNKNOWN_PERSON, not standing.known or standing.person != said.person),
        (Refusal.SUSPENDED, standing.suspended),
        (Refusal.SHARED_ACCOUNT, standing.shared),
        (Refusal.ROLE_NOT_HELD, not held),
    )
    return next((refusal for refusal, found in holds if found), None)
