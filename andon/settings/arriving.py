"""Bounds at the door and the flight recorder: detections, uploads, flags served, spans."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr

from andon.settings.section import Section


class IntakeSettings(Section):
    """Limits at the door."""

    body_bytes: int = Field(256 * 1024, description="largest body of a detection")
    depth: int = Field(12, description="deepest nesting of a body")
    upload_bytes: int = Field(200 * 1024 * 1024, ge=1, description="largest single upload")
    upload_bytes_per_source_per_hour: int = Field(
        1024 * 1024 * 1024, ge=1, description="what one source may upload in an hour"
    )
    upload_bytes_kept: int = Field(
        10 * 1024 * 1024 * 1024, ge=1, description="uploads of all sources that lie here at a time"
    )
    stops_per_source_per_hour: int = Field(
        20, description="AI systems that one source may stop in an hour without a person"
    )
    spool: Path | None = Field(
        None,
        description="folder of this door's own where it keeps what the register does not take; none: `spool` "
        "in `data_dir`",
    )
    detections_per_source_per_minute: int = Field(
        12_000,
        ge=1,
        description="detections a program may send in a minute; above it what must be contained passes",
    )


class FlagSettings(Section):
    """How a door serves flags."""

    streams: int = Field(
        500, ge=0, le=10_000, description="web clients that one door tells of changes at a time; others poll"
    )
    status_pages: bool = Field(
        False, description="show what users of an AI system are told at `/status/SYSTEM`, without a token"
    )


class RecorderSettings(Section):
    """Bounds of the flight recorder."""

    max_age: timedelta = Field(timedelta(days=14), description="spans older than this are dropped")
    max_bytes: int = Field(512 * 1024 * 1024, description="stored span bytes above this push out the oldest")
    body_bytes: int = Field(8 * 1024 * 1024, description="largest OTLP request, after decompression")
    door_token: SecretStr = Field(
        SecretStr(""),
        description="token of the role detector, limited to intake, which reports evaluation results; "
        "none: they stay in the traces",
    )
