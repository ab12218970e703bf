"""Settings of every Andon process, read once when it starts.

A JSON settings file named by `ANDON_SETTINGS` gives the values; environment variables
(`ANDON_TEMPORAL__ADDRESS`, two underscores between levels) override it. `andon up` writes the
file for the embedded stack; in production a person or a chart does. Secrets are `SecretStr`.
The sections stand in `andon.settings`, by subject; everybody else takes them from here.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    JsonConfigSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from andon.settings.arriving import FlagSettings, IntakeSettings, RecorderSettings
from andon.settings.engine import (
    CareSettings,
    DatabaseSettings,
    KeySettings,
    ListenSettings,
    PolicySettings,
    StoreSettings,
    TemporalSettings,
)
from andon.settings.evidence import CheckpointSettings, CustodySettings, VerifyingSettings
from andon.settings.outside import BucketSettings, LeverSettings, SourceSettings, TrialSettings
from andon.settings.people import LiveSettings, OidcSettings, SignInSettings
from andon.settings.section import LOOPBACK

__all__ = [
    "LOOPBACK",
    "SETTINGS_FILE_VARIABLE",
    "BucketSettings",
    "CareSettings",
    "CheckpointSettings",
    "CustodySettings",
    "DatabaseSettings",
    "FlagSettings",
    "IntakeSettings",
    "KeySettings",
    "LeverSettings",
    "ListenSettings",
    "LiveSettings",
    "OidcSettings",
    "PolicySettings",
    "RecorderSettings",
    "Settings",
    "SignInSettings",
    "SourceSettings",
    "StoreSettings",
    "TemporalSettings",
    "TrialSettings",
    "VerifyingSettings",
    "settings",
]

SETTINGS_FILE_VARIABLE = "ANDON_SETTINGS"


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
