"""What Andon calls outside itself, and with which secrets: levers, evidence sources, eval suites."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, SecretStr

from andon.settings.section import Section

HOST_AND_PORT: Final = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$"
"""A place without its port would never be found, and nobody told."""


class _Outside(Section):
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="secrets by the names that options and headers use"
    )
    private_hosts: tuple[Annotated[str, Field(pattern=HOST_AND_PORT)], ...] = Field(
        (), description="`host:port` of those at addresses that are not public; no other is called"
    )


class LeverSettings(_Outside):
    """What levers outside Andon need besides their options in a system's file."""

    commands: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="commands that levers may run: name and argument list, no shell"
    )
    timeout: timedelta = Field(
        timedelta(seconds=5),
        gt=timedelta(0),
        le=timedelta(seconds=8),
        description="longest wait for one call",
    )


class BucketSettings(Section):
    """A bucket that evidence is read from, and the identity that may read it."""

    endpoint: str = Field("", description="URL of the S3 API; empty: AWS")
    region: str = Field("us-east-1", description="region name that requests are signed for")
    bucket: str = Field(description="name of the bucket")
    access_key: str = Field(description="identity that may list and read, and nothing else")
    secret_key: SecretStr = Field(description="its secret")


class SourceSettings(_Outside):
    """What evidence sources need besides their options in a system's file; nothing else is read or called."""

    databases: dict[str, SecretStr] = Field(
        default_factory=dict, description="SQLAlchemy URLs of databases, by the names that options use"
    )
    buckets: dict[str, BucketSettings] = Field(
        default_factory=dict,
        description="buckets by the names that options use: `endpoint`, `region`, `bucket`, `access_key`, "
        "`secret_key`",
    )
    folders: dict[str, Path] = Field(
        default_factory=dict, description="folders with logs and other files, by the names that options use"
    )
    repositories: dict[str, Path] = Field(
        default_factory=dict, description="folders of git repositories, by the names that options use"
    )
    timeout: timedelta = Field(
        timedelta(seconds=10),
        gt=timedelta(0),
        le=timedelta(minutes=2),
        description="longest wait for one answer",
    )


class TrialSettings(_Outside):
    """What eval suites behind an endpoint and staging copies need besides the AI system's file."""

    timeout: timedelta = Field(
        timedelta(seconds=10),
        gt=timedelta(0),
        le=timedelta(minutes=2),
        description="longest wait for one call",
    )
