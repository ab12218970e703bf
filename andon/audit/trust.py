"""The auditor's own list of keys: whose signature counts for what.

Nothing in a bundle can add to it. A bundle may carry the keys that the server names, for
comparison only.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from andon.audit.texts import first_problem, read_json
from andon.domain.errors import InvalidInputError
from andon.domain.note import LOG, WITNESS, key_from
from andon.domain.signing import key_id
from andon.domain.values import Frozen, Sha256Hex

FORMAT: Final = "andon-trust/1"

Keys = dict[Sha256Hex, str]
"""Key id -> base64 of the raw Ed25519 public key."""


class Trust(Frozen):
    """The keys that one verification trusts."""

    format: Literal["andon-trust/1"] = FORMAT
    attestation: Keys = Field(description="keys that may attest what people said: id -> base64")
    log: tuple[str, ...] = Field((), description="verifier keys of the log that signs checkpoints")
    witnesses: tuple[str, ...] = Field((), description="verifier keys of witnesses")
    timestamp_roots: tuple[str, ...] = Field((), description="root certificates of time stamps, as PEM")


def read_trust(path: Path) -> Trust:
    """Read a trust file.

    Raises:
        InvalidInputError: it can't be read, names no key, or a key does not belong to its id.
    """
    return checked_trust(read_json(path), str(path))


def checked_trust(given: Any, named: str) -> Trust:
    """Return `given` as trusted keys; `named` is where it comes from.

    Raises:
        InvalidInputError: it is no trust file, names no key that may attest, or a key does not
            belong to its id.
    """
    try:
        trust = Trust.model_validate(given)
    except ValidationError as error:
        raise InvalidInputError(f"{named} is no list of trusted keys: {first_problem(error)}") from error
    if not trust.attestation:
        raise InvalidInputError(f"{named} names no key, so nothing could be trusted")
    for name, key in trust.attestation.items():
        if key_id(_raw(key)) != name:
            raise InvalidInputError(f"{named}: the key listed as {name[:16]} has another id")
    for text, kind in (*((one, LOG) for one in trust.log), *((one, WITNESS) for one in trust.witnesses)):
        if key_from(text).kind != kind:
            raise InvalidInputError(f"{named}: {text[:60]} is a key for something else")
    if len({key_from(one).public for one in (*trust.log, *trust.witnesses)}) < len(
        (*trust.log, *trust.witnesses)
    ):
        raise InvalidInputError(f"{named} lists one key twice: log and witnesses are different parties")
    return trust


def _raw(key: str) -> bytes:
    try:
        return base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise InvalidInputError("a trusted key is not base64") from error
