"""Settings of every Andon process, read once when it starts.

A JSON settings file named by `ANDON_SETTINGS` gives the values; environment variables
(`ANDON_TEMPORAL__ADDRESS`, two underscores between levels) override it. `andon up` writes the
file for the embedded stack; in production a person or a chart does. Secrets are `SecretStr`.
"""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    JsonConfigSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

SETTINGS_FILE_VARIABLE = "ANDON_SETTINGS"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts to which something may be said in clear."""
HOST_AND_PORT: Final = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$"
"""A place without its port would never be found, and nobody told."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TemporalSettings(_Section):
    """Where workflows run."""

    address: str = Field("localhost:7233", description="host:port of the Temporal frontend")
    namespace: str = Field("andon", description="Temporal namespace; its retention is at least 30 days")
    ui_url: str = Field("", description="base URL of Temporal's own web page, for links")


class StoreSettings(_Section):
    """The S3-compatible store that holds evidence and ledgers, with Object Lock."""

    endpoint: str = Field("http://localhost:8333", description="URL of the S3 API")
    region: str = Field("us-east-1", description="region name that requests are signed for")
    bucket: str = Field("andon-evidence", description="bucket made with Object Lock enabled")
    access_key: str = Field("", description="identity of the engine: no admin and no delete right")
    secret_key: SecretStr = Field(SecretStr(""), description="secret of the engine's identity")
    retention: timedelta = Field(timedelta(days=400), description="how long each object is locked")
    lock_mode: str = Field("COMPLIANCE", description="COMPLIANCE or GOVERNANCE")


class DatabaseSettings(_Section):
    """SQLAlchemy URLs. Three databases, since a writer of large batches holds up the others."""

    switches_url: str = Field("sqlite:///switches.db", description="levers, holds and flags; read by OFREP")
    register_url: str = Field(
        "sqlite:///register.db", description="the read model: incidents, orders, people"
    )
    recorder_url: str = Field("sqlite:///recorder.db", description="spans taken by the flight recorder")


class ListenSettings(_Section):
    """One HTTP server."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(0, description="port to listen on")
    url: str = Field("", description="the URL others use to reach this server")


class KeySettings(_Section):
    """Files with keys, mode 0600."""

    master: Path = Field(Path("keys/master.key"), description="32 random bytes that wrap each incident's key")
    attestation: Path = Field(
        Path("keys/attestation.key"), description="Ed25519 seed that attests a logged-in person's response"
    )
    log: Path = Field(
        Path("keys/log.key"),
        description="Ed25519 seed that signs checkpoints of the log over all incidents",
    )


class PolicySettings(_Section):
    """Where people write the organisation's rules."""

    systems: Path = Field(Path("systems"), description="folder with one YAML file per AI system")
    playbooks: Path | None = Field(
        None, description="folder with playbooks and policies; none: those that ship with Andon"
    )
    people: Path = Field(Path("people.yaml"), description="the directory: people, roles, channels")


class IntakeSettings(_Section):
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


class FlagSettings(_Section):
    """How a door serves flags."""

    streams: int = Field(
        500, ge=0, le=10_000, description="web clients that one door tells of changes at a time; others poll"
    )
    status_pages: bool = Field(
        False, description="show what users of an AI system are told at `/status/SYSTEM`, without a token"
    )


class LeverSettings(_Section):
    """What levers outside Andon need besides their options in a system's file."""

    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="secrets by the names that levers' options use"
    )
    private_hosts: tuple[Annotated[str, Field(pattern=HOST_AND_PORT)], ...] = Field(
        (), description="`host:port` of levers at addresses that are not public; no other is called"
    )
    commands: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="commands that levers may run: name and argument list, no shell"
    )
    timeout: timedelta = Field(
        timedelta(seconds=5),
        gt=timedelta(0),
        le=timedelta(seconds=8),
        description="longest wait for one call",
    )


class BucketSettings(_Section):
    """A bucket that evidence is read from, and the identity that may read it."""

    endpoint: str = Field("", description="URL of the S3 API; empty: AWS")
    region: str = Field("us-east-1", description="region name that requests are signed for")
    bucket: str = Field(description="name of the bucket")
    access_key: str = Field(description="identity that may list and read, and nothing else")
    secret_key: SecretStr = Field(description="its secret")


class SourceSettings(_Section):
    """What evidence sources need besides their options in a system's file; nothing else is read or called."""

    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="secrets by the names that sources' options use"
    )
    private_hosts: tuple[Annotated[str, Field(pattern=HOST_AND_PORT)], ...] = Field(
        (), description="`host:port` of sources at addresses that are not public; no other is called"
    )
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


class TrialSettings(_Section):
    """What eval suites behind an endpoint and staging copies need besides the AI system's file."""

    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="secrets by the names that options and headers use"
    )
    private_hosts: tuple[Annotated[str, Field(pattern=HOST_AND_PORT)], ...] = Field(
        (), description="`host:port` of those at addresses that are not public; no other is called"
    )
    timeout: timedelta = Field(
        timedelta(seconds=10),
        gt=timedelta(0),
        le=timedelta(minutes=2),
        description="longest wait for one call",
    )


class CareSettings(_Section):
    """Looking after holds and incidents."""

    every: timedelta = Field(
        timedelta(minutes=1),
        ge=timedelta(milliseconds=100),
        le=timedelta(hours=1),
        description="how often every hold is looked at and the register is compared with Temporal; "
        "a round that takes long is followed by a pause four times as long",
    )


class CheckpointSettings(_Section):
    """Checkpoints of the log over all incidents, and who vouches for them."""

    every: timedelta = Field(
        timedelta(minutes=1),
        ge=timedelta(milliseconds=100),
        le=timedelta(hours=1),
        description="how often the log takes in what is new and is signed",
    )
    overdue: timedelta = Field(
        timedelta(minutes=5), gt=timedelta(0), description="no checkpoint for so long is an alarm"
    )
    origin: str = Field(
        "",
        max_length=255,
        description="name of the log, with no spaces and no plus; none: one made from its key. It is part "
        "of what is signed: leave it as it is once a checkpoint was handed out",
    )
    authority_url: str = Field(
        "", description="time stamp authority (RFC 3161) that stamps checkpoints; none: no stamps"
    )
    authority_roots: Path | None = Field(
        None, description="PEM file of the certificates that its chain may end in"
    )
    authority_policy: str = Field("", description="its policy that is wanted, in numbers; none: any")
    witness_url: str = Field("", description="witness (C2SP tlog-witness) that signs checkpoints; none: none")
    witness_key: str = Field("", description="its public key, as `andon witness` prints it")

    @model_validator(mode="after")
    def _refuse_what_can_not_be_checked(self) -> CheckpointSettings:
        if self.authority_url and self.authority_roots is None:
            raise ValueError("authority_roots: name the certificates of the time stamp authority")
        if self.witness_url and not self.witness_key:
            raise ValueError("witness_key: name the key of the witness")
        return self


class RecorderSettings(_Section):
    """Bounds of the flight recorder."""

    max_age: timedelta = Field(timedelta(days=14), description="spans older than this are dropped")
    max_bytes: int = Field(512 * 1024 * 1024, description="stored span bytes above this push out the oldest")
    body_bytes: int = Field(8 * 1024 * 1024, description="largest OTLP request, after decompression")
    door_token: SecretStr = Field(
        SecretStr(""),
        description="token of the role detector, limited to intake, which reports evaluation results; "
        "none: they stay in the traces",
    )


class CustodySettings(_Section):
    """Originals, holds and erasures."""

    originals_url: str = Field(
        "",
        description="URL of this console under another host, from which originals are downloaded, so that "
        "nothing in one can reach a session; none: the console's own",
    )
    ticket: timedelta = Field(
        timedelta(minutes=1),
        gt=timedelta(0),
        le=timedelta(minutes=10),
        description="how long the address of an original is good, once",
    )
    every: timedelta = Field(
        timedelta(minutes=1),
        ge=timedelta(milliseconds=100),
        le=timedelta(hours=24),
        description="how often the custodian sets holds, carries out erasures and ends what is due",
    )


class VerifyingSettings(_Section):
    """Verifying bundles that people upload: in a process of its own, within these bounds."""

    upload_bytes: int = Field(
        512 * 1024 * 1024, ge=1, description="largest bundle; for a larger one there is `andon audit verify`"
    )
    time: timedelta = Field(
        timedelta(minutes=5),
        gt=timedelta(0),
        le=timedelta(hours=1),
        description="how long one verification may take",
    )
    memory_mib: int = Field(1024, ge=256, le=1024 * 1024, description="memory that one may take")
    waiting: int = Field(
        4, ge=0, le=100, description="bundles that may wait their turn; each takes its size on disk"
    )
    folder: Path | None = Field(None, description="where they lie meanwhile; none: `verifying` in `data_dir`")


class SignInSettings(_Section):
    """Sessions of people at the pages, and the tokens they make."""

    idle: timedelta = Field(timedelta(minutes=30), description="a session unused for so long has ended")
    longest: timedelta = Field(timedelta(hours=8), description="every session has ended after so long")
    recent: timedelta = Field(
        timedelta(minutes=5), description="how old a proof of presence may be for what is sensitive"
    )
    link: timedelta = Field(timedelta(minutes=5), description="how long a one-time link is good")
    token_days: int = Field(
        90, ge=1, le=366, description="days a new token is in force unless said otherwise"
    )
    tokens: bool | None = Field(
        None,
        description="whether people sign in to pages with a token or a one-time link; none: only while no "
        "OpenID Connect provider is named",
    )


class LiveSettings(_Section):
    """Open pages that are told when something changed."""

    streams: int = Field(1_000, ge=0, le=10_000, description="pages that one console keeps live at a time")
    streams_per_session: int = Field(
        4,
        ge=1,
        le=100,
        description="pages in sight that one browser keeps live; the oldest gives way to one more. Browsers "
        "have six connections to a place that speaks HTTP/1.1: more than five need HTTP/2 in front",
    )


class OidcSettings(_Section):
    """The OpenID Connect provider people sign in with; none while `issuer` is empty."""

    issuer: str = Field("", description="the provider's issuer URL, exactly as its ID tokens say it")
    client_id: str = Field("", description="this console's id at the provider")
    client_secret: SecretStr = Field(SecretStr(""), description="its secret; empty for a public client")
    scopes: str = Field("openid profile email", description="scopes asked for; `openid` must be among them")
    claim: str = Field(
        "sub",
        description="claim that names the person, looked up with the issuer among the identities of the "
        "directory; anything but `sub` may be given to another person one day",
    )
    skew: timedelta = Field(
        timedelta(seconds=60),
        ge=timedelta(0),
        le=timedelta(minutes=5),
        description="clock difference allowed",
    )
    timeout: timedelta = Field(timedelta(seconds=10), description="longest wait for the provider")

    @model_validator(mode="after")
    def _refuse_what_can_not_work(self) -> OidcSettings:
        if not self.issuer:
            return self
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ValueError("issuer: must be https, but on this machine")
        if not self.client_id:
            raise ValueError("client_id: name this console as the provider knows it")
        if "openid" not in self.scopes.split():
            raise ValueError("scopes: openid must be among them")
        return self


class Settings(BaseSettings):
    """All settings; every process reads the same file."""

    model_config = SettingsConfigDict(
        env_prefix="ANDON_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    profile: str = Field("production", description="embedded or production")
    data_dir: Path = Field(Path(".andon"), description="folder for state that is not in a database")
    temporal: TemporalSettings = TemporalSettings()
    store: StoreSettings = StoreSettings()
    databases: DatabaseSettings = DatabaseSettings()
    door: ListenSettings = ListenSettings()
    console: ListenSettings = ListenSettings()
    recorder_listen: ListenSettings = ListenSettings()
    recorder: RecorderSettings = RecorderSettings()
    keys: KeySettings = KeySettings()
    policy: PolicySettings = PolicySettings()
    intake: IntakeSettings = IntakeSettings()
    flags: FlagSettings = FlagSettings()
    levers: LeverSettings = LeverSettings()
    sources: SourceSettings = SourceSettings()
    trials: TrialSettings = TrialSettings()
    care: CareSettings = CareSettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    custody: CustodySettings = CustodySettings()
    verifying: VerifyingSettings = VerifyingSettings()
    sign_in: SignInSettings = SignInSettings()
    live: LiveSettings = LiveSettings()
    oidc: OidcSettings = OidcSettings()
    probe_token: SecretStr = Field(
        SecretStr(""), description="token with which the containment probe reads flags through OFREP"
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - named by pydantic-settings
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - named by pydantic-settings
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, then environment, then the settings file."""
        named = os.environ.get(SETTINGS_FILE_VARIABLE)
        from_file = (JsonConfigSettingsSource(settings_cls, json_file=named),) if named else ()
        return (init_settings, env_settings, *from_file)


@cache
def settings() -> Settings:
    """Return the settings of this process, read at the first call.

    Raises:
        pydantic.ValidationError: a value is missing or out of place; the message names it.
    """
    return Settings()
