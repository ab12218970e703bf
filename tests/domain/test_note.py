"""Signed notes and checkpoints: read back as written, altered nowhere, hostile ones refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.errors import AndonError, InvalidInputError, SignatureError
from andon.domain.note import (
    WITNESS,
    Checkpoint,
    Note,
    NoteKey,
    cosign,
    cosigned_by,
    key_from,
    key_of,
    read_checkpoint,
    read_note,
    sign_note,
    signed_by,
)

LOG_SEED, WITNESS_SEED = bytes(range(32)), bytes(range(32, 64))
ORIGIN = "andon.example/log"
CHECKPOINT = Checkpoint(origin=ORIGIN, size=20_852_163, root=bytes(range(32)))
NOTE = sign_note(CHECKPOINT.body(), ORIGIN, LOG_SEED)
LOG_KEY = key_of(ORIGIN, LOG_SEED)
WITNESS_KEY = key_of("witness.example/w", WITNESS_SEED, WITNESS)
SEEN_AT = 1_795_000_000
COSIGNED = NOTE.with_lines([cosign(NOTE, WITNESS_KEY.name, WITNESS_SEED, SEEN_AT)])


def test_a_known_note_of_the_go_project_is_read_and_its_signature_holds() -> None:
    # The example of golang.org/x/mod/sumdb/note.
    key = key_from("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
        "Zb6KE6RyyBwJnAM=\n"
    )
    note = read_note(text)
    assert signed_by(note, key)
    assert note.text() == text
    assert key.text() == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_a_checkpoint_is_read_back_as_it_was_written() -> None:
    note = read_note(COSIGNED.text())
    assert note == COSIGNED
    assert read_checkpoint(note) == CHECKPOINT
    assert signed_by(note, LOG_KEY)
    assert cosigned_by(note, WITNESS_KEY) == SEEN_AT


def test_the_same_checkpoint_always_gives_the_same_bytes() -> None:
    assert sign_note(CHECKPOINT.body(), ORIGIN, LOG_SEED).text() == NOTE.text()


def test_a_note_that_nobody_known_signed_says_so_and_a_false_signature_is_refused() -> None:
    stranger = key_of(ORIGIN, WITNESS_SEED)
    assert not signed_by(NOTE, stranger)
    assert cosigned_by(NOTE, WITNESS_KEY) is None
    forged = Note(body=NOTE.body.replace("20852163", "20852164"), signatures=NOTE.signatures)
    with pytest.raises(SignatureError):
        signed_by(forged, LOG_KEY)


def test_a_witness_time_can_not_be_moved() -> None:
    line = COSIGNED.signatures[1]
    later = line.model_copy(update={"signature": (SEEN_AT + 60).to_bytes(8, "big") + line.signature[8:]})
    with pytest.raises(SignatureError):
        cosigned_by(Note(body=NOTE.body, signatures=(later,)), WITNESS_KEY)


def test_a_signature_of_the_log_is_none_of_a_witness_with_the_same_key() -> None:
    as_witness = key_of(ORIGIN, LOG_SEED, WITNESS)
    assert cosigned_by(NOTE, as_witness) is None
    crossed = NOTE.signatures[0].model_copy(update={"key_id": as_witness.id})
    with pytest.raises(SignatureError):
        cosigned_by(Note(body=NOTE.body, signatures=(crossed,)), as_witness)


@pytest.mark.parametrize("key", [LOG_KEY, WITNESS_KEY])
def test_a_key_is_read_back_as_it_was_written(key: NoteKey) -> None:
    assert key_from(key.text()) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        "name+00000000+",
        LOG_KEY.text().replace("+", "+0", 1),
        "other" + LOG_KEY.text(),
        LOG_KEY.text() + "=",
        LOG_KEY.text()[:-4],
        " " + LOG_KEY.text(),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        key_from(text)


@pytest.mark.parametrize(
    "name", ["", "two words", "a+b", "tab\t", "line\n", "line\n\n", "x" * 256, "\x7f", "a\u2003b"]
)
def test_a_name_that_would_break_the_line_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        key_of(name, LOG_SEED)


GOOD = NOTE.text()
HOSTILE = {
    "nothing": "",
    "no signature": NOTE.body + "\n",
    "no blank line": GOOD.replace("\n\n", "\n"),
    "no end": GOOD[:-1],
    "a line more": GOOD + "\n",
    "another dash": GOOD.replace("\N{EM DASH}", "-"),
    "no base64": GOOD[:-3] + "!=\n",
    "base64 spelled otherwise": GOOD[:-2] + "\n",
    "a key id only": f"{NOTE.body}\n\N{EM DASH} {ORIGIN} AAAAAA==\n",
    "a carriage return": GOOD.replace("\n", "\r\n"),
    "a null": GOOD.replace("log", "l\x00g", 1),
    "a lone surrogate": GOOD.replace("log", "l\udc80g", 1),
    "too long": "a\n" * 40_000 + "\n" + GOOD.partition("\n\n")[2],
    "too many signatures": NOTE.body
    + "\n"
    + "".join(f"\N{EM DASH} w{number} {base64.b64encode(bytes(68)).decode()}\n" for number in range(101)),
    "no text": "\n\n" + GOOD.partition("\n\n")[2],
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_note(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidInputError):
        read_note(b"\xff\xfe" + GOOD.encode())


@pytest.mark.parametrize(
    "body",
    [
        "origin\n",
        "origin\n1\n",
        "origin\n-1\n" + "A" * 43 + "=\n",
        "origin\n01\n" + "A" * 43 + "=\n",
        "origin\n\u0661\n" + "A" * 43 + "=\n",
        "origin\n1" + "0" * 30 + "\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 40 + "\n",
        "origin\n1\n" + "A" * 43 + "\n",
        "\n1\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 43 + "=\n\nmore\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(InvalidInputError):
        read_checkpoint(Note(body=body))


@given(st.integers(0, len(COSIGNED.text().encode()) * 8 - 1))
def test_no_flipped_bit_of_a_note_is_taken(bit: int) -> None:
    raw = bytearray(COSIGNED.text().encode())
    raw[bit // 8] ^= 1 << bit % 8
    try:
        note = read_note(bytes(raw))
        held = signed_by(note, LOG_KEY) and cosigned_by(note, WITNESS_KEY) == SEEN_AT
    except AndonError:
        return
    assert not held


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        note = read_note(raw)
    except InvalidInputError:
        return
    assert note.text().encode() == raw or len(note.signatures) < raw.count(b"\n")
