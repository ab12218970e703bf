"""SSH signatures, held against the real OpenSSH, and against everything else."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from hypothesis import given
from hypothesis import strategies as some

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.personal_keys import PersonalKey, PersonalSignature, check_signature, ssh_key
from andon.domain.sshsig import fingerprint, public_line, sign_sshsig
from tests.openssh import needs_ssh_keygen, new_key, public_line_of, ssh_keygen

SAID = b'{"decision":"triage-1","incident":"INC-20260301-4f7k2a","option":"confirmed"}'
ANA = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
BEN = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
ANAS_KEY = ssh_key(public_line(ANA.public_key()))
HEAD, *BODY, TAIL = sign_sshsig(SAID, ANA).splitlines()


def armoured(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join((HEAD, *lines, TAIL, ""))


BLOB = base64.b64decode("".join(BODY))


def signature(text: str, key: PersonalKey = ANAS_KEY) -> PersonalSignature:
    return PersonalSignature(key=key.id, kind="ssh", signature=text)


@needs_ssh_keygen
def test_what_we_sign_is_verified_by_stock_ssh_keygen(tmp_path: Path) -> None:
    new_key(tmp_path / "id")
    key = load_ssh_private_key((tmp_path / "id").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    (tmp_path / "signed").write_text(sign_sshsig(SAID, key))
    (tmp_path / "allowed").write_text(f"ana {public_line_of(tmp_path / 'id')}")
    verify = ("-Y", "verify", "-n", "andon.response", "-I", "ana")
    files = ("-f", tmp_path / "allowed", "-s", tmp_path / "signed")
    assert ssh_keygen(*verify, *files, stdin=SAID).returncode == 0
    assert ssh_keygen(*verify, *files, stdin=SAID + b" ").returncode != 0


@needs_ssh_keygen
@pytest.mark.parametrize("hashed", ["sha512", "sha256"])
@pytest.mark.parametrize("said", [SAID, b"", bytes(range(256)) * 40])
def test_what_stock_ssh_keygen_signs_is_verified_by_us(tmp_path: Path, hashed: str, said: bytes) -> None:
    new_key(tmp_path / "id")
    (tmp_path / "said").write_bytes(said)
    made = ssh_keygen(
        *("-Y", "sign", "-n", "andon.response", "-O", f"hashalg={hashed}", "-f"),
        *(tmp_path / "id", tmp_path / "said"),
    )
    assert made.returncode == 0, made.stderr
    key = ssh_key(public_line_of(tmp_path / "id"))
    check_signature(said, signature((tmp_path / "said.sig").read_text(), key), key)
    with pytest.raises(SignatureError, match="altered"):
        check_signature(said + b"\n", signature((tmp_path / "said.sig").read_text(), key), key)


@needs_ssh_keygen
def test_a_signature_for_another_purpose_is_refused(tmp_path: Path) -> None:
    new_key(tmp_path / "id")
    (tmp_path / "said").write_bytes(SAID)
    made = ssh_keygen("-Y", "sign", "-n", "git", "-f", tmp_path / "id", tmp_path / "said")
    assert made.returncode == 0, made.stderr
    key = ssh_key(public_line_of(tmp_path / "id"))
    with pytest.raises(SignatureError, match="another purpose"):
        check_signature(SAID, signature((tmp_path / "said.sig").read_text(), key), key)


@needs_ssh_keygen
def test_a_public_key_line_of_ssh_keygen_is_taken_with_its_comment_as_label(tmp_path: Path) -> None:
    line = public_line_of(new_key(tmp_path / "id", comment="ana on her laptop"))
    key = ssh_key(line)
    assert key.label == "ana on her laptop"
    assert key.public == " ".join(line.split()[:2])
    printed = ssh_keygen("-l", "-E", "sha256", "-f", tmp_path / "id").stdout.decode().split()[1]
    assert fingerprint(key.id) == printed


@needs_ssh_keygen
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_other_kinds_of_ssh_keys_are_refused_with_the_command_that_makes_a_good_one(
    tmp_path: Path, kind: str
) -> None:
    with pytest.raises(InvalidInputError, match="ssh-keygen -t ed25519"):
        ssh_key(public_line_of(new_key(tmp_path / "id", kind=kind)))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("sk-ssh-ed25519@openssh.com AAAAGnNr ana", "damaged"),
        ("sk-ecdsa-sha2-nistp256@openssh.com AAAAInNr ana", "or use a passkey"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "show it to nobody"),
        ("ssh-ed25519", "one line"),
        ("", "one line"),
        ("ssh-ed25519 AAAA", "damaged"),
        ("ssh-ed25519 \N{SNOWMAN}", "damaged"),
        (public_line(ANA.public_key())[:-2], "damaged"),
        (public_line(ANA.public_key()) + "\nssh-ed25519 AAAA", "one line"),
        ('command="x" ssh-ed25519 AAAA', "begins with: ssh-ed25519"),
    ],
)
def test_a_line_that_is_no_accepted_key_is_refused_and_says_why(line: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        ssh_key(line)


def test_a_key_under_which_one_signature_holds_for_everything_is_refused() -> None:
    neutral = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"\x01" + bytes(31)).decode()
    with pytest.raises(InvalidInputError, match="anybody could sign"):
        ssh_key(f"ssh-ed25519 {neutral}")


@pytest.mark.parametrize("at", range(len(BLOB)))
def test_a_signature_with_any_byte_changed_is_refused(at: int) -> None:
    for bit in range(8):
        changed = BLOB[:at] + bytes([BLOB[at] ^ 1 << bit]) + BLOB[at + 1 :]
        with pytest.raises(SignatureError):
            check_signature(SAID, signature(armoured(changed)), ANAS_KEY)


@given(at=some.integers(0, len(armoured(BLOB)) - 1), other=some.characters())
def test_a_signature_with_any_character_of_its_armour_changed_is_refused(at: int, other: str) -> None:
    text = armoured(BLOB)
    changed = text[:at] + other + text[at + 1 :]
    if changed == text:
        check_signature(SAID, signature(changed), ANAS_KEY)
        return
    with pytest.raises(SignatureError):
        check_signature(SAID, signature(changed), ANAS_KEY)


@given(at=some.integers(0, len(SAID) - 1), bit=some.integers(0, 7))
def test_a_statement_with_any_bit_changed_is_refused(at: int, bit: int) -> None:
    changed = SAID[:at] + bytes([SAID[at] ^ 1 << bit]) + SAID[at + 1 :]
    with pytest.raises(SignatureError):
        check_signature(changed, signature(armoured(BLOB)), ANAS_KEY)


@given(blob=some.binary(max_size=300))
def test_any_bytes_at_all_are_refused_and_nothing_else_happens(blob: bytes) -> None:
    for form in (armoured(blob), armoured(BLOB[:10] + blob), armoured(BLOB + blob[:1] + b"\0")):
        with pytest.raises(SignatureError):
            check_signature(SAID, signature(form), ANAS_KEY)


@given(text=some.text(max_size=400))
def test_any_text_at_all_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(SignatureError):
        check_signature(SAID, signature(text), ANAS_KEY)


def test_an_unsigned_field_can_not_ride_along() -> None:
    """`ssh-keygen` ignores the reserved field, which nothing signs; here it must be empty."""
    with_text = BLOB.replace(
        b"andon.response" + bytes(4) + b"\0\0\0\x06sha512", b"andon.response\0\0\0\x02hi\0\0\0\x06sha512"
    )
    assert with_text != BLOB
    with pytest.raises(SignatureError, match="not accepted"):
        check_signature(SAID, signature(armoured(with_text)), ANAS_KEY)


def test_a_signature_of_somebody_else_is_refused_even_under_the_right_key_id() -> None:
    with pytest.raises(SignatureError, match="another key"):
        check_signature(SAID, signature(sign_sshsig(SAID, BEN)), ANAS_KEY)


def test_a_signature_that_names_another_key_is_refused() -> None:
    bens = ssh_key(public_line(BEN.public_key()))
    with pytest.raises(SignatureError, match="another key"):
        check_signature(SAID, signature(sign_sshsig(SAID, ANA), bens), ANAS_KEY)


def test_a_key_whose_id_is_not_its_own_digest_is_no_key() -> None:
    with pytest.raises(InvalidInputError, match="not the digest"):
        PersonalKey(id="0" * 64, kind="ssh", public=ANAS_KEY.public)
