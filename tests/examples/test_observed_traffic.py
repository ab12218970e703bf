"""On recorded traffic: what observing says would have been stopped is what enforcing stops."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from andon.domain.containment import Lever, Verb
from andon.domain.mode import Foreseen
from andon.domain.severity import Band
from andon.domain.would_stop import SpanSeen, requests_stopped
from examples.refund_desk.traffic import ticket_number
from tests.examples.conftest import Desk
from tests.examples.services import Flags, Traces

COUNT = 24
BEFORE = 6
"""Tickets that came before the incident."""
TOOL = Lever(
    id="refund_desk.tool.issue_refund.allowed",
    adapter="flag",
    system="refund_desk",
    verb=Verb.DISABLE_TOOL,
    target="issue_refund",
)
PAUSE = Lever(id="refund_desk.allowed", adapter="flag", system="refund_desk", verb=Verb.PAUSE_SYSTEM)


def sent(desk: Desk, number: int, prefix: str) -> dict[str, Any]:
    ticket, _ = ticket_number(number, prefix=prefix, attack_every=4)
    return desk.send(ticket["ticket_id"], ticket["text"], ticket["account_id"])


def spans(traces: Traces, replies: dict[int, dict[str, Any]]) -> list[SpanSeen]:
    return [
        SpanSeen(
            trace=span.trace_id.hex(),
            name=span.name,
            start=datetime.fromtimestamp(span.start_time_unix_nano / 1e9, UTC),
        )
        for reply in replies.values()
        for span in traces.of(reply["trace_id"])
    ]


@pytest.mark.parametrize("lever", [TOOL, PAUSE], ids=["tool", "pause"])
def test_observing_names_exactly_the_requests_that_enforcing_stops(
    desk: Desk, flags: Flags, traces: Traces, lever: Lever, capsys: pytest.CaptureFixture[str]
) -> None:
    replies = {number: sent(desk, number, "o") for number in range(BEFORE)}
    opened_at = datetime.now(UTC)
    replies |= {number: sent(desk, number, "o") for number in range(BEFORE, COUNT)}
    foreseen = [Foreseen(lever=lever, since=opened_at, severity=Band.HIGH)]
    would = requests_stopped(spans(traces, replies), foreseen)[lever.id]
    named = {number for number, reply in replies.items() if reply["trace_id"] in would}

    enforced = {number: sent(desk, number, "e")["action"] for number in range(BEFORE)}
    flags.values[lever.id] = False
    enforced |= {number: sent(desk, number, "e")["action"] for number in range(BEFORE, COUNT)}
    stopped = {number for number, action in enforced.items() if action == "paused"}

    assert named == stopped
    assert 0 < len(named) <= COUNT - BEFORE
    with capsys.disabled():
        print(f"\n{lever.id}: {COUNT} requests, would have stopped {len(named)}, did stop {len(stopped)}")
