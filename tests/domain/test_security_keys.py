"""SSH keys on a security key: their signatures, held against the real OpenSSH, and what does not count."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from andon.domain.enrolment import Claim, check_possession
from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.personal_keys import PersonalSignature, check_signature, ssh_key
from andon.domain.values import sha256
from tests.domain.security_key import PRESENT, VERIFIED, SecurityKey
from tests.domain.test_ssh_signatures import SAID
from tests.openssh import needs_ssh_keygen, ssh_keygen

RESPONSE = "andon.response"
TOKEN = SecurityKey()


@pytest.mark.parametrize("flags", [PRESENT, PRESENT | VERIFIED])
@pytest.mark.parametrize("application", [b"ssh:", b"ssh:andon"])
@pytest.mark.parametrize("hashed", ["sha512", "sha256"])
def test_what_a_security_key_signed_while_touched_counts(flags: int, application: bytes, hashed: str) -> None:
    token = SecurityKey(application=application, flags=flags, counter=2**32 - 1)
    made = PersonalSignature(
        key=ssh_key(token.line).id, kind="ssh", signature=token.sign(SAID, RESPONSE, hashed)
    )
    check_signature(SAID, made, ssh_key(token.line))


@needs_ssh_keygen
@pytest.mark.parametrize("application", [b"ssh:", b"ssh:andon"])
def test_the_real_ssh_keygen_verifies_what_the_tests_make(tmp_path: Path, application: bytes) -> None:
    token = SecurityKey(application=application)
    (tmp_path / "signed").write_text(token.sign(SAID, RESPONSE))
    (tmp_path / "allowed").write_text(f"ana {token.line}\n")
    verify = ("-Y", "verify", "-n", RESPONSE, "-I", "ana")
    files = ("-f", tmp_path / "allowed", "-s", tmp_path / "signed")
    verified = ssh_keygen(*verify, *files, stdin=SAID)
    assert verified.returncode == 0, verified.stderr
    assert ssh_keygen(*verify, *files, stdin=SAID + b" ").returncode != 0
    (tmp_path / "id.pub").write_text(token.line)
    shown = ssh_keygen("-l", "-f", tmp_path / "id.pub").stdout.decode()
    assert bytes.fromhex(ssh_key(token.line).id) == sha256_of(shown)


def sha256_of(shown: str) -> bytes:
    """Return the digest that `ssh-keygen -l` shows."""
    return base64.b64decode(shown.split()[1].removeprefix("SHA256:") + "=")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (TOKEN.sign(SAID + b" ", RESPONSE), "altered"),
        (TOKEN.sign(SAID, "andon.key"), "another purpose"),
        (replace(TOKEN, flags=0).sign(SAID, RESPONSE), "nobody touched"),
        (replace(TOKEN, flags=VERIFIED).sign(SAID, RESPONSE), "nobody touched"),
        (SecurityKey().sign(SAID, RESPONSE), "another key"),
        (replace(TOKEN, application=b"ssh:other").sign(SAID, RESPONSE), "another key"),
    ],
    ids=["other words", "another purpose", "untouched", "verified only", "another token", "application"],
)
def test_what_does_not_hold_says_why(made: str, why: str) -> None:
    signature = PersonalSignature(key=ssh_key(TOKEN.line).id, kind="ssh", signature=made)
    with pytest.raises(SignatureError, match=why):
        check_signature(SAID, signature, ssh_key(TOKEN.line))


@pytest.mark.parametrize("at", range(1, 6))
def test_what_the_token_says_of_itself_is_signed(at: int) -> None:
    head, *body, tail = TOKEN.sign(SAID, RESPONSE).splitlines()
    blob = bytearray(base64.b64decode("".join(body)))
    blob[-at] ^= 2  # the counter's four bytes, then the flags
    changed = "\n".join((head, *wrapped(bytes(blob)), tail, ""))
    signature = PersonalSignature(key=ssh_key(TOKEN.line).id, kind="ssh", signature=changed)
    with pytest.raises(SignatureError, match="altered"):
        check_signature(SAID, signature, ssh_key(TOKEN.line))


def wrapped(blob: bytes) -> list[str]:
    flat = base64.b64encode(blob).decode()
    return [flat[start : start + 70] for start in range(0, len(flat), 70)]


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (SecurityKey(application=b"https://andon.example.org"), "damaged"),
        (SecurityKey(application=b""), "damaged"),
        (SecurityKey(type=b"sk-ecdsa-sha2-nistp256@openssh.com"), "ed25519-sk"),
        (SecurityKey(type=b"ssh-ed25519"), "damaged"),
    ],
    ids=["made for a web page", "no application", "another curve", "a plain key with more"],
)
def test_what_is_no_ssh_key_on_a_security_key_is_refused(token: SecurityKey, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        ssh_key(token.line)


def test_a_key_on_a_security_key_proves_itself_like_any_other(claim: Claim) -> None:
    check_possession(claim, ssh_key(TOKEN.line), TOKEN.sign(claim.text().encode(), "andon.key"))
    with pytest.raises(SignatureError, match="another purpose"):
        check_possession(claim, ssh_key(TOKEN.line), TOKEN.sign(claim.text().encode(), RESPONSE))


@pytest.fixture
def claim() -> Claim:
    given: dict[str, Any] = {"person": "ana", "nonce": "n" * 32, "expires_at": "2026-11-21T09:00:00Z"}
    return Claim(console="https://andon.example.org", key=sha256(TOKEN.wire), **given)
