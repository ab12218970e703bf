"""Time stamps of an outside authority over checkpoints (RFC 3161), asked for and checked.

A token is worth what its authority is: one of our own proves nothing against us. Its bytes are not its
identity, since parts of it are not signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.x509 import Certificate, ObjectIdentifier, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from andon.adapters.outgoing import Outgoing
from andon.domain.errors import InvalidInputError, LeverAwayError, SignatureError

NAME: Final = "time stamp authority"
GRANTED: Final = 200


class TimeStampAuthority:
    """Asks one authority over HTTP (RFC 3161 section 3.4)."""

    def __init__(self, outgoing: Outgoing, url: str, roots: Sequence[Certificate], policy: str = "") -> None:
        self._outgoing = outgoing
        self._url = url
        self._roots = tuple(roots)
        self._policy = policy

    async def stamp(self, content: bytes) -> bytes:
        """Return a token over `content` whose nonce, imprint, policy and chain hold.

        Raises:
            LeverAwayError: the authority does not answer, or with an error.
            SignatureError: what it answered does not hold.
            InvalidInputError: its URL may not be called.
        """
        request = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = await self._outgoing.call(
            NAME,
            "POST",
            self._url,
            headers={"content-type": "application/timestamp-query"},
            body=request.as_bytes(),
        )
        if answer.status != GRANTED:
            raise LeverAwayError(NAME, f"answers with {answer.status}")
        stamped_at(answer.body, content, self._roots, policy=self._policy, nonce=request.nonce)
        return answer.body


def stamped_at(
    token: bytes,
    content: bytes,
    roots: Sequence[Certificate],
    *,
    policy: str = "",
    nonce: int | None = None,
) -> datetime:
    """Return when an authority saw `content`, in UTC.

    Args:
        token: a time-stamp response.
        content: what it is to be over.
        roots: certificates that an authority's chain may end in.
        policy: the authority's policy that is wanted, as numbers and dots; empty: any.
        nonce: what the request carried; None: that is not known any more.

    Raises:
        SignatureError: it is no token, or does not hold.
    """
    verifier = VerifierBuilder(
        policy_id=ObjectIdentifier(policy) if policy else None, roots=list(roots), nonce=nonce
    ).build()
    try:
        response = decode_timestamp_response(token)
        verifier.verify_message(response, content)
    except (VerificationError, ValueError) as error:
        raise SignatureError(f"the time stamp does not hold: {str(error)[:200]}") from error
    return response.tst_info.gen_time.astimezone(UTC)


def read_roots(path: Path) -> list[Certificate]:
    """Read the certificates that an authority's chain may end in, as PEM.

    Raises:
        InvalidInputError: the file can't be read, or holds none.
    """
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"no certificates of a time stamp authority in {path}: {error}") from error
