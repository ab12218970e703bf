"""A person's own SSH key on their own machine: in a file or held by ssh-agent, and never sent anywhere."""

from __future__ import annotations

import getpass
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from andon.cli.outcome import CommandError, Exit
from andon.cli.ssh_agent import only_key_of_agent, sign_with_agent
from andon.domain.enrolment import Claim
from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.personal_keys import PersonalKey, PersonalSignature, check_signature, ssh_key
from andon.domain.sshsig import (
    KEY_NAMESPACE,
    NAMESPACE,
    armoured,
    check_sshsig,
    public_line,
    read_public_line,
    sign_sshsig,
    to_sign,
)

LARGEST_BYTES: Final = 64 * 1024
ATTEMPTS: Final = 3
"""How often a passphrase may be wrong, as in ssh."""

AGENT: Final = Path("agent")
TERMINAL: Final = Path("/dev/tty")
_PUBLIC: Final = (b"ssh-", b"ecdsa-", b"sk-")


@dataclass(frozen=True)
class Signer:
    """A key that can sign, and what the directory knows of it."""

    public: PersonalKey
    _armoured: Callable[[bytes, str], str]

    def sign(self, content: bytes) -> PersonalSignature:
        """Sign `content`.

        Raises:
            CommandError: ssh-agent does not.
        """
        made = PersonalSignature(key=self.public.id, kind="ssh", signature=self._armoured(content, NAMESPACE))
        try:
            check_signature(content, made, self.public)
        except SignatureError as error:
            raise CommandError(f"the signature does not hold: {error}", Exit.NEGATIVE) from error
        return made

    def prove(self, claim: Claim) -> str:
        """Return an armoured signature over a claim that this key is somebody's.

        Raises:
            CommandError: ssh-agent does not sign.
        """
        return self._armoured(claim.text().encode(), KEY_NAMESPACE)


def open_signer(path: Path) -> Signer:
    """Open the private key in a file; a public one stands for the key that ssh-agent holds.

    The path `agent` stands for the only Ed25519 key that ssh-agent holds.

    Raises:
        CommandError: the file can't be used, and why.
    """
    if path == AGENT and not path.exists():
        return _held_by_agent(only_key_of_agent(), path)
    content, _ = _content(path)
    if content.startswith(_PUBLIC):
        return _held_by_agent(content, path)
    key = open_key(path)
    return Signer(_labelled(public_half(key), path), lambda said, purpose: sign_sshsig(said, key, purpose))


def _held_by_agent(line: bytes, path: Path) -> Signer:
    try:
        public = ssh_key(line.decode())
        wire = read_public_line(public.public)
    except (InvalidInputError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}", Exit.BAD_INPUT) from error

    def signed(said: bytes, purpose: str) -> str:
        text = armoured(wire, sign_with_agent(wire, to_sign(said, purpose)), purpose)
        try:
            check_sshsig(said, text, wire, purpose)
        except SignatureError as error:
            raise CommandError(f"ssh-agent gave no signature that holds: {error}", Exit.NEGATIVE) from error
        return text

    return Signer(public, signed)


def _labelled(key: PersonalKey, path: Path) -> PersonalKey:
    """Return a key with the comment of the public half that lies beside its file, if that is its own."""
    try:
        beside = ssh_key(path.with_name(f"{path.name}.pub").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, InvalidInputError):
        return key
    return beside if beside.id == key.id else key


def open_key(path: Path) -> Ed25519PrivateKey:
    """Load an OpenSSH private key; its passphrase is asked for on the terminal.

    Raises:
        CommandError: the file can't be used, and why.
    """
    content = _read(path)
    key = _loaded(content, None, path)
    if key is None:
        _must_have_terminal(path)
        key = _asked(content, path)
    if not isinstance(key, Ed25519PrivateKey):
        raise CommandError(
            f"{path} is no Ed25519 key, and no other kind is accepted; make one with: ssh-keygen -t ed25519",
            Exit.BAD_INPUT,
        )
    return key


def public_half(key: Ed25519PrivateKey) -> PersonalKey:
    """Return what the directory knows of a private key."""
    return ssh_key(public_line(key.public_key()))


def sign_ssh(content: bytes, key: Ed25519PrivateKey) -> PersonalSignature:
    """Sign `content`; stock `ssh-keygen -Y verify -n andon.response` verifies it."""
    return PersonalSignature(key=public_half(key).id, kind="ssh", signature=sign_sshsig(content, key))


def _read(path: Path) -> bytes:
    content, mode = _content(path)
    if content.startswith(_PUBLIC):
        raise CommandError(f"{path} is a public key; name the file without .pub", Exit.BAD_INPUT)
    if stat.S_IMODE(mode) & 0o077:
        raise CommandError(
            f"{path} can be read or changed by others, so it may be theirs too; run: chmod 600 {path}",
            Exit.BAD_INPUT,
        )
    return content


def _content(path: Path) -> tuple[bytes, int]:
    """Return what is in a file, and its mode."""
    try:
        # O_NONBLOCK: a pipe in the place of a key must not hold the command up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}", Exit.BAD_INPUT) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_BYTES:
        os.close(descriptor)
        raise CommandError(f"{path} is no private key", Exit.BAD_INPUT)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(), found.st_mode


def _loaded(content: bytes, passphrase: bytes | None, path: Path) -> object | None:
    """Return the key, or None when this is not its passphrase."""
    try:
        return load_ssh_private_key(content, passphrase)
    except UnsupportedAlgorithm as error:
        raise CommandError(
            f"{path} is a kind of key that is not supported; one on a security key signs through ssh-agent: "
            "name its public half",
            Exit.BAD_INPUT,
        ) from error
    except TypeError:
        # How `cryptography` says that a key is encrypted.
        return None
    except ValueError as error:
        if passphrase is not None:
            return None
        raise CommandError(f"{path} is no private key in OpenSSH form", Exit.BAD_INPUT) from error


def _asked(content: bytes, path: Path) -> object:
    for left in reversed(range(ATTEMPTS)):
        passphrase = getpass.getpass(f"Passphrase of {path}{_again(left)}: ")
        if passphrase and (key := _loaded(content, passphrase.encode(), path)) is not None:
            return key
    raise CommandError(f"{path}: that is not its passphrase", Exit.NOT_ALLOWED)


def _again(left: int) -> str:
    return "" if left == ATTEMPTS - 1 else " (that was not it)"


def _must_have_terminal(path: Path) -> None:
    # Without this `getpass` would read the passphrase from standard input, and show it.
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError as error:
        raise CommandError(
            f"{path} is protected by a passphrase, and there is no terminal to ask for it", Exit.BAD_INPUT
        ) from error
