"""The door starts only on policy it can read, and follows the files while it runs."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from andon.domain.directory import Directory
from andon.domain.errors import InvalidInputError
from andon.door.app import create_app
from andon.register.people import People
from andon.register.policies import Systems
from tests.door.conftest import SYSTEM, Door, make_settings
from tests.door.test_detections import HARM, until


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("systems/refund_desk.yaml", {**SYSTEM, "tier": "enormous"}, "tier"),
        ("systems/refund_desk.yaml", {**SYSTEM, "colour": "red"}, "colour"),
        ("playbooks/severity.yaml", {"format": "andon-severity/1"}, "severity.yaml"),
        ("people.yaml", {"people": [{"id": "x"}]}, "people.yaml"),
        ("people.yaml", {"people": []}, "incident_lead"),
    ],
)
async def test_the_door_does_not_start_on_a_file_it_cannot_use(
    tmp_path: Path, nowhere: str, file: str, content: dict[str, object], says: str
) -> None:
    settings = make_settings(tmp_path, nowhere, 1)
    (tmp_path / file).write_text(yaml.safe_dump(content))
    app = create_app(settings)
    with pytest.raises(InvalidInputError, match=says):
        async with app.router.lifespan_context(app):
            raise AssertionError("it started")


async def test_an_owner_whose_public_holidays_nobody_knows_is_found_at_the_start(
    tmp_path: Path, nowhere: str
) -> None:
    settings = make_settings(tmp_path, nowhere, 1)
    people = yaml.safe_load((tmp_path / "people.yaml").read_text())
    for person in people["people"]:
        if person["id"] == SYSTEM["owner"]:
            person["country"] = "ZZ"
    (tmp_path / "people.yaml").write_text(yaml.safe_dump(people))
    app = create_app(settings)
    with pytest.raises(InvalidInputError, match=r"owner of refund_desk: .*ZZ"):
        async with app.router.lifespan_context(app):
            raise AssertionError("it started")


async def test_systems_and_people_are_in_the_register_once_it_runs(lonely: Door) -> None:
    assert [one.id for one in Systems(lonely.databases.register).systems()] == ["refund_desk"]
    assert len(People(lonely.databases.register).latest().people) == 18


async def test_a_new_system_file_counts_without_a_restart_and_a_bad_one_changes_nothing(
    lonely: Door,
) -> None:
    folder = lonely.settings.policy.systems
    (folder / "broken.yaml").write_text("id: [")
    (folder / "second_bot.yaml").write_text(yaml.safe_dump({**SYSTEM, "id": "second_bot"}))

    async def served() -> bool:
        return (await lonely.flag("second_bot.allowed")).status_code == 200

    await asyncio.sleep(0)
    assert (await lonely.flag("refund_desk.allowed")).status_code == 200
    (folder / "broken.yaml").unlink()
    await until(served)
    told = (await lonely.detect(system="second_bot", facts=HARM)).json()
    assert "second_bot.allowed" in [one["lever"] for one in told["orders"]]
    (folder / "second_bot.yaml").unlink()

    async def gone() -> bool:
        return not await served()

    await until(gone)


async def test_a_changed_people_file_undoes_no_suspension(lonely: Door) -> None:
    people = People(lonely.databases.register)
    people.suspend("legal-1", datetime.now(UTC), by="admin-1")
    file = lonely.settings.policy.people
    plain = yaml.safe_load(file.read_text())
    plain["people"][0]["name"] = "Another name"
    file.write_text(yaml.safe_dump(plain))

    async def taken_in() -> bool:
        return people.latest().people[0].name == "Another name"

    await until(taken_in)
    suspended = people.latest().person("legal-1")
    assert suspended is not None
    assert suspended.suspended_at(datetime.now(UTC))


async def test_what_nobody_registered_is_not_owned_by_a_suspended_lead(lonely: Door) -> None:
    people = People(lonely.databases.register)
    plain = yaml.safe_load(lonely.settings.policy.people.read_text())
    plain["people"].append({"id": "second", "name": "Second", "roles": ["incident_lead"]})
    people.put_directory(Directory.model_validate(plain), datetime.now(UTC))
    people.suspend("incident_lead-1", datetime.now(UTC), by="admin-1")

    async def owned() -> bool:
        name = f"stranger-{secrets.token_hex(4)}"
        assert (await lonely.detect(system=name)).status_code == 202
        found = Systems(lonely.databases.register).system(name)
        return found is not None and found.owner == "second"

    await until(owned)
