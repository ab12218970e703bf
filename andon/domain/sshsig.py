"""SSH signatures of people: OpenSSH's SSHSIG form, Ed25519 only, made and checked without I/O.

The format is PROTOCOL.sshsig of OpenSSH; public keys are in the wire form of RFC 4253, section 6.6,
and RFC 8709; keys that live on a security key (FIDO) in that of OpenSSH's PROTOCOL.u2f. What is checked
here is what `ssh-keygen -Y verify -n andon.response` checks, and more:
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
SECURITY_KEY_TYPE: Final = b"sk-ssh-ed25519@openssh.com"
"""An Ed25519 key on a security key: what it signs says whether somebody touched it."""

_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_HASHES: Final = (b"sha512", b"sha256")
_ARMOUR: Final = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END SSH SIGNATURE-----\n?"
)
_APPLICATION: Final = re.compile(rb"ssh:[\x21-\x7e]{0,250}")
_PRESENT: Final = 0x01
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
    if words[0].encode() not in (KEY_TYPE, SECURITY_KEY_TYPE):
        raise InvalidInputError(_unsupported(words[0]))
    try:
        wire = exact_base64(words[1])
        kind, raw, _ = _key(wire)
    except SignatureError as error:
        raise InvalidInputError("the SSH public key is damaged: copy the whole line again") from error
    if kind != words[0].encode():
        raise InvalidInputError("the SSH public key is damaged: copy the whole line again")
    if is_weak_ed25519(raw):
        raise InvalidInputError("this key is worth nothing: anybody could sign with it")
    return wire


def line_of(wire: bytes) -> str:
    """Return the line of a public key file for a wire form that was read, without a comment."""
    return f"{_key(wire)[0].decode()} {to_base64(wire)}"


def fingerprint(digest: Sha256Hex) -> str:
    """Return the SHA-256 of a wire form as `ssh-keygen -l` prints it."""
    return f"SHA256:{to_base64(bytes.fromhex(digest)).rstrip('=')}"


def is_weak_ed25519(raw: bytes) -> bool:
    """Whether a raw public key is a point of small order."""
    return raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER


def sign_sshsig(content: bytes, key: Ed25519PrivateKey, namespace: str = NAMESPACE) -> str:
    """Return an armoured SSHSIG over `content` in one of Andon's namespaces."""
    wire = _wire(key.public_key().public_bytes_raw())
    return armoured(wire, _text(KEY_TYPE) + _text(key.sign(to_sign(content, namespace))), namespace)


def to_sign(content: bytes, namespace: str = NAMESPACE) -> bytes:
    """Return the bytes that are signed: by the key itself, or by ssh-agent."""
    return _signed(content, b"sha512", namespace)


def armoured(wire: bytes, signature: bytes, namespace: str = NAMESPACE) -> str:
    """Return an armoured SSHSIG from a key's wire form and its signature blob over `to_sign`."""
    blob = b"".join(
        (
            _MAGIC,
            _VERSION.to_bytes(4, "big"),
            _text(wire),
            _text(namespace.encode()),
            _text(b""),
            _text(b"sha512"),
            _text(signature),
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
    # 4. The signature is Ed25519 over the magic, the namespace and the hash of the content; that of a
    #    security key over their digest, with flags that say that somebody touched it.
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
        _check_blob(wire, signature, _signed(content, hashed, namespace))
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the statement was altered, or signed with another key") from error


def _signed(content: bytes, hashed: bytes, namespace: str) -> bytes:
    digest = hashlib.new(hashed.decode(), content).digest()
    return _MAGIC + _text(namespace.encode()) + _text(b"") + _text(hashed) + _text(digest)


def _wire(raw: bytes) -> bytes:
    return _text(KEY_TYPE) + _text(raw)


def _key(wire: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the type, the raw key, and for a key on a security key the application it was made for."""
    fields = _Fields(wire)
    kind, raw = fields.text(), fields.text()
    application = fields.text() if kind == SECURITY_KEY_TYPE else b""
    fields.end()
    if kind not in (KEY_TYPE, SECURITY_KEY_TYPE) or len(raw) != 32:
        raise SignatureError("only Ed25519 is accepted")
    # Browsers make keys for host names: one of those must never count as an SSH key.
    if kind == SECURITY_KEY_TYPE and _APPLICATION.fullmatch(application) is None:
        raise SignatureError("the security key's key was made for something else than SSH")
    return kind, raw, application


def _check_blob(wire: bytes, blob: bytes, signed: bytes) -> None:
    """Check a signature of RFC 8709, section 6, or of PROTOCOL.u2f, "SSH U2F Signatures"."""
    kind, raw, application = _key(wire)
    fields = _Fields(blob)
    tag, signature = fields.text(), fields.text()
    if tag != kind or len(signature) != 64:
        raise SignatureError("only Ed25519 is accepted")
    if kind == SECURITY_KEY_TYPE:
        flags, counter = fields.take(1), fields.take(4)
        if not flags[0] & _PRESENT:
            raise SignatureError("nobody touched the security key")
        signed = hashlib.sha256(application).digest() + flags + counter + hashlib.sha256(signed).digest()
    fields.end()
    Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed)


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
        return f"{kind} is not accepted; make an Ed25519 one: ssh-keygen -t ed25519-sk, or use a passkey"
    if kind.startswith(("ssh-", "ecdsa-")):
        return f"{kind} keys are not accepted, only Ed25519; make one with: ssh-keygen -t ed25519"
    return "this is no SSH public key; it begins with: ssh-ed25519"
