"""Where the engine runs and keeps what it knows: Temporal, stores, databases, servers, keys and rules."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr

from andon.settings.section import Section


class TemporalSettings(Section):
    """Where workflows run."""

    address: str = Field("localhost:7233", description="host:port of the Temporal frontend")
    namespace: str = Field("andon", description="Temporal namespace; its retention is at least 30 days")
    ui_url: str = Field("", description="base URL of Temporal's own web page, for links")


class StoreSettings(Section):
    """The S3-compatible store that holds evidence and ledgers, with Object Lock."""

    endpoint: str = Field("http://localhost:8333", description="URL of the S3 API")
    region: str = Field("us-east-1", description="region name that requests are signed for")
    bucket: str = Field("andon-evidence", description="bucket made with Object Lock enabled")
    access_key: str = Field("", description="identity of the engine: no admin and no delete right")
    secret_key: SecretStr = Field(SecretStr(""), description="secret of the engine's identity")
    retention: timedelta = Field(timedelta(days=400), description="how long each object is locked")
    lock_mode: str = Field("COMPLIANCE", description="COMPLIANCE or GOVERNANCE")


class DatabaseSettings(Section):
    """SQLAlchemy URLs. Three databases, since a writer of large batches holds up the others."""

    switches_url: str = Field("sqlite:///switches.db", description="levers, holds and flags; read by OFREP")
    register_url: str = Field(
        "sqlite:///register.db", description="the read model: incidents, orders, people"
    )
    recorder_url: str = Field("sqlite:///recorder.db", description="spans taken by the flight recorder")


class ListenSettings(Section):
    """One HTTP server."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(0, description="port to listen on")
    url: str = Field("", description="the URL others use to reach this server")


class KeySettings(Section):
    """Files with keys, mode 0600."""

    master: Path = Field(Path("keys/master.key"), description="32 random bytes that wrap each incident's key")
    attestation: Path = Field(
        Path("keys/attestation.key"), description="Ed25519 seed that attests a logged-in person's response"
    )
    log: Path = Field(
        Path("keys/log.key"),
        description="Ed25519 seed that signs checkpoints of the log over all incidents",
    )


class PolicySettings(Section):
    """Where people write the organisation's rules."""

    systems: Path = Field(Path("systems"), description="folder with one YAML file per AI system")
    playbooks: Path | None = Field(
        None, description="folder with playbooks and policies; none: those that ship with Andon"
    )
    people: Path = Field(Path("people.yaml"), description="the directory: people, roles, channels")


class CareSettings(Section):
    """Looking after holds and incidents."""

    every: timedelta = Field(
        timedelta(minutes=1),
        ge=timedelta(milliseconds=100),
        le=timedelta(hours=1),
        description="how often every hold is looked at and the register is compared with Temporal; "
        "a round that takes long is followed by a pause four times as long",
    )
