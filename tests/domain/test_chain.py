"""The ledger's chain and the signed statements: whatever is altered is found and named."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.errors import LedgerBrokenError, SignatureError
from andon.domain.ledger import Chain, Entry, Head, rechain, verify_chain
from andon.domain.signing import (
    RESPONSE_TYPE,
    Envelope,
    Signature,
    key_id,
    open_envelope,
    public_key_of,
    sign,
)
from andon.domain.values import NOTHING_YET, Carried, canonical

SEED = bytes(range(32))
TRUSTED = {key_id(public_key_of(SEED)): base64.b64encode(public_key_of(SEED)).decode()}


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for position in range(length):
        entries.append(
            Entry(
                incident="INC-20261121-abc123",
                chain=Chain.RESPONSE,
                sequence=position,
                at=datetime(2026, 11, 21, 9, 0, position, tzinfo=UTC),
                actor="andon",
                kind="stage_begun",
                subject=f"stage-{position}",
                facts={"n": position},
                previous=entries[-1].digest() if entries else NOTHING_YET,
            )
        )
    return entries


def test_the_digest_of_an_entry_is_that_of_its_sorted_compact_json() -> None:
    entry = chain(1)[0]
    plain = json.dumps(
        entry.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert entry.digest() == hashlib.sha256(plain.encode()).hexdigest()


def test_a_whole_chain_holds_and_gives_its_head() -> None:
    entries = chain(5)
    assert verify_chain(entries) == Head(length=5, digest=entries[-1].digest())
    assert verify_chain([]) == Head()


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda e: e[:2] + e[3:], 2),
        (lambda e: [e[1], e[0], *e[2:]], 0),
        (lambda e: [*e[:1], e[1].model_copy(update={"actor": "person:eve"}), *e[2:]], 2),
        (lambda e: [*e[:3], e[3].model_copy(update={"previous": NOTHING_YET}), *e[4:]], 3),
        (lambda e: [*e, e[-1]], 5),
    ],
    ids=["removed", "swapped", "altered", "cut loose", "repeated"],
)
def test_whatever_is_done_to_a_chain_is_found_and_named(tamper: Any, named: int) -> None:
    with pytest.raises(LedgerBrokenError) as broken:
        verify_chain(tamper(chain(5)))
    assert broken.value.sequence == named


@given(st.integers(0, 4), st.integers(1, 4))
def test_entries_moved_behind_another_head_make_one_chain_with_it(stored: int, waiting: int) -> None:
    before = chain(stored)
    moved = rechain(chain(waiting), verify_chain(before))
    assert verify_chain([*before, *moved]).length == stored + waiting


class Note(Carried):
    text: str


def test_a_signed_statement_opens_to_exactly_what_was_signed() -> None:
    note = Note(text="restart")
    assert open_envelope(sign(note, SEED), TRUSTED) == canonical(note)


def test_the_signature_is_dsse_as_any_other_implementation_computes_it() -> None:
    note = Note(text="restart")
    payload = canonical(note)
    encoded = b"DSSEv1 " + b" ".join(
        [str(len(RESPONSE_TYPE)).encode(), RESPONSE_TYPE.encode(), str(len(payload)).encode(), payload]
    )
    expected = Ed25519PrivateKey.from_private_bytes(SEED).sign(encoded)
    assert base64.b64decode(sign(note, SEED).signatures[0].sig) == expected


@given(st.data())
def test_no_single_byte_of_an_envelope_can_change_without_being_found(data: st.DataObject) -> None:
    envelope = sign(Note(text="restart the refund desk"), SEED)
    raw = bytearray(base64.b64decode(envelope.payload))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SignatureError):
        open_envelope(envelope.model_copy(update={"payload": base64.b64encode(raw).decode()}), TRUSTED)
    signature = bytearray(base64.b64decode(envelope.signatures[0].sig))
    signature[data.draw(st.integers(0, 63))] ^= data.draw(st.integers(1, 255))
    forged = Signature(keyid=envelope.signatures[0].keyid, sig=base64.b64encode(signature).decode())
    with pytest.raises(SignatureError):
        open_envelope(envelope.model_copy(update={"signatures": (forged,)}), TRUSTED)


def test_a_stranger_s_key_opens_nothing_even_beside_a_trusted_one() -> None:
    note, stranger = Note(text="restart"), bytes(reversed(SEED))
    good, bad = sign(note, SEED), sign(note, stranger)
    with pytest.raises(SignatureError):
        open_envelope(bad, TRUSTED)
    with pytest.raises(SignatureError):
        open_envelope(good.model_copy(update={"signatures": (*good.signatures, *bad.signatures)}), TRUSTED)


@pytest.mark.parametrize(
    "envelope",
    [
        {"payloadType": "text/plain", "payload": "", "signatures": [{"keyid": "a" * 64, "sig": ""}]},
        {"payloadType": RESPONSE_TYPE, "payload": "", "signatures": []},
        {"payloadType": RESPONSE_TYPE, "payload": "", "signatures": [{"keyid": "a" * 64, "sig": ""}], "x": 1},
    ],
)
def test_an_envelope_of_another_form_is_not_read(envelope: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Envelope.model_validate(envelope)
