"""Base64 with one spelling for each content, so that nothing signed can be written in two ways."""

from __future__ import annotations

import base64
import binascii

from andon.domain.errors import SignatureError


def to_base64(content: bytes) -> str:
    """Return `content` in base64 (RFC 4648, section 4)."""
    return base64.b64encode(content).decode()


def to_base64url(content: bytes) -> str:
    """Return `content` in base64url without padding, as WebAuthn writes it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def exact_base64(text: str) -> bytes:
    """Return what `text` encodes.

    Raises:
        SignatureError: it is no base64, or not as `to_base64` would write it.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("not base64") from error
    if to_base64(content) != text:
        # Decoders ignore the last bits before the padding (RFC 4648, section 3.5).
        raise SignatureError("base64 with bits left over")
    return content
