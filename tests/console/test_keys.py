"""People's own keys through the API: each change is a version of the directory, in its owner's hands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from andon.domain.directory import Role
from andon.domain.personal_keys import PersonalKey, ssh_key
from andon.register.people import Change
from tests.api.server import bearer
from tests.console.alone import alone
from tests.console.desk import Office
from tests.enrolling import CLAIMS, enrol, line_of

__all__ = ["alone"]

MINE = "/v1/me/keys"


def client(alone: Office) -> httpx.AsyncClient:
    assert alone.http is not None
    return alone.http


async def add(alone: Office, role: Role, key: Ed25519PrivateKey, **more: Any) -> httpx.Response:
    return await enrol(client(alone), role, key, **more)


def in_directory(alone: Office, person: str, key: str) -> PersonalKey | None:
    found = alone.queries.people.latest().person(person)
    assert found is not None
    return next((one for one in found.keys if one.id == key), None)


async def test_a_key_that_was_added_counts_from_then_on_and_is_listed(alone: Office) -> None:
    mine, before = Ed25519PrivateKey.generate(), datetime.now(UTC)
    added = await add(alone, Role.LEGAL, mine)
    assert added.status_code == 201, added.text
    key = ssh_key(line_of(mine))
    assert added.json()["id"] == key.id
    assert added.json()["label"] == "ana@laptop"
    assert added.json()["in_force"]
    kept = in_directory(alone, "legal-1", key.id)
    assert kept is not None
    assert kept.in_force_at(datetime.now(UTC))
    assert not kept.in_force_at(before)
    listed = (await client(alone).get(MINE, headers=bearer(Role.LEGAL))).json()
    assert listed["person"] == "legal-1"
    assert key.id in [one["id"] for one in listed["keys"]]


async def test_adding_a_key_twice_changes_nothing(alone: Office) -> None:
    mine = Ed25519PrivateKey.generate()
    assert (await add(alone, Role.LEGAL, mine)).status_code == 201
    digest = alone.queries.people.latest().digest()
    again = await add(alone, Role.LEGAL, mine, label="another name")
    assert again.status_code == 200
    assert alone.queries.people.latest().digest() == digest


async def test_a_revoked_key_stays_listed_and_can_not_come_back(alone: Office) -> None:
    mine = Ed25519PrivateKey.generate()
    key = (await add(alone, Role.PRIVACY, mine)).json()["id"]
    revoked = await client(alone).delete(f"{MINE}/{key}", headers=bearer(Role.PRIVACY))
    assert revoked.status_code == 200, revoked.text
    assert not revoked.json()["in_force"]
    kept = in_directory(alone, "privacy-1", key)
    assert kept is not None
    assert kept.revoked_from is not None
    assert kept.in_force_at(kept.revoked_from - timedelta(microseconds=1))
    again = await client(alone).delete(f"{MINE}/{key}", headers=bearer(Role.PRIVACY))
    assert again.json()["revoked_from"] == revoked.json()["revoked_from"]
    back = await add(alone, Role.PRIVACY, mine)
    assert back.status_code == 400
    assert "was revoked" in back.json()["detail"]


async def test_the_versions_of_the_directory_say_who_changed_whose_keys(alone: Office) -> None:
    key = (await add(alone, Role.SECURITY, Ed25519PrivateKey.generate())).json()["id"]
    made = alone.queries.people.versions(1)[0]
    assert (made.why, made.by, made.about) == (Change.KEY_ADDED, "security-1", "security-1")
    gone = await client(alone).delete(f"/v1/people/security-1/keys/{key}", headers=bearer(Role.ADMIN))
    assert gone.status_code == 200, gone.text
    made = alone.queries.people.versions(1)[0]
    assert (made.why, made.by, made.about) == (Change.KEY_REVOKED, "admin-1", "security-1")
    listed = (await client(alone).get("/v1/people/security-1/keys", headers=bearer(Role.ADMIN))).json()
    assert key in [one["id"] for one in listed["keys"]]


async def test_a_key_belongs_to_one_person(alone: Office) -> None:
    shared = Ed25519PrivateKey.generate()
    key = (await add(alone, Role.LEGAL, shared)).json()["id"]
    taken = await add(alone, Role.SECURITY, shared)
    assert taken.status_code == 400
    assert "somebody else" in taken.json()["detail"]
    for answer in (
        await client(alone).delete(f"{MINE}/{key}", headers=bearer(Role.SECURITY)),
        await client(alone).delete(f"/v1/people/security-1/keys/{key}", headers=bearer(Role.ADMIN)),
    ):
        assert answer.status_code == 400
        assert "somebody else" in answer.json()["detail"]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
async def test_only_an_admin_touches_the_keys_of_others(alone: Office, role: Role) -> None:
    path = "/v1/people/legal-1/keys"
    for answer in (
        await client(alone).get(path, headers=bearer(role)),
        await client(alone).delete(f"{path}/{'0' * 64}", headers=bearer(role)),
    ):
        assert answer.status_code == 403, answer.text


async def test_a_program_has_no_keys(alone: Office) -> None:
    sent = {"public_key": line_of(Ed25519PrivateKey.generate())}
    for path in (MINE, CLAIMS):
        answer = await client(alone).post(path, headers=bearer(Role.DETECTOR), json=sent)
        assert answer.status_code == 403
    assert (await client(alone).get(MINE)).status_code == 401


ECDSA_LINE = (
    generate_private_key(SECP256R1())
    .public_key()
    .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    .decode()
)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (ECDSA_LINE, "ssh-keygen -t ed25519"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "show it to nobody"),
        ("ssh-ed25519 AAAA", "damaged"),
        ("hello there", "begins with: ssh-ed25519"),
    ],
    ids=["ecdsa", "private", "damaged", "no key"],
)
async def test_what_is_no_accepted_key_is_refused_and_says_why(alone: Office, line: str, why: str) -> None:
    answer = await client(alone).post(CLAIMS, headers=bearer(Role.LEGAL), json={"public_key": line})
    assert answer.status_code == 400
    assert why in answer.json()["detail"]


async def test_what_does_not_exist_is_not_found(alone: Office) -> None:
    assert (await client(alone).delete(f"{MINE}/{'0' * 64}", headers=bearer(Role.LEGAL))).status_code == 404
    assert (await client(alone).get("/v1/people/nobody/keys", headers=bearer(Role.ADMIN))).status_code == 404
