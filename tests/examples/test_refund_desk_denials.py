"""What customers are told when something holds the refund desk back: why, and whom to ask."""

from __future__ import annotations

import pytest

from examples.refund_desk.switches import REASONS, SOMETHING, notice_of
from examples.refund_desk.tickets import Notice
from examples.refund_desk.words import CALM, HELD, told
from tests.examples.conftest import Desk
from tests.examples.services import DENIED, LEVER_TOKEN, TOKEN, Flags

BROKEN = "Order ORD-77 arrived broken 3 days ago. Please refund €34.50."
HOLD = {**DENIED, "reason": "source_failure"}
PATHS = [
    ("refund_desk.allowed", False, "paused", "is paused"),
    ("refund_desk.session.allowed", False, "paused", "for this account"),
    ("refund_desk.rate_limit", 0, "paused", "fewer tickets"),
    ("refund_desk.tool.issue_refund.allowed", False, "paused", "pays no refunds"),
    ("refund_desk.unreviewed.allowed", False, "sent_to_review", "A person reads"),
    ("refund_desk.source.policies.allowed", False, "sent_to_review", "does not read our policy texts"),
]


@pytest.mark.parametrize(
    ("key", "value", "action", "words"),
    [PATHS[0], *(pytest.param(*path, marks=pytest.mark.long) for path in PATHS[1:])],
)
def test_each_switch_tells_the_customer_what_is_held_why_and_whom_to_ask(
    desk: Desk, flags: Flags, key: str, value: object, action: str, words: str
) -> None:
    flags.values[key] = value
    reply = desk.send("t-1", BROKEN)
    assert (reply["action"], reply["notice"]) == (action, DENIED)
    assert words in reply["answer"]
    assert DENIED["reason"] in reply["answer"]
    assert f"ask {DENIED['contact']} and name {DENIED['incident']}." in reply["answer"]
    assert desk.rows("refunds") == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("lever", "action", "words"),
    [
        ("switch_to_fallback/-", "paused", "answer all tickets themselves"),
        ("block_source/policies", "sent_to_review", "does not read our policy texts"),
    ],
)
def test_the_desks_own_levers_tell_it_too(desk: Desk, lever: str, action: str, words: str) -> None:
    headers = {"Authorization": f"Bearer {LEVER_TOKEN}", "Idempotency-Key": "k-1"}
    other = {**headers, "Authorization": f"Bearer {TOKEN}"}
    assert desk.http.put(f"/levers/{lever}", json={"hold": HOLD}, headers=other).status_code == 401
    assert desk.http.put(f"/levers/{lever}", json={"hold": HOLD}, headers=headers).status_code == 200
    reply = desk.send("t-1", BROKEN)
    assert reply["action"] == action
    assert words in reply["answer"]
    assert REASONS["source_failure"] in reply["answer"]
    assert str(DENIED["incident"]) in reply["answer"]
    assert desk.rows("refunds") == []


def test_a_session_alone_is_held_while_other_customers_are_served(desk: Desk, flags: Flags) -> None:
    flags.quarantined.add("ACC-3003")
    assert desk.send("t-1", BROKEN, "ACC-3003")["action"] == "paused"
    assert desk.send("t-2", BROKEN, "ACC-1001")["action"] == "refunded"


@pytest.mark.parametrize("code", ["", "a_code_nobody_knows", *REASONS])
def test_a_code_is_never_shown(code: str) -> None:
    notice = notice_of({"reason": code})
    assert notice.reason == REASONS.get(code, SOMETHING)
    assert "_" not in told(notice, first=CALM)


def test_a_code_of_which_the_desk_has_no_words_is_told_in_those_of_the_flag_service() -> None:
    title = "The assistant is paused: its security may have been breached, and people are looking into it."
    assert notice_of({"reason": "security_event", "title": title}).reason == title
    assert notice_of({"reason": "source_failure", "title": title}).reason == REASONS["source_failure"]


def test_without_an_incident_there_is_nothing_to_name() -> None:
    notice = Notice(incident=None, reason="It is away.", contact="the desk")
    assert told(notice, first=CALM).endswith("It is away. If you have a question, ask the desk.")


def test_every_switch_has_words() -> None:
    assert all(words.endswith(".") for words in HELD.values())
    assert len(HELD) == 8
