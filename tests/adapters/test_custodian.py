"""The custodian on a real store and a real register: holds, erasures, and what has had its time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from andon.adapters.custody.keeper import Keeper
from andon.adapters.store.s3 import S3EvidenceStore
from andon.adapters.store.texts import ERASED, SealedTexts
from andon.adapters.store.vault import AesVault, name_of_key
from andon.bootstrap import Queries, open_queries
from andon.bootstrap.custodian import custodian_of
from andon.config import DatabaseSettings, KeySettings, PolicySettings, Settings, StoreSettings
from andon.domain.custody import Access, AccessKind
from andon.domain.directory import Role
from andon.domain.errors import ErasedError, NotFoundError
from andon.domain.evidence import EvidenceItem
from andon.domain.evidence_hold import EvidenceHold
from andon.domain.ledger import Chain, verify_chain
from andon.domain.run_alarm import RunAlarmKind
from andon.domain.severity import Band
from andon.domain.values import NOTHING_YET, sha256
from andon.ports import SealedText
from andon.register.access_chain import AccessChain
from andon.register.custody import Cause, ErasureRow, Erasures, ErasureState, HoldRow, Holds
from andon.register.migrate import migrate
from tests.register.cases import opening, view

CANARY = "Canary-4711-Mrs-Smith"


@dataclass
class House:
    """One register, one store, one incident, and the custodian."""

    folder: Path
    settings: Settings
    queries: Queries
    store: S3EvidenceStore
    vault: AesVault
    keeper: Keeper
    s3: Any
    incident: str = ""
    items: list[EvidenceItem] = field(default_factory=list)

    def open(self, severity: Band) -> str:
        self.incident = f"INC-20260302-{secrets.token_hex(3)}"
        self.queries.incidents.allot(
            opening(self.incident, severity=severity),
            dedupe=None,
            title=SealedText(id="TXT-0", digest=NOTHING_YET),
        )
        return self.incident

    def shows(self, **changes: Any) -> None:
        shown = view(self.incident, **changes)
        self.queries.incidents.show(shown)

    async def keep(
        self,
        name: str,
        content: str = CANARY,
        *,
        term: timedelta | None = None,
        captured_at: datetime | None = None,
    ) -> EvidenceItem:
        bound_to = f"input/recorder/{name}"
        stored = await self.vault.encrypt(self.incident, content.encode(), bound_to=bound_to)
        key = f"evidence/{self.incident}/{sha256(stored)}"
        receipt = await self.store.put(key, stored, content_type="application/octet-stream", retention=term)
        item = EvidenceItem(
            id=bound_to,
            kind="input",
            source="recorder",
            query=NOTHING_YET,
            captured_at=captured_at or datetime.now(UTC),
            sha256=sha256(stored),
            size_bytes=len(stored),
            content_type="text/plain",
            key=key,
            version_id=receipt.version_id,
            locked_until=receipt.locked_until,
            collector="recorder/1",
        )
        self.queries.evidence.save_items(self.incident, 1, [item], [])
        return item

    def held(self, item: EvidenceItem) -> str:
        said = self.s3.get_object_legal_hold(
            Bucket=self.settings.store.bucket, Key=item.key, VersionId=item.version_id
        )
        status: str = said["LegalHold"]["Status"]
        return status

    def told(self) -> list[tuple[str, str, str]]:
        entries = self.queries.ledger.entries(self.incident, Chain.ACCESS)
        verify_chain(entries)
        return [(one.kind, one.subject, one.after) for one in entries]

    def erasure(self, *items: str, state: ErasureState = ErasureState.CONFIRMED) -> str:
        name = f"ER-{secrets.token_hex(6)}"
        erasures = Erasures(self.queries.databases.register)
        at = datetime.now(UTC)
        erasures.ask(
            ErasureRow(
                name, self.incident, items, NOTHING_YET, ErasureState.ASKED, "carl", Role.CUSTODIAN, at
            )
        )
        if state is ErasureState.CONFIRMED:
            assert erasures.confirm(name, "paula", Role.PRIVACY, at)
        return name

    def wrapped(self, bound_to: str) -> bytes:
        found = self.queries.keys.of_items(self.incident, [name_of_key(bound_to)])
        wrapped = found[name_of_key(bound_to)]
        assert wrapped is not None
        return wrapped

    def in_register_files(self, needle: bytes) -> list[str]:
        return [path.name for path in self.folder.glob("register.db*") if needle in path.read_bytes()]


@pytest.fixture
async def house(tmp_path: Path, s3_settings: StoreSettings) -> AsyncIterator[House]:
    (tmp_path / "master.key").write_bytes(secrets.token_bytes(32))
    settings = Settings(
        data_dir=tmp_path,
        databases=DatabaseSettings(
            switches_url=f"sqlite:///{tmp_path}/switches.db",
            register_url=f"sqlite:///{tmp_path}/register.db",
            recorder_url=f"sqlite:///{tmp_path}/recorder.db",
        ),
        keys=KeySettings(master=tmp_path / "master.key", attestation=tmp_path / "attestation.key"),
        policy=PolicySettings(),
        store=s3_settings,
    )
    migrate(settings.databases)
    queries = open_queries(settings)
    store = S3EvidenceStore(settings.store)
    client = boto3.client(
        "s3",
        endpoint_url=s3_settings.endpoint,
        region_name=s3_settings.region,
        aws_access_key_id=s3_settings.access_key,
        aws_secret_access_key=s3_settings.secret_key.get_secret_value(),
        config=Config(s3={"addressing_style": "path"}),
    )
    keeper = custodian_of(settings, queries, store)
    vault = AesVault(settings.keys.master, queries.keys)
    yield House(tmp_path, settings, queries, store, vault, keeper, client)
    client.close()
    queries.databases.close()


async def test_at_critical_every_version_is_held_without_anybody_asking(house: House) -> None:
    house.open(Band.CRITICAL)
    first = await house.keep("1")
    assert (await house.keeper.round()).holds == 1
    assert house.held(first) == "ON"
    second = await house.keep("2", "something else")
    await house.keeper.round()
    assert house.held(second) == "ON"
    assert house.told()[0] == ("held", "", "severity")
    hold = Holds(house.queries.databases.register).get(house.incident)
    assert hold is not None
    assert (hold.wanted, hold.in_force, hold.person) == (True, True, "andon")
    # Its own entries are objects too: held, and not told of again and again.
    before = len(house.told())
    await house.keeper.round()
    await house.keeper.round()
    assert len(house.told()) == before


async def test_below_critical_nothing_is_held_until_legal_says_so_and_again_once_it_is_lifted(
    house: House,
) -> None:
    house.open(Band.HIGH)
    item = await house.keep("1")
    await house.keeper.round()
    assert house.told() == []
    hold = EvidenceHold(person="lena", since=datetime.now(UTC), reason=NOTHING_YET)
    house.shows(evidence_hold=hold, severity=Band.HIGH)
    assert (await house.keeper.round()).holds == 1
    assert house.held(item) == "ON"
    house.shows(evidence_hold=None, severity=Band.HIGH, version=9)
    assert (await house.keeper.round()).holds == 1
    assert house.held(item) == "OFF"
    assert house.told() == [("held", "", "legal"), ("hold_lifted", "", "legal")]


async def test_what_legal_lifted_stays_lifted_though_the_incident_is_critical(house: House) -> None:
    house.open(Band.CRITICAL)
    item = await house.keep("1")
    await house.keeper.round()
    word = HoldRow(house.incident, False, Cause.LEGAL, "lena", NOTHING_YET, datetime.now(UTC))
    Holds(house.queries.databases.register).want(word)
    assert await house.keeper.wanted()
    await house.keeper.round()
    await house.keeper.round()
    assert house.held(item) == "OFF"
    assert not await house.keeper.wanted()


async def test_after_an_erasure_the_key_is_nowhere_and_digests_stand(house: House) -> None:
    house.open(Band.HIGH)
    item, other = await house.keep("1"), await house.keep("2", "stays")
    wrapped = house.wrapped(item.id)
    assert house.in_register_files(wrapped)
    name = house.erasure(item.id)
    assert (await house.keeper.round()).erased == 1
    assert house.in_register_files(wrapped) == []
    stored = await house.store.get(item.key)
    assert sha256(stored) == item.sha256
    with pytest.raises(ErasedError):
        await house.vault.decrypt(house.incident, stored, bound_to=item.id)
    kept = await house.vault.decrypt(house.incident, await house.store.get(other.key), bound_to=other.id)
    assert kept == b"stays"
    assert house.told() == [("key_shredded", item.id, "item")]
    done = Erasures(house.queries.databases.register).get(house.incident, name)
    assert (done.state, done.destroyed) == (ErasureState.DONE, 1)
    assert (await house.keeper.round()).erased == 0


async def test_a_whole_incident_is_erased_but_for_why(house: House) -> None:
    house.open(Band.HIGH)
    item = await house.keep("1")
    texts = SealedTexts(house.vault, house.queries.texts)
    title = await texts.seal(house.incident, "title", CANARY)
    why = await texts.seal(house.incident, "custody", "the court ordered it")
    incident_key = house.queries.keys.get(house.incident)
    assert incident_key is not None
    house.erasure()
    assert (await house.keeper.round()).erased == 1
    assert house.in_register_files(incident_key) == []
    assert await texts.open(title) == ERASED
    assert await texts.open(why) == "the court ordered it"
    with pytest.raises(ErasedError):
        await house.vault.decrypt(house.incident, await house.store.get(item.key), bound_to=item.id)


async def test_what_was_held_after_it_was_agreed_is_not_erased(house: House) -> None:
    house.open(Band.CRITICAL)
    item = await house.keep("1")
    name = house.erasure(item.id)
    await house.keeper.round()
    assert ("erasure_refused", name, "held") in house.told()
    assert (
        await house.vault.decrypt(house.incident, await house.store.get(item.key), bound_to=item.id)
        == CANARY.encode()
    )


async def test_what_one_person_asked_for_is_not_erased(house: House) -> None:
    house.open(Band.HIGH)
    item = await house.keep("1")
    house.erasure(item.id, state=ErasureState.ASKED)
    assert (await house.keeper.round()).erased == 0
    assert house.told() == []
    assert house.wrapped(item.id)


async def test_what_the_severity_keeps_longer_is_locked_for_longer(house: House) -> None:
    house.open(Band.LOW)
    item = await house.keep("1", term=timedelta(days=1))
    house.shows(closed_at=datetime.now(UTC), severity=Band.LOW)
    assert (await house.keeper.round()).extended == 1
    until = house.s3.get_object_retention(
        Bucket=house.settings.store.bucket, Key=item.key, VersionId=item.version_id
    )["Retention"]["RetainUntilDate"]
    assert until > datetime.now(UTC) + timedelta(days=179)
    assert house.told() == [(AccessKind.LOCK_EXTENDED, item.id, "content")]
    assert (await house.keeper.round()).extended == 0


@pytest.mark.long
async def test_what_has_had_its_time_loses_its_key_and_once_it_is_free_its_bytes(house: House) -> None:
    house.open(Band.LOW)
    ago = datetime.now(UTC) - timedelta(days=181)
    item = await house.keep("1", term=timedelta(seconds=5), captured_at=ago)
    house.shows(closed_at=datetime.now(UTC), severity=Band.LOW)
    async with asyncio.timeout(30):
        while not (await house.keeper.round()).expired:
            await asyncio.sleep(0.1)
    with pytest.raises(ErasedError):
        await house.vault.encrypt(house.incident, CANARY.encode(), bound_to=item.id)
    async with asyncio.timeout(30):
        while house.told()[-1][0] != AccessKind.OBJECT_DELETED:
            await house.keeper.round()
            await asyncio.sleep(0.1)
    assert [kind for kind, *_ in house.told()] == [AccessKind.EXPIRED, AccessKind.OBJECT_DELETED]
    with pytest.raises(NotFoundError):
        await house.store.get(item.key)
    assert [one.sha256 for one in house.queries.evidence.items(house.incident)] == [item.sha256]


@pytest.mark.long
async def test_a_hold_keeps_what_has_had_its_time(house: House) -> None:
    house.open(Band.CRITICAL)
    ago = datetime.now(UTC) - timedelta(days=4000)
    item = await house.keep("1", term=timedelta(seconds=3), captured_at=ago)
    house.shows(closed_at=datetime.now(UTC), severity=Band.CRITICAL)
    await house.keeper.round()
    async with asyncio.timeout(15):
        while datetime.now(UTC) < (item.locked_until or ago):
            await asyncio.sleep(0.1)
    assert (await house.keeper.round()).expired == 0
    assert house.held(item) == "ON"
    with pytest.raises(ClientError):
        house.s3.delete_object(Bucket=house.settings.store.bucket, Key=item.key, VersionId=item.version_id)


async def test_a_chain_that_differs_from_what_is_locked_raises_one_alarm_and_holds_up_no_other(
    house: House,
) -> None:
    forked, sound = house.open(Band.HIGH), house.open(Band.HIGH)
    chain = AccessChain(house.queries.databases.register)
    for one in (forked, sound):
        chain.append([Access(incident=one, actor="person:eva", what=AccessKind.VIEWED, at=datetime.now(UTC))])
    await house.store.put(f"ledger/{forked}/access/00000000.jsonl", b"another", content_type="text/plain")
    done = [await house.keeper.round() for _ in range(2)]
    assert all("access chains" in one.failed for one in done)
    assert (chain.waits(forked), chain.waits(sound)) == (1, 0)
    found = house.queries.alarms.list(kind=RunAlarmKind.ACCESS_FORKED)
    assert [(one.incident, one.cleared_at) for one in found] == [(forked, None)]
