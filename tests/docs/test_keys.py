"""docs/keys.md names every key and secret there is in the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from andon.config import KeySettings, Settings
from andon.console.sessions import COOKIE, HOST_COOKIE
from andon.console.step_up import KEPT_FOR
from andon.register.access_tables import access_tokens, sessions, slips
from andon.register.custody_tables import item_keys
from andon.register.slips import Slip
from andon.register.tables import REGISTER
from infra.embedded.credentials import ROLES_OF_KEYS, Credentials
from infra.embedded.folder import DataFolder

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
SECRET_FILES = ("secrets", "tokens", "token_hashes")


def secrets_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if field.annotation is SecretStr:
            yield f"{prefix}{name}"
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from secrets_of(field.annotation, f"{prefix}{name}.")


@pytest.mark.parametrize(
    "setting", [*secrets_of(Settings), *(f"keys.{one}" for one in KeySettings.model_fields)]
)
def test_every_secret_setting_has_a_row(setting: str) -> None:
    assert f"`{setting}`" in PAGE


@pytest.mark.parametrize("credential", Credentials.model_fields)
def test_every_generated_secret_has_a_row(credential: str) -> None:
    assert f"(`{credential}`)" in PAGE


def test_every_file_and_table_with_secrets_is_named(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    files = [getattr(folder, name).name for name in SECRET_FILES] + [f"keys/{one}" for one in ROLES_OF_KEYS]
    tables = [access_tokens.name, sessions.name, slips.name, "incident_keys", item_keys.name]
    assert set(tables) <= set(REGISTER.tables)
    assert [one for one in (*files, *tables) if f"`{one}`" not in PAGE] == []


def test_both_names_of_the_session_cookie_are_told() -> None:
    assert COOKIE in PAGE
    assert HOST_COOKIE in PAGE


def test_every_kind_of_slip_has_a_row() -> None:
    rows = {
        Slip.LINK: "**One-time link**",
        Slip.FLOW: "**Sign-in under way**",
        Slip.CHOICE: "**Sign-in under way**",
        Slip.HELD: "**Form that waits for a proof**",
        Slip.KEY: "**Claim of a new key**",
        Slip.ORIGINAL: "**Address of an original**",
        Slip.VIEW: "**Address of a view**",
    }
    assert set(rows) == set(Slip)
    assert all(row in PAGE for row in rows.values())


def test_the_times_on_the_page_are_those_of_the_code() -> None:
    limits = Settings.model_fields["sign_in"].default
    assert (limits.idle.seconds, limits.longest.seconds, limits.recent.seconds) == (1800, 28800, 300)
    assert (limits.link.seconds, limits.token_days, KEPT_FOR.seconds) == (300, 90, 1800)
    for words in (
        "30 minutes unused",
        "after 8 hours",
        "ask again after 5 minutes",
        "once, for 5 minutes",
        "90 days",
    ):
        assert words in PAGE
