"""An authenticator as WebAuthn describes one, written from the standard and without Andon's code."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRESENT = 0x01
VERIFIED = 0x04
CREDENTIAL_INCLUDED = 0x40


def b64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass(frozen=True)
class Assertion:
    """What `navigator.credentials.get()` gives a page."""

    authenticator: bytes
    client: bytes
    signature: bytes


@dataclass(frozen=True)
class Registration:
    """What `navigator.credentials.create()` gives a page."""

    authenticator: bytes
    client: bytes
    attestation: bytes


@dataclass(frozen=True)
class Asked:
    """How a page asks; each test changes what it is about."""

    challenge: bytes
    rp: str = "andon.example.org"
    origin: str = "https://andon.example.org"
    kind: str = "webauthn.get"
    cross_origin: bool = False
    flags: int = PRESENT | VERIFIED
    counter: int = 7

    def but(self, **changes: object) -> Asked:
        return replace(self, **changes)  # type: ignore[arg-type] # each test names real fields


class Authenticator:
    """One credential: an ES256, an EdDSA or an RS256 key."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey | rsa.RSAPrivateKey) -> None:
        self._key = key
        self.credential = hashlib.sha256(self.cose).digest()[:16]

    @property
    def cose(self) -> bytes:
        """The public key, as RFC 9053 writes it."""
        if isinstance(self._key, Ed25519PrivateKey):
            raw = self._key.public_key().public_bytes_raw()
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: raw}, canonical=True)
        if isinstance(self._key, rsa.RSAPrivateKey):
            found = self._key.public_key().public_numbers()
            n, e = (one.to_bytes((one.bit_length() + 7) // 8, "big") for one in (found.n, found.e))
            return cbor2.dumps({1: 3, 3: -257, -1: n, -2: e}, canonical=True)
        numbers = self._key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y}, canonical=True)

    def assert_for(self, asked: Asked) -> Assertion:
        """Sign as section 6.3.3 says."""
        client = _client_data(asked)
        authenticator = _authenticator_data(asked)
        signed = authenticator + hashlib.sha256(client).digest()
        return Assertion(authenticator=authenticator, client=client, signature=self._sign(signed))

    def register(self, asked: Asked) -> Registration:
        """Give the credential as section 6.3.2 says, without attestation."""
        credential = len(self.credential).to_bytes(2, "big") + self.credential + self.cose
        asked = asked.but(flags=asked.flags | CREDENTIAL_INCLUDED)
        authenticator = _authenticator_data(asked) + bytes(16) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": authenticator}, canonical=True)
        return Registration(authenticator, _client_data(asked), attestation)

    def _sign(self, content: bytes) -> bytes:
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(content)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(content, ec.ECDSA(hashes.SHA256()))


def _client_data(asked: Asked) -> bytes:
    return json.dumps(
        {
            "type": asked.kind,
            "challenge": b64url(asked.challenge),
            "origin": asked.origin,
            "crossOrigin": asked.cross_origin,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        }
    ).encode()


def _authenticator_data(asked: Asked) -> bytes:
    rp = hashlib.sha256(asked.rp.encode()).digest()
    return rp + bytes([asked.flags]) + asked.counter.to_bytes(4, "big")


def es256() -> Authenticator:
    return Authenticator(ec.generate_private_key(ec.SECP256R1()))


def eddsa() -> Authenticator:
    return Authenticator(Ed25519PrivateKey.generate())


def rs256(bits: int = 2048) -> Authenticator:
    """As Windows Hello makes where the TPM has no curves."""
    return Authenticator(rsa.generate_private_key(65537, bits))
