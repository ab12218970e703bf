"""kill -9 in every stage of an incident: it goes on to the end, nothing is lost and nothing done twice."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from examples.demo.cast import until
from tests.chaos.toll import Toll
from tests.e2e.course import REACH
from tests.e2e.people import People

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

LOAD_RATE = 3.0
LOAD_SECONDS = 200.0
BURST = 10
OPENED_SECONDS = 20.0
Kill = Callable[[str], None]


def workers(people: People, toll: Toll) -> Kill:
    """Kill the workers that drive incidents, evidence and evaluations."""

    def kill(stage: str) -> None:
        names = ["worker-andon", *(["worker-andon-evaluation"] if stage == "validate_restart" else [])]
        names += ["worker-andon-evidence"] if stage == "contain" else []
        people.scene.kill_parts(*names)
        toll.killed(stage, *names)

    return kill


def everything(people: People, toll: Toll) -> Kill:
    """Kill `andon up` with all below it, and start it again on the same folder."""

    def kill(stage: str) -> None:
        people.scene.kill_andon()
        toll.killed(stage, "andon up")
        people.scene.start_andon()

    return kill


@pytest.mark.parametrize("killer", [workers, everything])
def test_an_incident_survives_a_kill_in_each_of_its_stages(
    people: People, toll: Toll, killer: Callable[[People, Toll], Kill]
) -> None:
    kill = killer(people, toll)
    customers = people.scene.traffic(LOAD_SECONDS, LOAD_RATE)
    name = opened_through(people, people.scene.misbehave(), kill)
    answered_through(people, name, "triage", "confirm", "responder", lambda: kill("triage_classify"))
    people.settle(name, "legal_review", "no_disclosure_needed", "legal")
    people.settle(name, "impact", "isolated", "operations", **REACH)
    answered_through(
        people,
        name,
        "diagnosis",
        "prompt_design",
        "security",
        lambda: kill("investigate"),
        failed_control="eval_before_release",
    )
    people.scene.desk.deploy("v1.2")
    people.settle(name, "remediation", "fix_deployed", "engineer")
    until(lambda: people.ledger(name, "evaluation_started") or None, "the evaluation")
    kill("validate_restart")
    people.settle(name, "restart", "restart", "business_owner", "legal")
    answered_through(people, name, "restart", "restart", "security", lambda: kill("restart decided"))
    until(lambda: people.ledger(name, "watch_begun") or None, "the watch")
    kill("monitor")
    answered_through(
        people, name, "lessons", "lessons_recorded", "incident_lead", lambda: kill("learn_close")
    )
    people.reached(name, "closed")
    customers.stop()
    toll.take(people, name)
    toll.nothing_ran(people, name)


def test_detections_under_way_when_the_worker_dies_end_contained(people: People, toll: Toll) -> None:
    body = {"channel": "human_review", "title": "Stop this", "severity": "critical"}
    with ThreadPoolExecutor(BURST) as senders:
        sent = [
            senders.submit(people.report, {**body, "system": f"burst_{number}"}) for number in range(BURST)
        ]
        at_once(lambda: people.scene.rows("switches", "SELECT 1 FROM holds WHERE system LIKE 'burst_%'"))
        people.scene.kill_parts("worker-andon")
        toll.killed("contain", "worker-andon")
        names = [str(one.result()["incident"]) for one in sent]
    for name in names:
        contained(people, name)
        orders = people.incident(name)["orders"]
        done = people.scene.rows("switches", "SELECT key FROM effects WHERE order_id LIKE ?", f"{name}/%")
        assert sorted(key for (key,) in done) == sorted(f"{order['id']}/apply" for order in orders)


def test_an_open_incident_survives_the_death_of_its_stores(people: People, toll: Toll) -> None:
    report = {"channel": "human_review", "title": "Stop this", "severity": "high", "system": "stores_die"}
    name = str(people.contained(report)["incident"])

    def kill(store: str) -> None:
        people.scene.kill_parts(store)
        toll.killed("triage_classify", store)

    answered_through(people, name, "triage", "quality_issue", "responder", lambda: kill("weed"))
    answered_through(people, name, "triage", "quality_issue", "incident_lead", lambda: kill("temporal"))
    people.reached(name, "closed")
    toll.take(people, name, restarted=False)
    assert people.flag("stores_die.allowed")["value"] is True
    assert len(people.ledger(name, "response_accepted")) == 2


def opened_through(people: People, report: dict[str, Any], kill: Kill) -> str:
    """Report a detection and kill while it is taken in; the sender tries again until it is told."""
    with ThreadPoolExecutor(1) as sender:
        first = sender.submit(people.send, "detector", "/v1/detections", report)
        at_once(lambda: _allotted(people))
        kill("contain")
        _settled(first)
    again = until(lambda: _taken(people, report), "the door to take the report")
    name = str(again["incident"])
    contained(people, name)
    return name


def contained(people: People, name: str) -> None:
    """Wait until an incident is contained and proven."""
    until(lambda: people.incident(name)["contained"] or None, f"{name} to be contained")


def at_once(look: Callable[[], object]) -> None:
    """Wait until there is something to see, and lose no time then: what is to be killed is quick."""
    end = time.monotonic() + OPENED_SECONDS
    while not look():
        assert time.monotonic() < end
        time.sleep(0.002)


def answered_through(
    people: People,
    name: str,
    kind: str,
    option: str,
    role: str,
    kill: Callable[[], None],
    **findings: str,
) -> None:
    """Answer, kill once its reason is sealed and before it counts, and send it again, as a client should."""
    question, key = people.question(name, kind), secrets.token_urlsafe(24)
    findings = people.wanted(name, question, option) | findings
    with ThreadPoolExecutor(1) as sender:
        sealed = _reasons(people, name)
        first = sender.submit(people.answer, name, question, option, role, key=key, **findings)
        at_once(lambda: _reasons(people, name) > sealed)
        kill()
        _settled(first)

    def counted() -> bool | None:
        try:
            answer = people.answer(name, question, option, role, key=key, **findings)
        except httpx.TransportError:
            return None
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200 or None

    until(counted, f"the answer to {question}")


def _reasons(people: People, name: str) -> int:
    return len(people.scene.rows("register", "SELECT 1 FROM sealed_texts WHERE incident = ?", name))


def _allotted(people: People) -> bool:
    rows = people.scene.rows(
        "register", "SELECT 1 FROM incidents WHERE closed_at IS NULL AND system = 'refund_desk'"
    )
    return bool(rows)


def _taken(people: People, report: dict[str, Any]) -> dict[str, Any] | None:
    try:
        answer = people.send("detector", "/v1/detections", report)
    except httpx.TransportError:
        return None
    return dict(answer.json()) if answer.status_code == 202 else None


def _settled(first: Future[httpx.Response]) -> None:
    """Wait for the first attempt, which may well have failed together with what was killed."""
    error = first.exception(timeout=60)
    if error is not None and not isinstance(error, httpx.TransportError):
        raise error
