"""The levers the refund desk serves by the HTTP lever contract, on its own parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from examples.refund_desk.lever_routes import lever_refusals, lever_routes
from examples.refund_desk.levers import LEVERS, DeskLevers
from examples.refund_desk.publications import IndexUnusableError, Publication, Shelf, built
from examples.refund_desk.settings import LeverBook
from examples.refund_desk.tickets import Action, Reply, Ticket

LATE = "Is a refund possible after the delivery? It was delivered 64 days ago."
OLD, CURRENT = "refund-window-2024", "refund-window"
ROLL_BACK, QUARANTINE = "roll_back_index/policies", "quarantine_records/policies"
BLOCK, FALLBACK, FILTER = "block_source/policies", "switch_to_fallback/-", "enforce_filter/-"
WANTED = {
    ROLL_BACK: {"to": "v1"},
    QUARANTINE: {"records": OLD},
    BLOCK: {},
    FALLBACK: {"to": "manual_queue"},
    FILTER: {"to": "account_numbers"},
}
HOLD = {"order": "INC-20260302-abc123/order/1", "incident": "INC-20260302-abc123", "reason": "source_failure"}


@pytest.fixture
def levers(tmp_path: Path) -> DeskLevers:
    return opened(tmp_path)


def opened(folder: Path) -> DeskLevers:
    return DeskLevers(LeverBook(folder), Shelf(folder / "index"))


@pytest.fixture
def client(levers: DeskLevers) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(lever_routes(levers))
    lever_refusals(app)
    levers.source.publish(built("v2"))
    with TestClient(app) as client:
        yield client


def put(client: TestClient, lever: str, body: dict[str, Any], key: str = "k-1") -> Any:
    answer = client.put(f"/levers/{lever}", json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


def looked(client: TestClient, lever: str) -> Any:
    return client.get(f"/look/{lever}", params=WANTED[lever]).json()


def test_every_lever_has_a_case_here() -> None:
    assert set(WANTED) == LEVERS


@pytest.mark.parametrize("lever", sorted(WANTED))
def test_a_hold_is_seen_by_a_look_and_the_state_before_brings_all_back(
    client: TestClient, lever: str
) -> None:
    before = client.get(f"/levers/{lever}").json()
    assert (before["held"], before["hold"]) == (False, None)
    assert looked(client, lever)["held"] is False
    hold = {**HOLD, **WANTED[lever]}
    held = put(client, lever, {"hold": hold})
    assert held == client.get(f"/levers/{lever}").json()
    assert (held["held"], held["hold"]) == (True, hold)
    assert held["state"] != before["state"]
    assert looked(client, lever)["held"] is True
    assert put(client, lever, {"hold": None, "state": before["state"]}, "k-2") == before
    assert looked(client, lever)["held"] is False


def test_a_late_copy_of_a_request_undoes_nothing_and_a_key_is_for_one_request(client: TestClient) -> None:
    hold = {"hold": {**HOLD, **WANTED[BLOCK]}}
    rest = client.get(f"/levers/{BLOCK}").json()["state"]
    held = put(client, BLOCK, hold)
    put(client, BLOCK, {"hold": None, "state": rest}, "k-2")
    assert put(client, BLOCK, hold) == held
    assert looked(client, BLOCK)["held"] is False
    other = client.put(f"/levers/{FILTER}", json=hold, headers={"Idempotency-Key": "k-1"})
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("lever", "hold"),
    [
        ("block_writes/notes", {}),
        ("block_source/orders", {}),
        (ROLL_BACK, {"to": "v9"}),
        (ROLL_BACK, {}),
        (QUARANTINE, {"records": "added-since:v9"}),
        (FALLBACK, {"to": "another_model"}),
    ],
)
def test_what_is_not_there_is_told_as_not_there(client: TestClient, lever: str, hold: dict[str, str]) -> None:
    answer = client.put(f"/levers/{lever}", json={"hold": hold}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 404


def test_the_superseded_policy_wins_until_it_is_quarantined(levers: DeskLevers) -> None:
    assert levers.source.search(LATE, 1)[0].id == CURRENT
    levers.source.publish(built("v2"))
    assert levers.source.search(LATE, 1)[0].id == OLD
    levers.hold(QUARANTINE, {"records": "added-since:v1"}, "k-1")
    assert levers.source.search(LATE, 1)[0].id == CURRENT
    assert levers.look(QUARANTINE, to="", records="added-since:v1") == (True, "0_of_1_served")


def test_what_is_added_later_is_quarantined_too(levers: DeskLevers) -> None:
    levers.hold(QUARANTINE, {"records": "added-since:v1"}, "k-1")
    levers.source.publish(built("v2"))
    assert OLD not in levers.source.served()


def test_a_rolled_back_index_ignores_what_is_published_and_the_versions_do_not(levers: DeskLevers) -> None:
    first = levers.source.version
    levers.hold(ROLL_BACK, {"to": "v1"}, "k-1")
    levers.source.publish(built("v2"))
    assert levers.source.version != first
    assert OLD not in levers.source.served()
    assert levers.look(ROLL_BACK, to="v1", records="")[0]


def test_a_hold_outlives_a_restart(levers: DeskLevers, tmp_path: Path) -> None:
    levers.source.publish(built("v2"))
    levers.hold(ROLL_BACK, {"to": "v1"}, "k-1")
    again = opened(tmp_path)
    assert again.look(ROLL_BACK, to="v1", records="")[0]
    assert again.read(ROLL_BACK).hold == {"to": "v1"}


def test_the_fixed_index_is_byte_for_byte_the_one_before_the_fault(levers: DeskLevers) -> None:
    before = levers.source.version
    for name in ("v2", "v3"):
        levers.source.publish(built(name))
    assert levers.source.version == before


def test_a_name_stands_for_one_content_for_ever(levers: DeskLevers) -> None:
    with pytest.raises(IndexUnusableError, match="other texts"):
        levers.source.publish(Publication(index="v1", texts={"a": "Something else."}))


def test_an_altered_index_is_served_to_nobody(levers: DeskLevers, tmp_path: Path) -> None:
    (kept,) = (tmp_path / "index" / "versions").glob("*.json")
    kept.write_text(kept.read_text().replace("30 days", "300 days"))
    with pytest.raises(IndexUnusableError, match="altered"):
        levers.source.search(LATE, 1)


def test_the_filter_hides_every_account_number_but_the_customers_own(levers: DeskLevers) -> None:
    ticket = Ticket(ticket_id="t-1", account_id="ACC-1001", text="Hello")
    reply = Reply(answer="ACC-1001 and ACC-2002", action=Action.ANSWERED, trace_id="0" * 32)
    assert levers.filtered(reply, ticket) == reply
    levers.hold(FILTER, {"to": "account_numbers"}, "k-1")
    assert levers.filtered(reply, ticket).answer == "ACC-1001 and ACC-[hidden]"
