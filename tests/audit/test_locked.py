"""The auditor's own look at locked storage: the real store, with the rights that identity has."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from pydantic import SecretStr

from andon.adapters.store.s3 import S3EvidenceStore
from andon.audit.chain import LockedCopies
from andon.audit.locked import LockedReader, StoreAccess
from andon.audit.verify import Beside, Name, verify
from andon.config import StoreSettings
from andon.domain.errors import EvidenceStoreError
from andon.domain.ledger import Chain
from andon.domain.values import canonical
from infra.embedded.credentials import Credentials
from tests.audit.story import INCIDENT, TRUST, batches, locked_copies, step_of, whole_story
from tests.embedded.running import RunningStores

pytestmark = pytest.mark.stack
STORY = whole_story()
LEDGER_KEY = f"ledger/{INCIDENT}/response/00000004.jsonl"


@pytest.fixture(scope="module")
def identities(shared_stores: RunningStores) -> dict[str, StoreSettings]:
    """The store as each identity reaches it."""
    settings = StoreSettings.model_validate(shared_stores.read("settings.json")["store"])
    kept = Credentials.model_validate(shared_stores.read("secrets.json")).identities
    return {
        name: settings.model_copy(
            update={"access_key": keys.access_key, "secret_key": SecretStr(keys.secret_key)}
        )
        for name, keys in kept.items()
    }


@pytest.fixture(scope="module")
def engine(identities: dict[str, StoreSettings]) -> StoreSettings:
    return identities["responder"]


@pytest.fixture(scope="module")
def access(shared_stores: RunningStores) -> StoreAccess:
    return StoreAccess.model_validate(shared_stores.announcement()["s3"])


@pytest.fixture(scope="module")
def stored(identities: dict[str, StoreSettings], access: StoreAccess) -> LockedCopies:
    """Everything of one incident, put there as the workers put it."""
    objects = batches(STORY)
    objects |= {f"manifests/{INCIDENT}/{one.snapshot:04d}.json": canonical(one) for one in STORY.manifests}
    for manifest in STORY.manifests:
        for number, item in enumerate(manifest.items):
            objects[item.key] = f"{manifest.snapshot}/{number}".encode()
    ledger, evidence = S3EvidenceStore(identities["responder"]), S3EvidenceStore(identities["evidence"])

    async def put_all() -> None:
        await asyncio.gather(
            *(
                (ledger if key.startswith("ledger/") else evidence).put(
                    key, content, content_type="text/plain"
                )
                for key, content in objects.items()
            )
        )

    asyncio.run(put_all())
    return LockedReader(access).copies(INCIDENT)


def test_what_the_engine_stored_holds_for_the_auditor(stored: LockedCopies) -> None:
    report = verify(STORY.exported(), TRUST, Beside(locked=stored))
    assert [(step.number, one.where, one.problem) for step, one in report.findings()] == []
    assert step_of(report, Name.LOCKED).checked == len(STORY.entries) + len(STORY.statements) + len(
        STORY.manifests
    )
    assert all(one.locked_until is not None for one in stored.objects.values())


def test_an_object_written_over_shows_although_the_old_version_stays(
    stored: LockedCopies, engine: StoreSettings, access: StoreAccess
) -> None:
    other = f"ledger/{INCIDENT}/response/00000099.jsonl"
    client = boto3.client(
        "s3",
        endpoint_url=engine.endpoint,
        region_name=engine.region,
        aws_access_key_id=engine.access_key,
        aws_secret_access_key=engine.secret_key.get_secret_value(),
        config=Config(s3={"addressing_style": "path"}),
    )
    try:
        for content in (b"first", b"second"):
            client.put_object(Bucket=engine.bucket, Key=other, Body=content)
    finally:
        client.close()
    again = LockedReader(access).copies(INCIDENT)
    assert again.objects[other].versions == 2
    report = verify(STORY.exported(), TRUST, Beside(locked=again))
    assert {one.where for step, one in report.findings() if step.title == Name.LOCKED} == {other}
    alone = replace(again, objects={**stored.objects, LEDGER_KEY: again.objects[other]})
    named = {one.problem for _, one in verify(STORY.exported(), TRUST, Beside(locked=alone)).findings()}
    assert "has 2 versions; it is written once" in named


def test_an_identity_without_rights_is_told_so(access: StoreAccess) -> None:
    with pytest.raises(EvidenceStoreError, match="the evidence store"):
        LockedReader(access.model_copy(update={"secret_key": SecretStr("wrong")})).copies(INCIDENT)


def test_a_store_that_is_away_is_told_so(access: StoreAccess) -> None:
    with pytest.raises(EvidenceStoreError, match="the evidence store"):
        LockedReader(access.model_copy(update={"endpoint": "http://127.0.0.1:1"})).copies(INCIDENT)


def test_the_secret_of_the_ready_file_is_not_printed(
    access: StoreAccess, shared_stores: RunningStores
) -> None:
    secret = json.loads(Path(shared_stores.ready_file).read_text())["s3"]["secret_key"]
    assert secret not in repr(access)


def test_a_chain_that_was_read_before_its_last_batch_is_known_to_be_short() -> None:
    story = whole_story()
    locked, length = locked_copies(story), len(story.entries)
    assert not locked.ahead_of(INCIDENT, Chain.RESPONSE, length)
    assert locked.ahead_of(INCIDENT, Chain.RESPONSE, length - 2)
    assert not locked.ahead_of(INCIDENT, Chain.ACCESS, 0)
