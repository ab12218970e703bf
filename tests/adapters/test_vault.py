"""Sealing bytes and texts: what was altered or moved does not open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.adapters.store.texts import ERASED, SealedTexts
from andon.adapters.store.vault import AesVault, name_of_key
from andon.domain.errors import ErasedError, InvalidInputError, NotFoundError, SignatureError
from andon.domain.values import sha256
from andon.ports import SealedText
from andon.register.engine import Databases, together
from andon.register.keys import Wrapped, WrappedKeys
from andon.register.texts import Texts
from tests.register.cases import INCIDENT

OTHER = "INC-20260302-def456"
CONTENT = b"My account number is 1234"
AT = datetime(2026, 3, 1, tzinfo=UTC)


class BrokenOffError(Exception):
    """Ends a block before its end."""


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def master(tmp_path: Path) -> Path:
    return written(tmp_path / "master.key", bytes(range(32)))


@pytest.fixture
def vault(master: Path, databases: Databases) -> AesVault:
    return AesVault(master, WrappedKeys(databases.register))


async def test_what_was_sealed_opens_also_in_another_process(
    vault: AesVault, master: Path, databases: Databases
) -> None:
    stored = await vault.encrypt(INCIDENT, CONTENT, bound_to="input/recorder/1")
    other = AesVault(master, WrappedKeys(databases.register))
    assert await other.decrypt(INCIDENT, stored, bound_to="input/recorder/1") == CONTENT
    assert CONTENT not in stored


async def test_the_same_content_under_the_same_name_gives_the_same_bytes(vault: AesVault) -> None:
    first = await vault.encrypt(INCIDENT, CONTENT, bound_to="a")
    assert await vault.encrypt(INCIDENT, CONTENT, bound_to="a") == first
    assert await vault.encrypt(INCIDENT, CONTENT, bound_to="b") != first
    assert await vault.encrypt(OTHER, CONTENT, bound_to="a") != first


async def test_every_changed_bit_is_found(vault: AesVault) -> None:
    stored = await vault.encrypt(INCIDENT, CONTENT, bound_to="a")
    for place in range(len(stored)):
        altered = bytearray(stored)
        altered[place] ^= 1
        with pytest.raises(SignatureError):
            await vault.decrypt(INCIDENT, bytes(altered), bound_to="a")


@pytest.mark.parametrize("length", [0, 1, 11, 12, 20, 27])
async def test_what_was_cut_short_does_not_open(vault: AesVault, length: int) -> None:
    stored = await vault.encrypt(INCIDENT, CONTENT, bound_to="a")
    with pytest.raises(SignatureError):
        await vault.decrypt(INCIDENT, stored[:length], bound_to="a")


async def test_what_was_moved_elsewhere_does_not_open(vault: AesVault) -> None:
    stored = await vault.encrypt(INCIDENT, CONTENT, bound_to="a")
    with pytest.raises(SignatureError):
        await vault.decrypt(INCIDENT, stored, bound_to="b")
    with pytest.raises(SignatureError):
        await vault.decrypt(OTHER, stored, bound_to="a")


async def test_a_key_wrapped_by_another_master_key_does_not_open(
    vault: AesVault, master: Path, databases: Databases
) -> None:
    stored = await vault.encrypt(INCIDENT, CONTENT, bound_to="a")
    elsewhere = AesVault(written(master.with_name("other.key"), bytes(32)), WrappedKeys(databases.register))
    with pytest.raises(SignatureError):
        await elsewhere.decrypt(INCIDENT, stored, bound_to="a")


async def test_a_master_key_of_the_wrong_length_is_refused(databases: Databases, master: Path) -> None:
    vault = AesVault(written(master, b"short"), WrappedKeys(databases.register))
    with pytest.raises(InvalidInputError, match="32 bytes"):
        await vault.encrypt(INCIDENT, CONTENT, bound_to="a")


async def test_a_text_is_kept_sealed_and_opens_again(vault: AesVault, databases: Databases) -> None:
    texts = SealedTexts(vault, Texts(databases.register))
    sealed = await texts.seal(INCIDENT, "title", "Refund went to the wrong account ✓")
    assert await texts.open(sealed) == "Refund went to the wrong account ✓"
    assert b"Refund" not in Texts(databases.register).get(sealed.id).stored


async def test_a_text_with_another_digest_or_id_does_not_open(vault: AesVault, databases: Databases) -> None:
    texts = SealedTexts(vault, Texts(databases.register))
    sealed = await texts.seal(INCIDENT, "title", "words")
    with pytest.raises(SignatureError):
        await texts.open(SealedText(id=sealed.id, digest="0" * 64))
    with pytest.raises(NotFoundError):
        await texts.open(SealedText(id="TXT-none", digest=sealed.digest))


def _sealed_and_undone(texts: SealedTexts, databases: Databases) -> None:
    with together(databases.register):
        texts.seal_now(INCIDENT, {"title": "words", "description": "more words"})
        raise BrokenOffError


async def test_texts_sealed_in_a_transaction_are_kept_with_it(vault: AesVault, databases: Databases) -> None:
    texts = SealedTexts(vault, Texts(databases.register))
    with together(databases.register):
        sealed = texts.seal_now(INCIDENT, {"title": "words", "description": "more words"})
    assert await texts.open(sealed["title"]) == "words"
    assert await texts.open(sealed["description"]) == "more words"


async def test_a_key_whose_transaction_was_undone_seals_nothing_later(
    vault: AesVault, master: Path, databases: Databases
) -> None:
    texts = SealedTexts(vault, Texts(databases.register))
    with pytest.raises(BrokenOffError):
        _sealed_and_undone(texts, databases)
    assert WrappedKeys(databases.register).get(INCIDENT) is None
    sealed = await texts.seal(INCIDENT, "title", "words")
    restarted = SealedTexts(AesVault(master, WrappedKeys(databases.register)), Texts(databases.register))
    assert await restarted.open(sealed) == "words"


class _KeysInMemory(WrappedKeys):
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.items: dict[str, bytes | None] = {}

    def get(self, incident: str) -> bytes | None:
        return self.kept.get(incident)

    def put_if_absent(self, incident: str, wrapped: bytes) -> bytes:
        return self.kept.setdefault(incident, wrapped)

    def of_items(self, incident: str, names: Sequence[str]) -> dict[str, bytes | None]:
        return {name: self.items[name] for name in names if name in self.items}

    def of_each(self, items: Collection[tuple[str, str]]) -> dict[tuple[str, str], Wrapped]:
        return {
            (incident, name): Wrapped(
                self.kept.get(incident), self.items.get(name), has_own=name in self.items
            )
            for incident, name in items
        }

    def put_items_if_absent(
        self, incident: str, under: bytes, wrapped: Mapping[str, bytes]
    ) -> dict[str, bytes | None]:
        return {name: self.items.setdefault(name, key) for name, key in wrapped.items()}


@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=2000), bound_to=st.text(max_size=50))
def test_any_content_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, bound_to: str
) -> None:
    master = tmp_path_factory.getbasetemp() / "any-master.key"
    master.write_bytes(bytes(range(32)))
    vault = AesVault(master, _KeysInMemory())
    stored = vault.encrypt_now(INCIDENT, content, bound_to=bound_to)
    assert vault.decrypt_now(INCIDENT, stored, bound_to=bound_to) == content


async def test_a_commitment_needs_the_key_and_names_its_place(vault: AesVault) -> None:
    first = await vault.commit(INCIDENT, b"+49 30 901820", bound_to="a")
    assert await vault.commit(INCIDENT, b"+49 30 901820", bound_to="a") == first
    assert first != sha256(b"+49 30 901820")
    assert await vault.commit(INCIDENT, b"+49 30 901820", bound_to="b") != first
    assert await vault.commit(OTHER, b"+49 30 901820", bound_to="a") != first


def test_a_secret_has_one_mark_in_one_incident_and_another_elsewhere(vault: AesVault) -> None:
    first = vault.mark_now(INCIDENT, "hunter2")
    assert vault.mark_now(INCIDENT, "hunter2") == first
    assert len({first, vault.mark_now(INCIDENT, "hunter3"), vault.mark_now(OTHER, "hunter2")}) == 3


async def test_what_lost_its_key_opens_for_nobody_and_is_not_taken_in_again(
    vault: AesVault, master: Path, databases: Databases
) -> None:
    keys = WrappedKeys(databases.register)
    other = AesVault(master, keys)
    gone = await vault.encrypt(INCIDENT, CONTENT, bound_to="a")
    stays = await other.encrypt(INCIDENT, CONTENT, bound_to="b")
    assert await other.decrypt(INCIDENT, gone, bound_to="a") == CONTENT
    assert keys.destroy(INCIDENT, [name_of_key("a")], AT) == 1
    assert keys.destroy(INCIDENT, [name_of_key("a")], AT) == 0
    for one in (vault, other):
        with pytest.raises(ErasedError):
            await one.decrypt(INCIDENT, gone, bound_to="a")
        with pytest.raises(ErasedError):
            await one.encrypt(INCIDENT, CONTENT, bound_to="a")
        with pytest.raises(ErasedError):
            await one.commit(INCIDENT, CONTENT, bound_to="a")
        assert await one.decrypt(INCIDENT, stays, bound_to="b") == CONTENT


async def test_an_item_that_is_yet_to_come_can_be_erased_too(vault: AesVault, databases: Databases) -> None:
    assert WrappedKeys(databases.register).destroy(INCIDENT, [name_of_key("a")], AT) == 1
    with pytest.raises(ErasedError):
        await vault.encrypt(INCIDENT, CONTENT, bound_to="a")


async def test_without_its_own_key_nothing_of_an_incident_opens_and_what_comes_later_does(
    vault: AesVault, databases: Databases
) -> None:
    texts = SealedTexts(vault, Texts(databases.register))
    sealed = await texts.seal(INCIDENT, "title", "words")
    stored = await vault.encrypt(INCIDENT, CONTENT, bound_to="a")
    assert WrappedKeys(databases.register).destroy_all(INCIDENT, AT) == 2
    with pytest.raises(ErasedError):
        await vault.decrypt(INCIDENT, stored, bound_to="a")
    assert await texts.open(sealed) == ERASED
    later = await texts.seal(INCIDENT, "reason", "it was asked for")
    assert await texts.open(later) == "it was asked for"
    assert await texts.open(sealed) == ERASED


async def test_a_key_under_one_that_was_destroyed_meanwhile_is_not_kept(
    vault: AesVault, databases: Databases
) -> None:
    keys = WrappedKeys(databases.register)
    await vault.encrypt(INCIDENT, CONTENT, bound_to="a")
    before = keys.get(INCIDENT)
    assert before is not None
    keys.destroy_all(INCIDENT, AT)
    assert keys.put_items_if_absent(INCIDENT, before, {"b": b"wrapped"}) == {}
    assert keys.of_items(INCIDENT, ["b"]) == {}


async def test_texts_of_many_incidents_open_at_one_go_and_what_is_lost_is_left_out(
    vault: AesVault, databases: Databases
) -> None:
    texts = SealedTexts(vault, Texts(databases.register))
    first = await texts.seal(INCIDENT, "title", "Refunds go elsewhere")
    second = await texts.seal(OTHER, "title", "Wrong advice")
    erased = await texts.seal(OTHER, "title", "Somebody's name")
    vault.shred_now(OTHER, [f"text/title/{erased.id}"], AT)
    altered = first.model_copy(update={"digest": "0" * 64})
    lost = SealedText(id="TXT-nowhere", digest="0" * 64)
    assert await texts.open_each([first, second, erased, lost]) == {
        first.id: "Refunds go elsewhere",
        second.id: "Wrong advice",
        erased.id: ERASED,
    }
    assert await texts.open_each([altered]) == {}
    assert await texts.open_each([]) == {}
