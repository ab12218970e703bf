"""DSSE envelopes: statements signed with Ed25519, and who may sign them.

The signature covers the Pre-Authentication Encoding of DSSE v1
(https://github.com/secure-systems-lab/dsse), so the payload type is signed with the payload.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ConfigDict, Field, TypeAdapter

from andon.domain.errors import SignatureError
from andon.domain.values import Carried, Instant, Sha256Hex, canonical, digest_of, sha256

PayloadType = Literal[
    "application/vnd.andon.response.v1+json",
    "application/vnd.andon.proposal.v1+json",
    "application/vnd.andon.declaration.v1+json",
    "application/vnd.andon.detection.v1+json",
]
RESPONSE_TYPE: Final = "application/vnd.andon.response.v1+json"
PROPOSAL_TYPE: Final = "application/vnd.andon.proposal.v1+json"
DECLARATION_TYPE: Final = "application/vnd.andon.declaration.v1+json"
DETECTION_TYPE: Final = "application/vnd.andon.detection.v1+json"

BY_PEOPLE: Final = frozenset({RESPONSE_TYPE, PROPOSAL_TYPE, DECLARATION_TYPE})
"""What a person signs, or the console for them."""


class Signature(Carried):
    """One signature of an envelope."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keyid: Sha256Hex = Field(description="SHA-256 of the raw public key")
    sig: str = Field(max_length=200, description="base64")


class Envelope(Carried):
    """A DSSE envelope. Unknown fields are refused: nothing unsigned may ride along."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payloadType: PayloadType  # noqa: N815 - DSSE names it so
    payload: str = Field(max_length=64_000, description="base64 of the statement as RFC 8785 JSON")
    signatures: tuple[Signature, ...] = Field(min_length=1, max_length=4)

    def digest(self) -> Sha256Hex:
        """SHA-256 of the envelope as RFC 8785 JSON."""
        return digest_of(self)


def key_id(public_key: bytes) -> Sha256Hex:
    """Return the id of a raw 32-byte Ed25519 public key."""
    return sha256(public_key)


def public_key_of(seed: bytes) -> bytes:
    """Return the raw public key that belongs to a 32-byte seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(statement: Carried, seed: bytes, kind: PayloadType = RESPONSE_TYPE) -> Envelope:
    """Sign `statement` as a payload of its kind, with the Ed25519 key grown from `seed`."""
    payload = canonical(statement)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = key.sign(_pre_authentication_encoding(kind, payload))
    return Envelope(
        payloadType=kind,
        payload=base64.b64encode(payload).decode(),
        signatures=(
            Signature(
                keyid=key_id(key.public_key().public_bytes_raw()), sig=base64.b64encode(signature).decode()
            ),
        ),
    )


def open_envelope(envelope: Envelope, trusted: Mapping[Sha256Hex, str]) -> bytes:
    """Return the payload once every signature on the envelope holds.

    Args:
        envelope: what came in.
        trusted: key id -> base64 of the raw public key.

    Raises:
        SignatureError: a key is unknown, or a signature does not cover these bytes.
    """
    payload = _decoded(envelope.payload)
    signed = _pre_authentication_encoding(envelope.payloadType, payload)
    for signature in envelope.signatures:
        known = trusted.get(signature.keyid)
        if known is None:
            raise SignatureError(f"key {signature.keyid[:16]} is not trusted here")
        try:
            Ed25519PublicKey.from_public_bytes(_decoded(known)).verify(_decoded(signature.sig), signed)
        except InvalidSignature as error:
            raise SignatureError("the statement was altered, or signed by somebody else") from error
    return payload


def received_at(envelope: Envelope) -> datetime:
    """Return when what is inside was received, as it says; the signature is not looked at."""
    return _RECEIVED.validate_json(_decoded(envelope.payload)).received_at


class _Received(Carried):
    received_at: Instant


_RECEIVED: Final = TypeAdapter(_Received)


def _pre_authentication_encoding(payload_type: PayloadType, payload: bytes) -> bytes:
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise SignatureError("not base64") from error
