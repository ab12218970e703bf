"""When a lever was last proven is known after its order was released, and never from one that failed."""

from __future__ import annotations

import importlib
from datetime import datetime, timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from andon.domain.containment import OrderState, Proof
from andon.domain.incident import OrderRecord
from andon.register.by_system import incidents_by_system
from andon.register.engine import Databases
from andon.register.incidents import Incidents
from andon.register.lever_proofs import LeverProofs
from tests.register.cases import INCIDENT, NOW, PAUSE, TITLE, TOOL, opening, order, view

LATER = "INC-20260303-abc123"
MINUTE = timedelta(minutes=1)


def record(
    state: OrderState, *, held: bool | None, incident: str = INCIDENT, lever: str = TOOL, at: datetime = NOW
) -> OrderRecord:
    put = order(1, incident=incident, lever=lever)
    saw = "false/STATIC" if held else "true/STATIC"
    proof = None if held is None else Proof(order=put.id, held=held, at=at, via="openfeature", saw=saw)
    return OrderRecord(order=put, state=state, proof=proof)


def test_a_proof_stays_known_after_its_order_was_released(databases: Databases) -> None:
    incidents, proofs = Incidents(databases.register), LeverProofs(databases.register)
    incidents.show(view(version=1, orders=(record(OrderState.PROVEN, held=True),)))
    incidents.show(view(version=2, orders=(record(OrderState.RELEASED, held=True),)))
    found = proofs.newest()[TOOL]
    assert (found.at, found.incident, found.order, found.via) == (
        NOW,
        INCIDENT,
        f"{INCIDENT}/order/1",
        "openfeature",
    )


@pytest.mark.parametrize(
    ("state", "held"),
    [(OrderState.FAILED, None), (OrderState.UNPROVEN, False), (OrderState.APPLIED, None)],
)
def test_an_order_that_was_not_seen_to_hold_proves_nothing(
    databases: Databases, state: OrderState, held: bool | None
) -> None:
    Incidents(databases.register).show(view(orders=(record(state, held=held),)))
    assert LeverProofs(databases.register).newest() == {}


def test_a_later_failure_takes_no_earlier_proof_away_and_an_older_proof_replaces_no_newer(
    databases: Databases,
) -> None:
    incidents, proofs = Incidents(databases.register), LeverProofs(databases.register)
    incidents.show(view(LATER, orders=(record(OrderState.PROVEN, held=True, incident=LATER, at=NOW),)))
    earlier = record(OrderState.PROVEN, held=True, at=NOW - MINUTE)
    incidents.show(view(version=1, orders=(earlier,)))
    incidents.show(view(version=2, orders=(record(OrderState.FAILED, held=None),)))
    incidents.show(view(version=3, orders=(record(OrderState.UNPROVEN, held=False, at=NOW + MINUTE),)))
    assert (proofs.newest()[TOOL].incident, proofs.newest()[TOOL].at) == (LATER, NOW)
    again = record(OrderState.PROVEN, held=True, at=NOW + 2 * MINUTE)
    incidents.show(view(version=4, orders=(again,)))
    assert proofs.newest()[TOOL].incident == INCIDENT


def test_a_proof_in_an_exercise_is_told_apart_and_hides_no_real_one_that_is_newer(
    databases: Databases,
) -> None:
    incidents, proofs = Incidents(databases.register), LeverProofs(databases.register)
    incidents.show(view(exercise=True, orders=(record(OrderState.PROVEN, held=True),)))
    assert proofs.newest()[TOOL].exercise
    real = record(OrderState.PROVEN, held=True, incident=LATER, at=NOW + MINUTE)
    incidents.show(view(LATER, orders=(real,)))
    assert not proofs.newest()[TOOL].exercise


def test_proofs_of_before_the_table_are_taken_from_the_incidents_there_are(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    both = (record(OrderState.RELEASED, held=True), record(OrderState.FAILED, held=None, lever=PAUSE))
    incidents.show(view(orders=both))
    module = importlib.import_module("andon.register.migrations.register.register_0022_lever_proofs")
    with databases.register.begin() as connection:
        connection.execute(text("DROP TABLE lever_proofs"))
        connection.execute(text("DROP INDEX ix_incidents_system_opened_at"))
        with Operations.context(MigrationContext.configure(connection)):
            module.upgrade()
    assert {name: one.at for name, one in LeverProofs(databases.register).newest().items()} == {TOOL: NOW}


def test_incidents_are_counted_by_ai_system_without_exercises(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    for name, later, exercise in ((INCIDENT, 0, False), (LATER, 1, False), ("INC-20260304-abc123", 2, True)):
        at = NOW + timedelta(days=later)
        incidents.allot(opening(name, opened_at=at, exercise=exercise), dedupe=None, title=TITLE)
    incidents.show(view(LATER, closed_at=NOW + timedelta(days=1)))
    found = incidents_by_system(databases.register)
    assert found["refund_desk"].last_opened_at == NOW + timedelta(days=1)
    assert {name: (one.open, one.all, one.last) for name, one in found.items()} == {
        "refund_desk": (1, 2, LATER)
    }
