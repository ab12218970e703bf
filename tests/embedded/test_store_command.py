"""`andon store check` on the embedded store, as somebody at a terminal asks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing

import pytest

from tests.embedded.running import RunningStores
from tests.embedded.test_stores import store_of

pytestmark = [pytest.mark.stack, pytest.mark.long]


def asked(stores: RunningStores, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "andon.cli.main", "store", "check", "--data", str(stores.data)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANDON_")}
    return subprocess.run(
        [*command, *words],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**environment, **more},
    )


def test_it_says_what_was_tried_and_what_the_store_did(shared_stores: RunningStores) -> None:
    told = asked(shared_stores)
    assert told.returncode == 0, told.stderr
    assert "Locks hold." in told.stdout
    assert "hold_by_custodian_is_recorded" in told.stdout
    answer = json.loads(asked(shared_stores, "--json").stdout)
    assert answer["locked"] is True
    assert len(answer["checks"]) >= 18


def test_an_identity_that_may_too_much_fails(shared_stores: RunningStores) -> None:
    keys = shared_stores.read("secrets.json")["provisioner"]
    told = asked(
        shared_stores,
        ANDON_STORE__ACCESS_KEY=keys["access_key"],
        ANDON_STORE__SECRET_KEY=keys["secret_key"],
    )
    assert told.returncode == 1
    assert "Evidence stored here is NOT locked." in told.stdout
    store = store_of(shared_stores)
    with closing(store.client(store.credentials.provisioner)) as client:
        assert "OnlyTheCustodianHolds" in client.get_bucket_policy(Bucket=store.bucket)["Policy"]


def test_a_store_that_is_away_is_told_so(shared_stores: RunningStores) -> None:
    told = asked(
        shared_stores, ANDON_STORE__ENDPOINT="http://127.0.0.1:1", ANDON_STORE__ACCESS_KEY="somebody"
    )
    assert told.returncode == 3
    assert "gives no clear answer" in told.stderr
