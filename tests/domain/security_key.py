"""A security key as OpenSSH's PROTOCOL.u2f describes one, written from that text and without Andon's code."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TYPE = b"sk-ssh-ed25519@openssh.com"
PRESENT, VERIFIED = 0x01, 0x04


def text(content: bytes) -> bytes:
    """A string of RFC 4251, section 5."""
    return len(content).to_bytes(4, "big") + content


@dataclass
class SecurityKey:
    """One credential on a token, and how it answers."""

    application: bytes = b"ssh:"
    flags: int = PRESENT
    counter: int = 7
    type: bytes = TYPE
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def wire(self) -> bytes:
        """The public key's wire form."""
        return text(self.type) + text(self.key.public_key().public_bytes_raw()) + text(self.application)

    @property
    def line(self) -> str:
        """The line of the public key file."""
        return f"{self.type.decode()} {base64.b64encode(self.wire).decode()}"

    def sign(self, content: bytes, namespace: str, hashed: str = "sha512") -> str:
        """Return an armoured SSHSIG, as `ssh-keygen -Y sign` makes with such a key."""
        digest = hashlib.new(hashed, content).digest()
        named = text(namespace.encode()) + text(b"") + text(hashed.encode())
        blob = text(self.type) + text(self._touched(b"SSHSIG" + named + text(digest))) + self._said()
        whole = b"SSHSIG" + (1).to_bytes(4, "big") + text(self.wire) + named + text(blob)
        flat = base64.b64encode(whole).decode()
        lines = [flat[start : start + 70] for start in range(0, len(flat), 70)]
        return "\n".join(("-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""))

    def _said(self) -> bytes:
        return bytes([self.flags]) + self.counter.to_bytes(4, "big")

    def _touched(self, message: bytes) -> bytes:
        application, content = (hashlib.sha256(one).digest() for one in (self.application, message))
        return self.key.sign(application + self._said() + content)
