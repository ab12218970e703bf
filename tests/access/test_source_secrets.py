"""The secret a source signs with: made by an admin, for an account that may report, shown once."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import yaml

from andon.domain.directory import Role
from tests.access.conftest import House, visiting
from tests.api.server import bearer

NATIVE = {"id": "desk", "kind": "native", "sender": "detector-1"}


@pytest.fixture
def sources(house: House) -> Path:
    playbooks = house.office.settings.policy.playbooks
    assert playbooks is not None
    folder = playbooks / "sources"
    folder.mkdir(parents=True)
    (folder / "desk.yaml").write_text(yaml.safe_dump(NATIVE))
    (folder / "legal.yaml").write_text(yaml.safe_dump({**NATIVE, "id": "legal", "sender": "legal-1"}))
    return folder


async def made(url: str, source: str, role: Role = Role.ADMIN) -> httpx.Response:
    async with visiting(url) as client:
        return await client.post(f"/v1/sources/{source}/secret", headers=bearer(role))


async def test_a_secret_is_shown_once_and_the_one_before_ends_a_day_later(
    house: House, sources: Path, console: str
) -> None:
    first = (await made(console, "desk")).json()
    assert first["secret"].startswith("whsec_")
    assert (first["sender"], first["earlier_ends_at"]) == ("detector-1", None)
    second = (await made(console, "desk")).json()
    assert second["secret"] != first["secret"]
    assert second["earlier_ends_at"]
    async with visiting(console) as client:
        listed = await client.get("/v1/sources", headers=bearer(Role.RESPONDER))
    assert first["secret"] not in listed.text
    desk = next(one for one in listed.json()["sources"] if one["id"] == "desk")
    assert [one["made_by"] for one in desk["secrets"]] == ["admin-1", "admin-1"]


@pytest.mark.parametrize(
    ("source", "status"), [("nobody", 404), ("alertmanager", 409), ("legal", 409), ("desk", 201)]
)
async def test_only_a_source_whose_account_may_report_as_a_program_gets_one(
    sources: Path, console: str, source: str, status: int
) -> None:
    assert (await made(console, source)).status_code == status


async def test_nobody_but_an_admin_makes_one(sources: Path, console: str) -> None:
    assert (await made(console, "desk", Role.RESPONDER)).status_code == 403
