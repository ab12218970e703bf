"""The store as a plain S3 client sees it, beside the adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from pydantic import SecretStr

from andon.config import StoreSettings
from infra.embedded.credentials import Credentials
from tests.embedded.running import RunningStores

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def identity_of(stores: RunningStores, name: str) -> StoreSettings:
    """Return the store of a running stack as one of its identities reaches it."""
    keys = Credentials.model_validate(stores.read("secrets.json")).identities[name]
    said = StoreSettings.model_validate(stores.read("settings.json")["store"])
    return said.model_copy(update={"access_key": keys.access_key, "secret_key": SecretStr(keys.secret_key)})


def client_of(settings: StoreSettings, *, connections: int = 10) -> S3Client:
    """Return a client with the identity that the settings name, whose calls are tried once."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key.get_secret_value(),
        config=Config(
            s3={"addressing_style": "path"},
            connect_timeout=3,
            read_timeout=30,
            retries={"total_max_attempts": 1},
            max_pool_connections=connections,
        ),
    )
