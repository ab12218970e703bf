"""What is still open of an order, and who is called on meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from andon.domain.containment import Applied, Lever, OrderState, Proof, Verb
from andon.domain.directory import Role
from andon.domain.proof import Finding, Part
from andon.domain.unproven import LADDER, called_on, facts_of, still_open

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEVER = Lever(id="desk.x", adapter="http", system="desk", verb=Verb.BLOCK_SOURCE)
CACHED = LEVER.model_copy(update={"options": {"cache_seconds": "60"}})
APPLIED = Applied(order="o", at=AT, captured=None)


def seen(*parts: Part, held: bool = False) -> Proof:
    return Proof(order="o", held=held, at=AT, via="http", saw="free", parts=parts)


HELD = Part(ground="lever", finding=Finding.HELD, saw="held")
FREE = Part(ground="spans", finding=Finding.NOT_HELD, saw="seen", in_flight=2)
QUIET = Part(ground="spans", finding=Finding.UNPROVEN, saw="no_traffic")
BUSY = Part(ground="request", finding=Finding.HELD, saw="403", backlog=4)


@pytest.mark.parametrize(
    ("state", "lever", "proof", "said"),
    [
        (OrderState.REQUESTED, LEVER, None, "requested"),
        (OrderState.APPLIED, LEVER, None, "applied"),
        (OrderState.APPLIED, CACHED, None, "waiting for caches until 09:01:00 UTC"),
        (OrderState.FAILED, LEVER, None, "failed"),
        (OrderState.UNPROVEN, LEVER, None, "unproven: no_answer"),
        (OrderState.UNPROVEN, LEVER, seen(), "unproven: free"),
        (OrderState.UNPROVEN, LEVER, seen(HELD, QUIET), "unproven: no_traffic"),
        (OrderState.UNPROVEN, LEVER, seen(HELD, FREE), "partial: lever held, spans not; in_flight: 2"),
        (OrderState.PROVEN, LEVER, seen(HELD, held=True), ""),
        (OrderState.PROVEN, LEVER, seen(HELD, BUSY, held=True), "backlog: 4"),
        (OrderState.EXPIRED, LEVER, seen(HELD, held=True), "expired"),
        (OrderState.RELEASED, LEVER, seen(HELD, FREE), ""),
    ],
)
def test_what_is_open_of_an_order_is_named(
    state: OrderState, lever: Lever, proof: Proof | None, said: str
) -> None:
    assert still_open(state, lever, APPLIED, proof) == said


def test_one_authority_after_the_other_is_called_on_and_then_all_at_twice_the_distance() -> None:
    called = {attempt: called_on(attempt) for attempt in range(1, 20) if called_on(attempt)}
    assert called == {
        1: (Role.OPERATIONS,),
        2: (Role.INCIDENT_LEAD,),
        4: (Role.EXECUTIVE,),
        8: LADDER,
        16: LADDER,
    }


def test_the_ledger_keeps_each_look_and_what_was_under_way() -> None:
    assert facts_of(seen(HELD, FREE, BUSY)) == {
        "parts": "lever:held,spans:not_held,request:held",
        "in_flight": 2,
        "backlog": 4,
    }
    assert facts_of(seen()) == facts_of(None) == {}
