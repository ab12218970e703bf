"""Adding an SSH key as a person's own program would: ask for the claim, sign it, send it."""

from __future__ import annotations

from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.domain.directory import Role
from andon.domain.sshsig import public_line, sign_sshsig
from tests.api.server import bearer

KEYS = "/v1/me/keys"
CLAIMS = f"{KEYS}/claims"


def line_of(key: Ed25519PrivateKey, comment: str = "ana@laptop") -> str:
    """Return a key's line in a public key file."""
    return f"{public_line(key.public_key())} {comment}"


async def claimed(http: httpx.AsyncClient, role: Role, line: str) -> dict[str, Any]:
    """Ask for what is to be signed."""
    answer = await http.post(CLAIMS, headers=bearer(role), json={"public_key": line})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def proof(claim: dict[str, Any], key: Ed25519PrivateKey, **changes: Any) -> dict[str, Any]:
    """Return the body that adds `key`."""
    signature = sign_sshsig(claim["text"].encode(), key, claim["namespace"])
    body = {"public_key": line_of(key), "nonce": claim["claim"]["nonce"], "signature": signature}
    return {**body, **changes}


async def enrol(
    http: httpx.AsyncClient, role: Role, key: Ed25519PrivateKey, **changes: Any
) -> httpx.Response:
    """Add a key and return the console's answer."""
    body = proof(await claimed(http, role, line_of(key)), key, **changes)
    return await http.post(KEYS, headers=bearer(role), json=body)
