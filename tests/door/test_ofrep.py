"""Flags as a real OpenFeature client sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from andon.domain.containment import Hold
from andon.domain.directory import Role
from tests.api.server import bearer, token
from tests.door.conftest import PROBE_TOKEN, Door

BULK = "/ofrep/v1/evaluate/flags"


def hold(door: Door, lever: str, *, limit: int = 0, incident: str = "INC-20260101-aaaaaa") -> Hold:
    now = datetime.now(UTC)
    one = Hold(
        order=f"{incident}/order/{lever}",
        incident=incident,
        lever=lever,
        limit=limit,
        reason="unauthorised_tool_action",
        contact="business_owner-1",
        since=now,
        expires_at=now + timedelta(days=1),
    )
    door.switches.put_hold(one, f"{one.order}/apply", None, at=now)
    return one


@pytest.fixture
def client(lonely: Door) -> Iterator[OpenFeatureClient]:
    provider = OFREPProvider(
        lonely.url, headers_factory=lambda: {"Authorization": f"Bearer {token(Role.DETECTOR)}"}, timeout=2.0
    )
    api.set_provider(provider, domain=lonely.url)
    yield api.get_client(domain=lonely.url)
    api.clear_providers()
    provider.session.close()


async def test_permissions_are_true_until_an_order_holds_them(
    lonely: Door, client: OpenFeatureClient
) -> None:
    def look() -> tuple[bool, bool, int]:
        return (
            client.get_boolean_value("refund_desk.tool.issue_refund.allowed", False),
            client.get_boolean_value("refund_desk.allowed", False),
            client.get_integer_value("refund_desk.rate_limit", 0),
        )

    assert await asyncio.to_thread(look) == (True, True, 600)
    hold(lonely, "refund_desk.tool.issue_refund.allowed")
    hold(lonely, "refund_desk.rate_limit", limit=10)
    assert await asyncio.to_thread(look) == (False, True, 10)
    hold(lonely, "refund_desk.allowed")
    assert await asyncio.to_thread(look) == (False, False, 0)


async def test_a_denial_says_which_incident_why_and_whom_to_ask(
    lonely: Door, client: OpenFeatureClient
) -> None:
    one = hold(lonely, "refund_desk.allowed")
    details = await asyncio.to_thread(client.get_boolean_details, "refund_desk.allowed", True)
    assert (details.value, details.reason, details.variant) == (False, Reason.STATIC, "held")
    assert details.error_code is None
    assert details.flag_metadata == {
        "on_unreachable": "deny",
        "incident": one.incident,
        "reason": one.reason,
        "title": "The assistant is paused: it may have done something it was not allowed to do, and people "
        "are looking into it.",
        "contact": one.contact,
        "since": one.since.isoformat(),
    }


async def test_an_unknown_flag_and_a_wrong_token_leave_the_code_default(
    lonely: Door, client: OpenFeatureClient
) -> None:
    details = await asyncio.to_thread(client.get_boolean_details, "refund_desk.tool.typo.allowed", False)
    assert (details.value, details.error_code) == (False, ErrorCode.FLAG_NOT_FOUND)
    answer = await lonely.flag("refund_desk.tool.typo.allowed")
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "FLAG_NOT_FOUND"
    assert answer.json()["key"] == "refund_desk.tool.typo.allowed"


async def test_the_containment_probe_may_read_flags(lonely: Door) -> None:
    probe = {"Authorization": f"Bearer {PROBE_TOKEN}"}
    answer = await lonely.http.post(f"{BULK}/refund_desk.allowed", json={}, headers=probe)
    assert answer.json()["value"] is True


async def test_all_flags_at_once_change_their_etag_only_when_something_changed(lonely: Door) -> None:
    auth = bearer(Role.AUDITOR)
    first = await lonely.http.post(BULK, json={"context": {}}, headers=auth)
    flags = {one["key"]: one["value"] for one in first.json()["flags"]}
    assert flags == {
        "refund_desk.allowed": True,
        "refund_desk.rate_limit": 600,
        "refund_desk.tool.issue_refund.allowed": True,
        "refund_desk.unreviewed.allowed": True,
    }
    tag = {**auth, "If-None-Match": first.headers["etag"]}
    same = await lonely.http.post(BULK, json={"context": {}}, headers=tag)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    hold(lonely, "refund_desk.allowed")
    changed = await lonely.http.post(BULK, json={"context": {}}, headers=tag)
    assert changed.status_code == 200
    assert not any(one["value"] for one in changed.json()["flags"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "PARSE_ERROR"),
        (b"[" * 500, "PARSE_ERROR"),
        (b"[]", "INVALID_CONTEXT"),
        (b'{"context": 3}', "INVALID_CONTEXT"),
    ],
)
async def test_a_context_that_cannot_be_read_is_a_400_in_the_form_of_ofrep(
    lonely: Door, body: bytes, code: str
) -> None:
    for path in (BULK, f"{BULK}/refund_desk.allowed"):
        answer = await lonely.http.post(path, content=body, headers=bearer(Role.DETECTOR))
        assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
