"""Passkeys of people: WebAuthn assertions over what somebody said, checked without I/O.

Steps and field names are those of W3C Web Authentication Level 3, sections 7.1 and 7.2. The
`webauthn` package checks the same, but takes an exact origin and loads 160 modules, which workflow
code can't afford; tests hold both against the same assertions.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.exact import to_base64url
from andon.domain.sshsig import is_weak_ed25519

LOCAL_RP: Final = "localhost"
"""The one relying party whose pages may come without TLS."""

# The only spellings of the three kinds of COSE key: WebAuthn (section 6.5.1.1) demands canonical CBOR.
# {1: 2, 3: -7, -1: 1, -2: x, -3: y}, a P-256 key for ES256
_ES256: Final = re.compile(rb"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20(.{32})\x22\x58\x20(.{32})", re.DOTALL)
# {1: 1, 3: -8, -1: 6, -2: x}, an Ed25519 key for EdDSA
_EDDSA: Final = re.compile(rb"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20(.{32})", re.DOTALL)
# {1: 3, 3: -257, -1: n, -2: e}, an RSA key for RS256 (RFC 8812): Windows Hello makes them
_RS256_HEAD: Final = b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59"
_RS256: Final = re.compile(
    re.escape(_RS256_HEAD) + rb"(\x01\x00|\x01\x80|\x02\x00)([\x80-\xff].{255,511})\x21\x43\x01\x00\x01",
    re.DOTALL,
)
_RS256_TAIL: Final = 5  # the exponent, and what names it
_RSA_EXPONENT: Final = 65537
_RP: Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]{1,253})(:[0-9]{1,5})?")
_SHORTEST: Final = 37  # rpIdHash, flags, signCount: section 6.1
_USER_PRESENT: Final = 0x01
_USER_VERIFIED: Final = 0x04
_CREDENTIAL_INCLUDED: Final = 0x40
_EXTENSIONS_INCLUDED: Final = 0x80
_CREDENTIAL_AT: Final = 55  # after rpIdHash, flags, signCount, aaguid and credentialIdLength: section 6.5.1
_LONGEST_CREDENTIAL: Final = 350  # as base64url it has to fit a key of the directory

PublicKey = ec.EllipticCurvePublicKey | Ed25519PublicKey | rsa.RSAPublicKey
ACCEPTED: Final = "only passkeys with ES256, EdDSA or RS256 (2048 to 4096 bits) are accepted"


class _ClientData(BaseModel):
    """CollectedClientData of section 5.8.1; browsers may add members."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: Literal["webauthn.get", "webauthn.create"]
    challenge: str
    origin: str
    crossOrigin: bool = False  # noqa: N815 - WebAuthn names it so


def challenge_of(content: bytes) -> bytes:
    """Return the challenge by which a passkey signs `content`: its SHA-256."""
    return hashlib.sha256(content).digest()


def check_rp(rp: str) -> str:
    """Return a relying party's id as it is.

    Raises:
        InvalidInputError: it is no host name in lower case; browsers refuse addresses.
    """
    if _RP.fullmatch(rp) is None or rp.replace(".", "").isdigit():
        raise InvalidInputError(f"a passkey is made for a host name such as andon.example.org, not {rp!r}")
    return rp


def read_cose_key(cose: bytes) -> PublicKey:
    """Return the public key in a COSE key of WebAuthn.

    Raises:
        InvalidInputError: it is no ES256, EdDSA or RS256 key, or not one anybody can hold.
    """
    if found := _ES256.fullmatch(cose):
        x, y = (int.from_bytes(one, "big") for one in found.groups())
        try:
            return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InvalidInputError("the passkey's public key is not on its curve") from error
    if found := _EDDSA.fullmatch(cose):
        if is_weak_ed25519(found[1]):
            raise InvalidInputError("this key is worth nothing: anybody could sign with it")
        return Ed25519PublicKey.from_public_bytes(found[1])
    if (found := _RS256.fullmatch(cose)) and len(found[2]) == int.from_bytes(found[1], "big"):
        return rsa.RSAPublicNumbers(_RSA_EXPONENT, int.from_bytes(found[2], "big")).public_key()
    raise InvalidInputError(ACCEPTED)


def check_assertion(
    content: bytes, *, cose: bytes, rp: str, authenticator: bytes, client: bytes, signature: bytes
) -> None:
    """Check that a passkey made for `rp` signed `content`, with its person present and verified.

    The signature counter is not compared: what counts is decided later from what was stored, in any
    order, and passkeys that live on several devices have none.

    Raises:
        SignatureError: it does not hold, and why.
    """
    # 1. The client data are of an assertion, for this content, on a page of the relying party.
    # 2. The authenticator data are for the relying party, and tell of a person present and verified.
    # 3. The signature is over both, by the passkey's key.
    _check_client(client, "webauthn.get", challenge_of(content), rp)
    _check_authenticator(authenticator, rp)
    signed = authenticator + hashlib.sha256(client).digest()
    try:
        _verify(read_cose_key(cose), signature, signed)
    except (InvalidSignature, InvalidInputError, ValueError) as error:
        raise SignatureError("the statement was altered, or signed with another passkey") from error


def _verify(key: PublicKey, signature: bytes, signed: bytes) -> None:
    if isinstance(key, Ed25519PublicKey):
        key.verify(signature, signed)
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))


def read_registration(
    *, challenge: bytes, rp: str, authenticator: bytes, client: bytes
) -> tuple[bytes, bytes]:
    """Return the public key, in COSE form, and the credential id of a passkey that was just made.

    No attestation is asked for: which make of authenticator somebody uses is theirs to choose.

    Raises:
        SignatureError: it was not made for this challenge, on a page of `rp`, by a verified person.
        InvalidInputError: it is a kind of key that is not accepted.
    """
    _check_client(client, "webauthn.create", challenge, rp)
    _check_authenticator(authenticator, rp)
    if not authenticator[32] & _CREDENTIAL_INCLUDED or len(authenticator) < _CREDENTIAL_AT:
        raise SignatureError("the authenticator gave no passkey")
    ends = _CREDENTIAL_AT + int.from_bytes(authenticator[53:_CREDENTIAL_AT], "big")
    credential, rest = authenticator[_CREDENTIAL_AT:ends], authenticator[ends:]
    if not 0 < len(credential) <= _LONGEST_CREDENTIAL:
        raise SignatureError("the authenticator gave no usable id of a passkey")
    return _leading_key(rest, alone=not authenticator[32] & _EXTENSIONS_INCLUDED), credential


def _leading_key(content: bytes, *, alone: bool) -> bytes:
    found = _ES256.match(content) or _EDDSA.match(content)
    key = found[0] if found else _leading_rsa(content)
    if not key or (alone and len(key) != len(content)):
        raise InvalidInputError(ACCEPTED)
    read_cose_key(key)
    return key


def _leading_rsa(content: bytes) -> bytes:
    """Return as much as an RS256 key takes that says how long it is; nothing if none begins here."""
    if not content.startswith(_RS256_HEAD):
        return b""
    modulus = int.from_bytes(content[len(_RS256_HEAD) : len(_RS256_HEAD) + 2], "big")
    return content[: len(_RS256_HEAD) + 2 + modulus + _RS256_TAIL]


def _check_client(client: bytes, kind: str, challenge: bytes, rp: str) -> None:
    try:
        said = _ClientData.model_validate_json(client)
    except ValidationError as error:
        raise SignatureError("these are no client data of a passkey") from error
    if said.type != kind:
        raise SignatureError("the passkey was used for something else")
    if said.challenge != to_base64url(challenge):
        raise SignatureError("the passkey signed something else")
    if said.crossOrigin:
        raise SignatureError("the passkey was asked from inside another site's page")
    origin = _ORIGIN.fullmatch(said.origin)
    secure = origin is not None and (origin[1] == "https" or rp == LOCAL_RP)
    if origin is None or origin[2] != rp or not secure:
        raise SignatureError(f"the passkey was not asked by a page of {rp}")


def _check_authenticator(authenticator: bytes, rp: str) -> None:
    if len(authenticator) < _SHORTEST:
        raise SignatureError("the authenticator data are cut short")
    if authenticator[:32] != hashlib.sha256(rp.encode()).digest():
        raise SignatureError(f"the passkey was not made for {rp}")
    flags = authenticator[32]
    if not flags & _USER_PRESENT or not flags & _USER_VERIFIED:
        raise SignatureError("the authenticator did not verify that its person was there")
