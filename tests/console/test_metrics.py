"""Metrics of a period, as JSON and for Prometheus."""

from __future__ import annotations

import re

import httpx

from andon.console.exposition import exposed
from andon.domain.change import ChangeType
from andon.domain.directory import Role
from andon.domain.metrics import Metrics
from andon.domain.recurrence import ControlRecurrence
from tests.console.desk import Caller, Office

LINE = re.compile(r'^[a-z_]+(\{[a-z]+="[^"\n]*"\})? -?[0-9.e+]+$')


async def test_a_period_is_told_with_what_is_not_known(office: Office, http: httpx.AsyncClient) -> None:
    opening = await office.allot()
    told = (await Caller(http, Role.AUDITOR).get("/v1/metrics")).json()
    assert told["by_system"][opening.plan.system] >= 1
    assert sum(told["by_system"].values()) == told["incidents"]
    assert told["time_to_containment"]["unknown"] >= 1
    assert told["affected_users"]["total"] is None


async def test_another_system_has_none(office: Office, http: httpx.AsyncClient) -> None:
    await office.allot()
    told = (await Caller(http, Role.AUDITOR).get("/v1/metrics", system="elsewhere")).json()
    assert (told["incidents"], told["by_system"], told["time_to_detection"]["median"]) == (0, {}, None)


async def test_what_is_no_period_is_refused(http: httpx.AsyncClient) -> None:
    caller = Caller(http, Role.AUDITOR)
    for period in (
        {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"},
        {"since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "2026-03-02T00:00:00"},
    ):
        answer = await caller.get("/v1/metrics", **period)
        assert answer.status_code in (400, 422), period
        assert answer.headers["content-type"].startswith("application/problem+json")


async def test_prometheus_reads_what_is_known_and_nothing_else(
    office: Office, http: httpx.AsyncClient
) -> None:
    await office.allot()
    answer = await Caller(http, Role.OPERATIONS).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert samples
    assert [line for line in samples if not LINE.match(line)] == []
    assert not any(line.startswith("andon_affected_users ") for line in samples)
    assert any(line.startswith("andon_affected_users_unknown ") for line in samples)


async def test_a_label_holds_what_it_says_and_no_line_of_its_own(http: httpx.AsyncClient) -> None:
    told = (await Caller(http, Role.AUDITOR).get("/v1/metrics", system="elsewhere")).json()
    odd = {'a"} 1\nandon_forged 9': 1}
    text = exposed(Metrics.model_validate(told).model_copy(update={"by_system": odd}))
    assert "\nandon_forged" not in text
    assert r'system="a\"} 1\nandon_forged 9"' in text


async def test_recurrence_is_told_for_each_type_of_change_and_time(http: httpx.AsyncClient) -> None:
    told = (await Caller(http, Role.AUDITOR).get("/v1/metrics", system="elsewhere")).json()
    assert told["recurrence"] == []
    one = ControlRecurrence(type=ChangeType.TRAINING, days=30, measured=4, recurred=1, in_spite=1, unknown=2)
    text = exposed(Metrics.model_validate(told).model_copy(update={"recurrence": (one,)}))
    assert 'andon_changes_looked_at{type="training",days="30"} 4' in text.splitlines()
    assert 'andon_changes_recurred{type="training",days="30"} 1' in text.splitlines()
