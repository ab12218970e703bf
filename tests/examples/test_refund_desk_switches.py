"""What the refund desk does when a switch is off, or can't be read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.examples.conftest import Desk
from tests.examples.services import DENIED, Flags, Traces, attributes_of, until

BROKEN = "Order ORD-77 arrived broken 3 days ago. Please refund €34.50."
TOOL = "refund_desk.tool.issue_refund.allowed"


def test_a_stopped_desk_leaves_the_ticket_to_people_and_tells_the_customer_why(
    desk: Desk, flags: Flags
) -> None:
    flags.values["refund_desk.allowed"] = False
    reply = desk.send("t-1", BROKEN)
    assert (reply["action"], reply["notice"]) == ("paused", DENIED)
    assert desk.rows("refunds") == []
    (queued,) = desk.rows("manual_queue")
    assert (queued["ticket_id"], queued["incident"]) == ("t-1", DENIED["incident"])


def test_a_stopped_tool_begins_no_refund_and_leaves_no_tool_span(
    desk: Desk, flags: Flags, traces: Traces
) -> None:
    flags.values[TOOL] = False
    reply = desk.send("t-1", BROKEN)
    assert (reply["action"], reply["notice"]) == ("paused", DENIED)
    assert desk.rows("refunds") == []
    spans = traces.of(reply["trace_id"])
    assert [span.name for span in spans if span.name.startswith("execute_tool")] == []
    root = attributes_of(next(span for span in spans if not span.parent_span_id))
    assert root["refund_desk.denied"] == TOOL
    assert root["refund_desk.denied.incident"] == DENIED["incident"]


def test_questions_are_still_answered_while_only_the_tool_is_stopped(desk: Desk, flags: Flags) -> None:
    flags.values[TOOL] = False
    assert desk.send("t-1", "Can I cancel my subscription at any time?")["action"] == "answered"


def test_no_refund_begins_after_the_switch_went_off_under_load(desk: Desk, flags: Flags) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = [pool.submit(desk.send, f"t-{number}", BROKEN) for number in range(150)]
        until(lambda: len(desk.rows("refunds")) >= 20)
        flags.values[TOOL] = False
        off_at = datetime.now(UTC).isoformat(timespec="microseconds")
        actions = [reply.result(60)["action"] for reply in replies]
    begun = [row["began_at"] for row in desk.rows("refunds")]
    assert len(begun) == actions.count("refunded") >= 20
    assert actions.count("paused") > 0
    assert [at for at in begun if at > off_at] == []


def test_drafts_go_to_a_reviewer_and_no_tool_runs_while_unreviewed_answers_are_off(
    desk: Desk, flags: Flags
) -> None:
    flags.values["refund_desk.unreviewed.allowed"] = False
    refund = desk.send("t-1", BROKEN)
    question = desk.send("t-2", "Can I cancel my subscription at any time?")
    assert [refund["action"], question["action"]] == ["sent_to_review"] * 2
    assert refund["notice"] == DENIED
    assert desk.rows("refunds") == []
    first, second = desk.rows("review_queue")
    assert first["proposed_call"] is not None
    assert "subscription" in second["draft"]


def test_a_blocked_policy_source_is_not_read_and_the_draft_goes_to_a_reviewer(
    desk: Desk, flags: Flags, traces: Traces
) -> None:
    flags.values["refund_desk.source.policies.allowed"] = False
    reply = desk.send("t-1", "Can I cancel my subscription at any time?")
    assert reply["action"] == "sent_to_review"
    assert [s.name for s in traces.of(reply["trace_id"]) if s.name.startswith("retrieval")] == []


def test_the_rate_limit_is_tickets_a_minute(desk: Desk, flags: Flags) -> None:
    flags.values["refund_desk.rate_limit"] = 2
    actions = [desk.send(f"t-{number}", "Can I cancel my subscription?")["action"] for number in range(3)]
    assert actions == ["answered", "answered", "paused"]


def test_a_paused_ticket_that_is_sent_again_later_is_paid_and_taken_off_the_queue(
    desk: Desk, flags: Flags
) -> None:
    flags.values["refund_desk.allowed"] = False
    desk.send("t-1", BROKEN)
    flags.allow_everything()
    assert desk.send("t-1", BROKEN)["action"] == "refunded"
    (queued,) = desk.rows("manual_queue")
    assert queued["closed_at"] is not None


def test_an_unknown_switch_or_a_refusing_flag_service_means_paused(desk: Desk, flags: Flags) -> None:
    del flags.values["refund_desk.allowed"]
    assert desk.send("t-1", BROKEN)["action"] == "paused"
    flags.allow_everything()
    flags.refusing = 503
    reply = desk.send("t-2", BROKEN)
    assert reply["action"] == "paused"
    assert "could not be read" in reply["notice"]["reason"]
    assert reply["notice"]["incident"] is None
    assert desk.rows("refunds") == []


@pytest.mark.timeout(20)
def test_a_flag_service_that_hangs_means_paused_and_not_a_desk_that_hangs(desk: Desk, flags: Flags) -> None:
    flags.silent = True
    assert desk.send("t-1", BROKEN)["action"] == "paused"
    assert desk.rows("refunds") == []
