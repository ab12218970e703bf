"""The ready file: what a program that knows nothing else needs to find its way."""

from __future__ import annotations

import os
from datetime import datetime
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from andon.domain.directory import Role
from tests.e2e.people import People
from tests.e2e.scene import SECOND_DESK

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

FIELDS = {
    *("pid", "started_at", "door", "ofrep", "otlp", "console", "temporal", "temporal_ui"),
    *("s3", "tokens", "people"),
}


def test_it_holds_the_promised_fields_and_only_its_owner_can_read_it(people: People) -> None:
    ready = people.scene.ready
    assert set(ready) == FIELDS
    assert set(ready["s3"]) == {"endpoint", "bucket", "access_key", "secret_key"}
    assert people.scene.setting.ready.stat().st_mode & 0o777 == 0o600
    assert datetime.fromisoformat(ready["started_at"]).utcoffset() is not None
    os.kill(ready["pid"], 0)


def test_every_address_is_on_localhost(people: People) -> None:
    ready = people.scene.ready
    urls = [ready[name] for name in ("door", "ofrep", "otlp", "console", "temporal_ui")]
    hosts = {urlsplit(url).hostname for url in (*urls, ready["s3"]["endpoint"])}
    assert hosts == {"localhost"}
    assert ready["temporal"].startswith("localhost:")


def test_each_of_the_18_roles_has_a_token_that_stands_for_one_person_of_its_own(people: People) -> None:
    ready = people.scene.ready
    assert set(ready["tokens"]) == {role.value for role in Role}
    assert len(ready["tokens"]) == 18
    assert len(set(ready["tokens"].values())) == 18
    bound = {role: ready["people"][token] for role, token in ready["tokens"].items()}
    assert len(set(bound.values())) == 18
    for role, person in bound.items():
        me = people.ask(role, "/v1/me").json()
        assert (me["person"], me["role"]) == (person, role)


def test_without_a_token_nothing_is_open(people: People) -> None:
    people.scene.ready["tokens"]["nobody"] = "made-up"
    try:
        assert people.ask("nobody", "/v1/systems").status_code == 401
        assert people.send("nobody", "/v1/detections", {}).status_code == 401
        assert people.send("nobody", "/ofrep/v1/evaluate/flags", {}, at="ofrep").status_code == 401
    finally:
        del people.scene.ready["tokens"]["nobody"]


def test_the_registered_systems_are_listed_with_their_owner_and_levers(people: People) -> None:
    listed = {one["id"]: one for one in people.ask("auditor", "/v1/systems").json()["systems"]}
    assert {"refund_desk", SECOND_DESK} <= set(listed)
    desk = listed["refund_desk"]
    assert (desk["tier"], desk["business_owner"]) == ("high", "bela")
    assert {(lever["adapter"], lever["verb"]) for lever in desk["levers"]} == {
        *(("flag", verb) for verb in ("pause_system", "disable_tool", "route_to_review", "block_source")),
        *(("flag", verb) for verb in ("rate_limit", "quarantine_session")),
        *(("http", verb) for verb in ("quarantine_records", "roll_back_index")),
        *(("http", verb) for verb in ("switch_to_fallback", "enforce_filter")),
    }
    assert isinstance(desk["holds"], list)


def test_the_auditors_store_identity_reads_and_can_write_nothing(people: People) -> None:
    s3 = people.scene.ready["s3"]
    client = boto3.client(
        "s3",
        endpoint_url=s3["endpoint"],
        region_name="us-east-1",
        aws_access_key_id=s3["access_key"],
        aws_secret_access_key=s3["secret_key"],
        config=Config(s3={"addressing_style": "path"}),
    )
    assert client.list_objects_v2(Bucket=s3["bucket"])["Name"] == s3["bucket"]
    with pytest.raises(ClientError) as refused:
        client.put_object(Bucket=s3["bucket"], Key="ledger/mine.json", Body=b"{}")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    client.close()
