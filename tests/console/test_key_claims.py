"""Nobody adds a key whose private half they have not shown to have, and nobody one for somebody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.domain.directory import Directory, Role
from andon.domain.personal_keys import ssh_key
from andon.domain.sshsig import sign_sshsig
from tests.api.server import bearer
from tests.console.alone import alone
from tests.console.desk import Office
from tests.enrolling import KEYS, claimed, enrol, line_of, proof
from tests.openssh import needs_ssh_keygen, new_key, public_line_of, ssh_keygen

__all__ = ["alone"]


def client(alone: Office) -> httpx.AsyncClient:
    assert alone.http is not None
    return alone.http


def known(alone: Office, person: str) -> set[str]:
    found = alone.queries.people.latest().person(person)
    assert found is not None
    return {one.id for one in found.keys}


async def send(alone: Office, role: Role, body: dict[str, Any]) -> httpx.Response:
    return await client(alone).post(KEYS, headers=bearer(role), json=body)


async def test_a_claim_names_the_person_the_key_the_console_and_its_end(alone: Office) -> None:
    key = Ed25519PrivateKey.generate()
    found = await claimed(client(alone), Role.LEGAL, line_of(key))
    claim = json.loads(found["text"])
    assert claim == found["claim"]
    assert (claim["statement"], claim["person"], claim["console"]) == (
        "andon.key/1",
        "legal-1",
        alone.parts.url,
    )
    assert claim["key"] == ssh_key(line_of(key)).id
    assert found["namespace"] == "andon.key"


async def test_a_public_key_alone_adds_nothing(alone: Office) -> None:
    line = line_of(Ed25519PrivateKey.generate())
    answer = await send(alone, Role.HR, {"public_key": line})
    assert answer.status_code == 400
    assert ssh_key(line).id not in known(alone, "hr-1")


MINE, THEIRS = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def signed(text: str, key: Ed25519PrivateKey, namespace: str = "andon.key") -> str:
    return sign_sshsig(text.encode(), key, namespace)


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (lambda claim: {"signature": signed(claim["text"], THEIRS)}, "another key"),
        (lambda claim: {"signature": signed(claim["text"], MINE, "andon.response")}, "another purpose"),
        (lambda claim: {"signature": signed(claim["text"] + " ", MINE)}, "altered"),
        (lambda _: {"signature": signed("{}", MINE)}, "altered"),
        (lambda _: {"signature": "hello"}, "no armoured SSH signature"),
        (
            lambda claim: {"public_key": line_of(THEIRS), "signature": signed(claim["text"], THEIRS)},
            "another",
        ),
    ],
    ids=["key", "purpose", "text", "something else", "no signature", "claim of another key"],
)
async def test_what_does_not_prove_the_key_adds_nothing_and_can_be_done_again(
    alone: Office, forge: Any, why: str
) -> None:
    claim = await claimed(client(alone), Role.FINANCE, line_of(MINE))
    refused = await send(alone, Role.FINANCE, proof(claim, MINE) | forge(claim))
    assert refused.status_code == 400, refused.text
    assert why in refused.json()["detail"]
    assert known(alone, "finance-1") & {ssh_key(line_of(MINE)).id, ssh_key(line_of(THEIRS)).id} == set()
    key = Ed25519PrivateKey.generate()
    claim = await claimed(client(alone), Role.FINANCE, line_of(key))
    assert (await send(alone, Role.FINANCE, {**proof(claim, key), "signature": "x"})).status_code == 400
    assert (await send(alone, Role.FINANCE, proof(claim, key))).status_code == 201


async def test_a_claim_is_good_for_one_person(alone: Office) -> None:
    key = Ed25519PrivateKey.generate()
    claim = await claimed(client(alone), Role.LEGAL, line_of(key))
    stolen = await send(alone, Role.SECURITY, proof(claim, key))
    assert (stolen.status_code, stolen.json()["type"]) == (409, "urn:andon:problem:no-claim")
    assert known(alone, "security-1") & {ssh_key(line_of(key)).id} == set()


async def test_a_claim_is_good_once(alone: Office) -> None:
    key = Ed25519PrivateKey.generate()
    body = proof(await claimed(client(alone), Role.LEGAL, line_of(key)), key)
    added = await send(alone, Role.LEGAL, body)
    assert added.status_code == 201, added.text
    revoked = await client(alone).delete(f"{KEYS}/{added.json()['id']}", headers=bearer(Role.LEGAL))
    assert revoked.status_code == 200
    assert (await send(alone, Role.LEGAL, body)).status_code == 409


async def test_sent_twice_a_proof_adds_one_key(alone: Office) -> None:
    key = Ed25519PrivateKey.generate()
    body = proof(await claimed(client(alone), Role.LEGAL, line_of(key)), key)
    assert [(await send(alone, Role.LEGAL, body)).status_code for _ in range(2)] == [201, 200]


@needs_ssh_keygen
async def test_a_claim_that_the_real_ssh_keygen_signed_adds_the_key(alone: Office, tmp_path: Path) -> None:
    new_key(tmp_path / "id")
    line = public_line_of(tmp_path / "id")
    claim = await claimed(client(alone), Role.PRIVACY, line)
    sign = ("-Y", "sign", "-n", claim["namespace"], "-f", tmp_path / "id")
    made = ssh_keygen(*sign, stdin=claim["text"].encode())
    assert made.returncode == 0, made.stderr
    body = {"public_key": line, "nonce": claim["claim"]["nonce"], "signature": made.stdout.decode()}
    added = await send(alone, Role.PRIVACY, body)
    assert added.status_code == 201, added.text
    assert added.json()["label"] == "ana@laptop"


async def test_an_admin_gives_nobody_else_a_key(alone: Office) -> None:
    key = Ed25519PrivateKey.generate()
    claim = await claimed(client(alone), Role.ADMIN, line_of(key))
    path = "/v1/people/security-1/keys"
    answer = await client(alone).post(path, headers=bearer(Role.ADMIN), json=proof(claim, key))
    assert answer.status_code == 405


async def put(alone: Office, change: Any) -> httpx.Response:
    """Send the list of people as an admin has changed it."""
    read = await client(alone).get("/v1/directory/document", headers=bearer(Role.ADMIN))
    people = read.json()["people"]
    change(next(one for one in people if one["id"] == "security-1"))
    Directory.model_validate(read.json() | {"people": people})
    headers = bearer(Role.ADMIN) | {"If-Match": read.headers["etag"]}
    body = {"people": people, "rotations": read.json()["rotations"]}
    return await client(alone).put("/v1/directory", headers=headers, json=body)


async def test_an_admin_gives_nobody_a_key_with_a_list_of_people_either(alone: Office) -> None:
    sneaked = ssh_key(line_of(Ed25519PrivateKey.generate())).model_dump(mode="json")
    refused = await put(alone, lambda person: person.update(keys=[sneaked]))
    assert refused.status_code == 400, refused.text
    assert "security-1 adds it themselves" in refused.json()["detail"]
    assert sneaked["id"] not in known(alone, "security-1")


async def test_a_list_of_people_lets_no_key_count_for_longer_than_it_did(alone: Office) -> None:
    mine = Ed25519PrivateKey.generate()
    added = (await enrol(client(alone), Role.SECURITY, mine)).json()
    listed = ssh_key(line_of(mine)).model_dump(mode="json")
    earlier = {**listed, "since": None}
    assert (await put(alone, lambda person: person.update(keys=[earlier]))).status_code == 400
    same = {**listed, "since": added["since"]}
    assert (await put(alone, lambda person: person.update(keys=[same]))).status_code == 200
    assert (await put(alone, lambda person: person.update(keys=[]))).status_code == 200
    assert added["id"] in known(alone, "security-1")
