"""Signing with a key that ssh-agent holds, so that a passphrase is typed once and keys can stay in hardware.

The protocol is draft-ietf-sshm-ssh-agent, sections 3 and 4.6 (`SSH_AGENTC_SIGN_REQUEST`).
"""

from __future__ import annotations

import os
import socket
from typing import Final

from andon.cli.outcome import CommandError, Exit
from andon.domain.errors import SignatureError
from andon.domain.sshsig import raw_signature

SOCKET_VARIABLE: Final = "SSH_AUTH_SOCK"
PATIENCE_SECONDS: Final = 120.0
"""An agent may ask its owner first."""

LARGEST_ANSWER: Final = 64 * 1024
_SIGN_REQUEST: Final = 13
_SIGN_RESPONSE: Final = 14


def sign_with_agent(wire: bytes, content: bytes) -> bytes:
    """Return the raw Ed25519 signature of `content` by the key with this wire form.

    Raises:
        CommandError: there is no agent, or it does not sign with this key.
    """
    place = os.environ.get(SOCKET_VARIABLE, "")
    if not place:
        raise CommandError(
            "this is a public key, and no ssh-agent runs that could sign with its other half; "
            "name the private key's file instead",
            Exit.BAD_INPUT,
        )
    request = bytes([_SIGN_REQUEST]) + _text(wire) + _text(content) + bytes(4)
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(PATIENCE_SECONDS)
            agent.connect(place)
            agent.sendall(_text(request))
            answer = _message(agent)
    except OSError as error:
        raise CommandError(f"ssh-agent does not answer: {error}", Exit.UNREACHABLE) from error
    if answer[:1] != bytes([_SIGN_RESPONSE]):
        raise CommandError(
            "ssh-agent does not sign with this key; `ssh-add -L` lists those it holds", Exit.NOT_ALLOWED
        )
    try:
        return raw_signature(answer[5:])
    except SignatureError as error:
        raise CommandError(f"ssh-agent gave no signature that can be used: {error}", Exit.NEGATIVE) from error


def _message(agent: socket.socket) -> bytes:
    size = int.from_bytes(_exactly(agent, 4), "big")
    if size > LARGEST_ANSWER:
        raise OSError("its answer is too long")
    return _exactly(agent, size)


def _exactly(agent: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = agent.recv(size - len(found))
        if not part:
            raise OSError("it hung up")
        found += part
    return found


def _text(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content
