"""Signing with a key that ssh-agent holds, so that a passphrase is typed once and keys can stay in hardware.

The protocol is draft-ietf-sshm-ssh-agent, sections 3, 4.4 (`SSH_AGENTC_REQUEST_IDENTITIES`) and 4.6
(`SSH_AGENTC_SIGN_REQUEST`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Final

from andon.cli.outcome import CommandError, Exit
from andon.domain.exact import to_base64
from andon.domain.sshsig import KEY_TYPE, SECURITY_KEY_TYPE

SOCKET_VARIABLE: Final = "SSH_AUTH_SOCK"
PATIENCE_SECONDS: Final = 120.0
"""An agent may ask its owner first."""

LARGEST_ANSWER: Final = 64 * 1024
_LIST_REQUEST: Final = 11
_LIST_ANSWER: Final = 12
_SIGN_REQUEST: Final = 13
_SIGN_RESPONSE: Final = 14


def sign_with_agent(wire: bytes, content: bytes) -> bytes:
    """Return the signature blob of `content` by the key with this wire form.

    Raises:
        CommandError: there is no agent, or it does not sign with this key.
    """
    answer = _asked(bytes([_SIGN_REQUEST]) + _text(wire) + _text(content) + bytes(4))
    if answer[:1] != bytes([_SIGN_RESPONSE]):
        raise CommandError(
            "ssh-agent does not sign with this key; `ssh-add -L` lists those it holds", Exit.NOT_ALLOWED
        )
    return answer[5:]


def only_key_of_agent() -> bytes:
    """Return the one Ed25519 key that the agent holds, as a line of a public key file.

    Raises:
        CommandError: there is no agent, or it holds none or several of them.
    """
    answer = _asked(bytes([_LIST_REQUEST]))
    if answer[:1] != bytes([_LIST_ANSWER]):
        raise CommandError("ssh-agent does not list its keys; name a file instead", Exit.NOT_ALLOWED)
    accepted = tuple(_text(kind) for kind in (KEY_TYPE, SECURITY_KEY_TYPE))
    found = [(wire, comment) for wire, comment in _identities(answer[5:]) if wire.startswith(accepted)]
    if len(found) != 1:
        raise CommandError(
            f"ssh-agent holds {len(found)} Ed25519 keys, not one; name the file of the public half instead",
            Exit.BAD_INPUT,
        )
    wire, comment = found[0]
    return b" ".join((_first(wire)[0], to_base64(wire).encode(), comment.replace(b"\n", b" ")))


def _identities(rest: bytes) -> Iterator[tuple[bytes, bytes]]:
    while rest:
        wire, rest = _first(rest)
        comment, rest = _first(rest)
        yield wire, comment


def _first(rest: bytes) -> tuple[bytes, bytes]:
    ends = 4 + int.from_bytes(rest[:4], "big")
    if len(rest) < ends:
        raise CommandError("ssh-agent gave a list that is cut short", Exit.NEGATIVE)
    return rest[4:ends], rest[ends:]


def _asked(request: bytes) -> bytes:
    place = os.environ.get(SOCKET_VARIABLE, "")
    if not place:
        raise CommandError(
            "no ssh-agent runs that could sign; name the file of the private key instead", Exit.BAD_INPUT
        )
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(PATIENCE_SECONDS)
            agent.connect(place)
            agent.sendall(_text(request))
            return _message(agent)
    except OSError as error:
        raise CommandError(f"ssh-agent does not answer: {error}", Exit.UNREACHABLE) from error


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
