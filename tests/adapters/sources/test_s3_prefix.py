"""Evidence from another bucket, on a real store: a window, versions, parts, and what it says no to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from pydantic import SecretStr

from andon.adapters.sources import s3_prefix
from andon.adapters.sources.kinds import SourceMeans
from andon.config import BucketSettings, SourceSettings, StoreSettings
from tests.adapters.sources.asked import Came, came_of, entry, means, query
from tests.adapters.sources.contract import SourceContract, Subject

pytestmark = pytest.mark.long


@dataclass
class Bucket:
    """A bucket of the AI system's own, with versions."""

    settings: BucketSettings
    client: Any

    def put(self, key: str, content: bytes) -> str:
        told = self.client.put_object(Bucket=self.settings.bucket, Key=key, Body=content)
        return str(told.get("VersionId", ""))

    def means(self, **changes: Any) -> SourceMeans:
        bucket = self.settings.model_copy(update=changes)
        return means(SourceSettings(buckets={"desk": bucket}, timeout=timedelta(seconds=5)))

    async def came(self, changes: dict[str, Any] | None = None, **options: str) -> Came:
        described = entry("s3_prefix", "system_log", options={"bucket": "desk", **options})
        return await came_of(described, self.means(**(changes or {})))


@pytest.fixture
def bucket(s3_settings: StoreSettings) -> Iterator[Bucket]:
    settings = BucketSettings(
        endpoint=s3_settings.endpoint,
        bucket=f"desk-{uuid4().hex[:8]}",
        access_key=s3_settings.access_key,
        secret_key=s3_settings.secret_key,
    )
    client = boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key.get_secret_value(),
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=settings.bucket)
    client.put_bucket_versioning(Bucket=settings.bucket, VersioningConfiguration={"Status": "Enabled"})
    yield Bucket(settings, client)
    client.close()


class TestS3Prefix(SourceContract):
    @pytest.fixture
    def subject(self, bucket: Bucket) -> Subject:
        for name in ("a", "b", "c"):
            bucket.put(f"logs/refund_desk/{name}.log", name.encode() * 100)
        described = entry("s3_prefix", "system_log", options={"bucket": "desk", "prefix": "logs/{system}/"})
        reached = bucket.means()

        def away() -> None:
            nowhere = bucket.settings.model_copy(update={"endpoint": "http://127.0.0.1:1"})
            reached.settings.buckets["desk"] = nowhere

        return Subject(kind=s3_prefix.KIND, entry=described, means=reached, take_away=away)


async def test_only_what_is_under_the_prefix_comes_in_with_its_version_on_record(bucket: Bucket) -> None:
    bucket.put("other/x.log", b"x")
    version = bucket.put("logs/ana.log", b"mine")
    found = await bucket.came(prefix="logs/")
    assert [one.content for one in found.items] == [b"mine"]
    assert "ana" not in found.items[0].name
    assert version in found.records[0].content.decode()
    assert found.items[0].skew_ms == 0


async def test_versions_written_over_and_deleted_can_come_in_too(bucket: Bucket) -> None:
    bucket.put("prompts/p.txt", b"first")
    bucket.put("prompts/p.txt", b"second")
    bucket.client.delete_object(Bucket=bucket.settings.bucket, Key="prompts/p.txt")
    assert (await bucket.came(prefix="prompts/")).reasons == {"logs": "empty"}
    found = await bucket.came(prefix="prompts/", versions="all")
    kept = [one.content for one in found.items if one.content_type != "application/json"]
    (deleted,) = (json.loads(one.content) for one in found.items if one.content_type == "application/json")
    assert sorted(kept) == [b"first", b"second"]
    assert deleted["key"] == "prompts/p.txt"
    assert deleted["deleted_at"]


async def test_large_objects_come_in_parts_and_reading_goes_on_within_one(bucket: Bucket) -> None:
    content = bytes(range(256)) * 70_000
    bucket.put("logs/large.bin", content)
    found = await bucket.came(prefix="logs/")
    assert len(found.items) == 3
    assert b"".join(one.content for one in found.items) == content


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"secret_key": SecretStr("wrong")}, "denied"),
        ({"access_key": "nobody"}, "denied"),
        ({"bucket": "no-such-bucket"}, "not_configured"),
        ({"endpoint": "http://127.0.0.1:1"}, "unreachable"),
    ],
)
async def test_what_the_store_says_no_to_is_a_gap_with_its_reason(
    bucket: Bucket, changes: dict[str, Any], reason: str
) -> None:
    found = await bucket.came(changes, prefix="logs/")
    assert found.items == []
    assert found.reasons == {"logs": reason}


async def test_it_asks_for_nothing_but_lists_and_objects(bucket: Bucket) -> None:
    bucket.put("logs/a.log", b"a")
    source = s3_prefix.KIND.build(
        entry("s3_prefix", "system_log", options={"bucket": "desk", "prefix": "logs/", "versions": "all"}),
        bucket.means(),
    )
    asked: list[str] = []
    source._client.meta.events.register(  # type: ignore[attr-defined]
        "before-call.s3.*", lambda model, **_: asked.append(model.name)
    )
    assert [one async for one in source.collect(query())]
    assert set(asked) == {"ListObjectVersions", "GetObject"}
