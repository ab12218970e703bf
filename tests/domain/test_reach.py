"""Counting whom and what was reached: versions, users, records, side effects, and holes in the record."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.impact import Basis, Hypothesis
from andon.domain.reach import Blast, Leaning, Missing, Reached, Start, Window, first_bad, reached
from andon.domain.system import Counting, RecordRule
from andon.domain.trace import Span

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULE = RecordRule(tool="issue_refund", argument="order_id", system="orders", field="refund", after="amount")
COUNTING = Counting(user="user.id", segment="tenant", records=(RULE,))


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def span(trace: str, minutes: float, name: str, **attributes: Any) -> Span:
    return Span(
        trace_id=trace,
        span_id=f"{trace}-{name}",
        parent=None if name == "agent" else f"{trace}-agent",
        service="refund_desk",
        name=name,
        start=at(minutes),
        end=at(minutes) + timedelta(seconds=1),
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
    )


def request(
    trace: str, minutes: float, version: str, user: str = "u1", *, order: str = "", tenant: str = "north"
) -> list[Span]:
    agent = span(
        trace, minutes, "agent", user__id=user, tenant=tenant, gen_ai__prompt__version=version,
        gen_ai__output__messages="[]",
    )  # fmt: skip
    call = {"order_id": order, "amount": 40}
    tool = span(
        trace, minutes, "tool", gen_ai__operation__name="execute_tool", gen_ai__tool__name="issue_refund",
        gen_ai__tool__call__arguments=json.dumps(call),
    )  # fmt: skip
    return [agent, tool] if order else [agent]


def window(since: float = 0, until: float = 60, begins: float | None = -60, **changes: Any) -> Window:
    return Window(
        since=at(since),
        until=at(until),
        start=Start.STATED,
        record_from=None if begins is None else at(begins),
        **changes,
    )


def count(spans: list[Span], named: tuple[str, ...] = (), place: Window | None = None) -> Reached:
    return reached(spans, named, place or window(), COUNTING)


BEFORE = [*request("t0", -30, "7", "u0"), *request("t1", -20, "7", "u1", order="A-0")]
AFTER = [
    *request("t2", 5, "8", "u1", order="A-1"),
    *request("t3", 10, "8", "u2", order="A-1"),
    *request("t4", 15, "8", "u3", order="A-2"),
]


def test_outputs_users_records_and_side_effects_are_counted_from_the_first_bad_version_on() -> None:
    assert first_bad([*BEFORE, *AFTER], ["t3"]) == at(5)
    found = count([*BEFORE, *AFTER], ("t3",), window(since=5))
    assert {one.what: (one.value, one.basis) for one in found.numbers} == {
        "outputs": (3, Basis.COUNTED),
        "users": (3, Basis.COUNTED),
        "records": (2, Basis.COUNTED),
        "side_effects": (3, Basis.COUNTED),
    }
    assert (found.requests, found.affected) == (3, 3)
    assert found.by_tool == {"issue_refund": 3}
    assert found.changed == {"gen_ai.prompt.version": "8"}
    assert found.missing == ()
    assert (found.suggested, found.reasons) == (Blast.WORKFLOW, ("all_traffic_since",))


def test_requests_on_another_version_in_the_same_window_are_not_counted_and_make_it_a_segment() -> None:
    found = count([*BEFORE, *AFTER, *request("t5", 20, "7", "u9", order="B-1")], ("t3",))
    assert (found.requests, found.affected) == (4, 3)
    assert {one.id for one in found.records} == {"A-1", "A-2"}
    assert (found.suggested, found.reasons) == (Blast.SEGMENT, ("part_of_the_traffic",))


def test_a_request_that_was_cut_short_counts_by_what_it_says_of_its_version() -> None:
    chat = span("t2", 6, "chat", gen_ai__response__model="m-1", gen_ai__response__id="r-1")
    found = count([*BEFORE, *request("t2", 5, "8"), chat, *request("t3", 6, "8")], ("t2",))
    assert found.affected == 2


def test_one_user_is_isolated_and_one_of_several_tenants_is_a_segment() -> None:
    alone = [*BEFORE, *request("t2", 5, "8", "u1"), *request("t3", 6, "8", "u1")]
    assert count(alone, ("t2",)).suggested is Blast.ISOLATED
    spread = [
        *request("t2", 5, "8", "u1"),
        *request("t3", 6, "8", "u2"),
        *request("t4", 6, "7", "u3", tenant="south"),
    ]
    assert count(spread, ("t2",)).reasons == ("one_segment_of_several",)


def test_other_ai_systems_that_run_what_is_new_make_it_more_than_one() -> None:
    others = {"letters": ["8"], "payroll": ["3"]}
    found = reached([*BEFORE, *AFTER], ("t3",), window(), COUNTING, others=others)
    assert (found.suggested, found.other_systems) == (Blast.SYSTEM, ("letters",))


def test_a_record_that_begins_later_gives_an_estimate_and_says_what_was_seen() -> None:
    found = count(AFTER, ("t3",), window(since=-60, begins=0))
    outputs = found.number("outputs")
    assert (outputs.basis, outputs.counted, outputs.value) == (Basis.ESTIMATED, 3, 6)
    assert outputs.why == (Missing.RECORD_BEGINS_LATER,)
    assert Missing.VERSION_RAN_BEFORE in found.missing


@pytest.mark.parametrize(
    "place", [window(since=-60, begins=0), window(cut=True, read_from=at(5))], ids=["begins later", "cut"]
)
def test_what_was_not_seen_never_makes_it_isolated(place: Window) -> None:
    found = count([*request("t2", 5, "8", "u1"), *request("t3", 6, "8", "u1")], ("t2",), place)
    assert (found.suggested, found.reasons) == (Blast.UNKNOWN, ("part_of_the_record_is_missing",))
    assert found.hypotheses[Hypothesis.ONE_USER] is Leaning.OPEN


def test_no_traffic_in_the_record_is_unknown_and_never_zero() -> None:
    found = count([], ("t3",), window(begins=None))
    assert {(one.value, one.basis) for one in found.numbers} == {(None, Basis.UNKNOWN)}
    assert (found.suggested, found.reasons) == (Blast.UNKNOWN, ("nothing_was_seen",))


def test_numbers_that_spans_can_not_tell_are_named_with_why() -> None:
    spans = [span("t1", 5, "agent", gen_ai__completion="x"), *request("t2", 6, "8")]
    found = reached(spans, ("t2",), window(), Counting(user="", segment=""))
    assert found.number("records").basis is Basis.UNKNOWN
    assert Missing.NO_RECORD_RULE in found.missing
    untold = reached([spans[0]], (), window(), COUNTING)
    assert (untold.number("users").basis, untold.number("users").value) == (Basis.UNKNOWN, None)
    assert set(untold.missing) == {Missing.NO_NAMED_TRACE, Missing.NO_USERS}


def test_a_tool_call_names_its_record_and_one_that_can_not_be_read_names_none() -> None:
    broken = span(
        "t9", 7, "tool", gen_ai__operation__name="execute_tool", gen_ai__tool__name="issue_refund",
        gen_ai__tool__call__arguments="{not json",
    )  # fmt: skip
    found = count([*AFTER, broken], ("t3",))
    assert [(one.system, one.id, one.field, one.after) for one in found.records] == [
        ("orders", "A-1", "refund", "40"),
        ("orders", "A-2", "refund", "40"),
    ]
    assert found.number("side_effects").value == 3


def test_every_hypothesis_of_the_pattern_question_is_prefilled_with_what_the_record_says() -> None:
    found = count([*BEFORE, *AFTER], ("t3",))
    assert set(found.hypotheses) == set(Hypothesis)
    assert found.hypotheses == {
        Hypothesis.ONE_ANSWER: Leaning.AGAINST,
        Hypothesis.ONE_USER: Leaning.AGAINST,
        Hypothesis.ONE_SEGMENT: Leaning.FOR,
        Hypothesis.ONE_SOURCE: Leaning.OPEN,
        Hypothesis.ONE_VERSION: Leaning.FOR,
        Hypothesis.EVERY_CASE: Leaning.FOR,
    }


REQUESTS = st.lists(
    st.tuples(
        st.integers(-50, 59), st.sampled_from(["7", "8"]), st.sampled_from(["u1", "u2", ""]), st.booleans()
    ),
    max_size=12,
)


@given(sent=REQUESTS, begins=st.sampled_from([None, -60, 10]), cut=st.booleans())
def test_whatever_was_sent_no_count_is_less_than_what_was_seen_and_holes_never_end_in_isolated(
    sent: list[tuple[int, str, str, bool]], begins: int | None, cut: bool
) -> None:
    spans = [
        one
        for number, (minutes, version, user, paid) in enumerate(sent)
        for one in request(f"t{number}", minutes, version, user, order=f"A-{number}" if paid else "")
    ]
    found = count(spans, ("t0",), window(begins=begins, cut=cut))
    for one in found.numbers:
        assert one.value is None or one.value >= one.counted
        assert (one.basis is Basis.COUNTED) == (one.why == ())
    if begins is None or begins > 0 or cut:
        assert found.suggested in (Blast.WORKFLOW, Blast.UNKNOWN)
    assert found.affected <= found.requests
