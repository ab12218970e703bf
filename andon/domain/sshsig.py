"""SSH signatures of people: OpenSSH's SSHSIG form, Ed25519 only, made and checked without I/O.

The format is PROTOCOL.sshsig of OpenSSH; public keys are in the wire form of RFC 4253, section 6.6,
and RFC 8709. What is checked here is what `ssh-keygen -Y verify -n andon.response` checks, and more:
a signature has exactly one accepted spelling up to where its lines break.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.exact import exact_base64, to_base64
from andon.domain.values import Sha256Hex

NAMESPACE: Final = "andon.response"
"""What keeps a signature made for something else, such as a git commit, from counting as an answer."""

KEY_NAMESPACE: Final = "andon.key"
"""The same for a proof that somebody has the private half of a key."""

KEY_TYPE: Final = b"ssh-ed25519"
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_HASHES: Final = (b"sha512", b"sha256")
_ARMOUR: Final = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END SSH SIGNATURE-----\n?"
)
_LINE: Final = 70  # as ssh-keygen breaks them
_SMALL_ORDER: Final = frozenset(
    # y of the eight points whose order divides 8 (RFC 8032 form, sign bit clear; two of them have a second,
    # unreduced spelling). Under such a "key" one signature holds for any statement.
    bytes.fromhex(y)
    for y in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


def public_line(key: Ed25519PublicKey) -> str:
    """Return a public key as `ssh-ed25519 AAAA...`."""
    return f"{KEY_TYPE.decode()} {to_base64(_wire(key.public_bytes_raw()))}"


def read_public_line(line: str) -> bytes:
    """Return the wire form of the key in a line of an SSH public key file; its comment is left out.

    Raises:
        InvalidInputError: it is no such line, or a kind of key that Andon does not take.
    """
    words = line.split()
    if "PRIVATE KEY" in line:
        raise InvalidInputError(
            "this is a private key: show it to nobody, and give the file that ends in .pub"
        )
    if len(words) < 2 or "\n" in line.strip():
        raise InvalidInputError("an SSH public key is one line: ssh-ed25519 AAAA... comment")
    if words[0] != KEY_TYPE.decode():
        raise InvalidInputError(_unsupported(words[0]))
    try:
        wire = exact_base64(words[1])
        raw = _raw_key(wire)
    except SignatureError as error:
        raise InvalidInputError("the SSH public key is damaged: copy the whole line again") from error
    if is_weak_ed25519(raw):
        raise InvalidInputError("this key is worth nothing: anybody could sign with it")
    return wire


def fingerprint(digest: Sha256Hex) -> str:
    """Return the SHA-256 of a wire form as `ssh-keygen -l` prints it."""
    return f"SHA256:{to_base64(bytes.fromhex(digest)).rstrip('=')}"


def is_weak_ed25519(raw: bytes) -> bool:
    """Whether a raw public key is a point of small order."""
    return raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER


def sign_sshsig(content: bytes, key: Ed25519PrivateKey, namespace: str = NAMESPACE) -> str:
    """Return an armoured SSHSIG over `content` in one of Andon's namespaces."""
    wire = _wire(key.public_key().public_bytes_raw())
    return armoured(wire, key.sign(to_sign(content, namespace)), namespace)


def to_sign(content: bytes, namespace: str = NAMESPACE) -> bytes:
    """Return the bytes whose plain Ed25519 signature `armoured` takes."""
    return _signed(content, b"sha512", namespace)


def armoured(wire: bytes, signature: bytes, namespace: str = NAMESPACE) -> str:
    """Return an armoured SSHSIG from a key's wire form and its 64-byte signature of `to_sign`."""
    blob = b"".join(
        (
            _MAGIC,
            _VERSION.to_bytes(4, "big"),
            _text(wire),
            _text(namespace.encode()),
            _text(b""),
            _text(b"sha512"),
            _text(_text(KEY_TYPE) + _text(signature)),
        )
    )
    flat = to_base64(blob)
    lines = [flat[start : start + _LINE] for start in range(0, len(flat), _LINE)]
    return "\n".join(("-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""))


def check_sshsig(content: bytes, text: str, wire: bytes, namespace: str = NAMESPACE) -> None:
    """Check an armoured SSHSIG over `content`, made with the key whose wire form is given.

    Raises:
        SignatureError: it does not hold, and why.
    """
    # 1. The armour and the blob have the form of PROTOCOL.sshsig, with nothing left over.
    # 2. It is made with this very key, for Andon, with a hash that OpenSSH allows.
    # 3. The reserved field, which is not signed, is empty.
    # 4. The signature is Ed25519 over the magic, the namespace and the hash of the content.
    found = _ARMOUR.fullmatch(text)
    if found is None:
        raise SignatureError("this is no armoured SSH signature")
    fields = _Fields(exact_base64(found[1].replace("\n", "")))
    if fields.take(len(_MAGIC)) != _MAGIC or fields.take(4) != _VERSION.to_bytes(4, "big"):
        raise SignatureError("this is no SSH signature of version 1")
    key, purpose, reserved, hashed, signature = (fields.text() for _ in range(5))
    fields.end()
    if key != wire:
        raise SignatureError("it was signed with another key")
    if purpose != namespace.encode():
        raise SignatureError(f"it was signed for another purpose than {namespace}")
    if reserved or hashed not in _HASHES:
        raise SignatureError("it uses a form of SSH signature that is not accepted")
    try:
        public = Ed25519PublicKey.from_public_bytes(_raw_key(wire))
        public.verify(raw_signature(signature), _signed(content, hashed, namespace))
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the statement was altered, or signed with another key") from error


def _signed(content: bytes, hashed: bytes, namespace: str) -> bytes:
    digest = hashlib.new(hashed.decode(), content).digest()
    return _MAGIC + _text(namespace.encode()) + _text(b"") + _text(hashed) + _text(digest)


def _wire(raw: bytes) -> bytes:
    return _text(KEY_TYPE) + _text(raw)


def _raw_key(wire: bytes) -> bytes:
    return _tagged(wire, 32)


def raw_signature(blob: bytes) -> bytes:
    """Return the 64 bytes in a signature of RFC 8709, section 6.

    Raises:
        SignatureError: it is another kind of signature.
    """
    return _tagged(blob, 64)


def _tagged(blob: bytes, size: int) -> bytes:
    fields = _Fields(blob)
    kind, value = fields.text(), fields.text()
    fields.end()
    if kind != KEY_TYPE or len(value) != size:
        raise SignatureError("only ssh-ed25519 is accepted")
    return value


def _text(content: bytes) -> bytes:
    """A string of RFC 4251, section 5."""
    return len(content).to_bytes(4, "big") + content


class _Fields:
    """Reads the fields of a blob one after another, and never past its end."""

    def __init__(self, blob: bytes) -> None:
        self._rest = blob

    def take(self, size: int) -> bytes:
        if size > len(self._rest):
            raise SignatureError("the SSH signature is cut short")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def text(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def end(self) -> None:
        if self._rest:
            raise SignatureError("the SSH signature goes on after its end")


def _unsupported(kind: str) -> str:
    if kind.startswith("sk-"):
        return (
            "SSH keys on a security key (sk-...) are not supported; register it in the browser as a passkey"
        )
    if kind.startswith(("ssh-", "ecdsa-")):
        return f"{kind} keys are not accepted, only ssh-ed25519; make one with: ssh-keygen -t ed25519"
    return "this is no SSH public key; it begins with: ssh-ed25519"
