"""Single sessions are quarantined: denied by their id, known everywhere else by a keyed digest only."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import yaml
from temporalio.client import Client

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.domain.containment import Verb
from andon.domain.directory import Role
from andon.domain.incident import Duplicates
from andon.domain.quarantine import for_sessions
from andon.domain.severity import Band
from andon.door.answers import first_orders
from tests.api.server import bearer
from tests.door.conftest import SYSTEM, Door
from tests.door.test_ofrep import BULK

FLAG = "refund_desk.session.allowed"
HARM = {"unauthorized_action": "yes", "autonomy": "acts_alone", "uncertainty": "low"}
ANA = "conversation/ana@example.org"


def declare(door: Door, *steps: dict[str, object]) -> None:
    """Give the system the lever, and a playbook of its own with these steps."""
    files = door.settings.policy
    assert files.playbooks is not None
    levers = [*SYSTEM["levers"], {"verb": "quarantine_session"}]  # type: ignore[misc] # a list, as written above
    system = {**SYSTEM, "levers": levers, "playbook": "sessions"}
    (files.systems / "refund_desk.yaml").write_text(yaml.safe_dump(system))
    shipped = Path(__file__).parents[2] / "playbooks" / "general.yaml"
    general = yaml.safe_load(shipped.read_text())
    (files.playbooks / "sessions.yaml").write_text(
        yaml.safe_dump({**general, "id": "sessions", "applies_to_types": [], "containment": list(steps)})
    )
    door.app.state.policy.load()


QUARANTINE = {"verb": "quarantine_session", "at": ["high", "critical"]}


async def look(door: Door, session: str | None, key: str = FLAG) -> tuple[int, dict[str, object]]:
    context = {} if session is None else {"targetingKey": session}
    answer = await door.http.post(f"{BULK}/{key}", json={"context": context}, headers=bearer(Role.DETECTOR))
    return answer.status_code, answer.json()


async def test_the_sessions_a_detection_names_are_denied_and_no_others(lonely: Door) -> None:
    declare(lonely, QUARANTINE)
    answer = await lonely.detect(facts=HARM, sessions=[ANA, "conversation/bo"], severity="high")
    assert answer.status_code == 202, answer.text
    incident = answer.json()["incident"]
    for session in (ANA, "conversation/bo"):
        _, told = await look(lonely, session)
        assert (told["value"], told["reason"], told["variant"]) == (False, "TARGETING_MATCH", "held")
        metadata = told["metadata"]
        assert isinstance(metadata, dict)
        assert metadata["incident"] == incident
        assert str(metadata["title"]).startswith("This session is on hold: ")
    _, other = await look(lonely, "conversation/cy")
    assert (other["value"], other["reason"]) == (True, "STATIC")
    _, system = await look(lonely, ANA, "refund_desk.allowed")
    assert system["value"] is True


async def test_what_goes_to_the_workflow_knows_sessions_by_digest_alone(lonely: Door) -> None:
    declare(lonely, QUARANTINE)
    answer = await lonely.detect(facts=HARM, sessions=[ANA], severity="high")
    row = lonely.incidents.get(answer.json()["incident"])
    assert row is not None
    assert row.opening is not None
    assert ANA not in row.opening.model_dump_json()
    (order,) = first_orders(row.opening)
    assert order.lever.verb is Verb.QUARANTINE_SESSION
    assert len(order.lever.target) == 32
    kept = lonely.detections.get(answer.json()["receipt"])
    assert kept is not None
    assert kept.description is not None
    assert ANA in await lonely.texts.open(kept.description)


async def test_a_quarantine_is_proven_on_the_applications_own_path(lonely: Door) -> None:
    declare(lonely, QUARANTINE)
    answer = await lonely.detect(facts=HARM, sessions=[ANA], severity="high")
    row = lonely.incidents.get(answer.json()["incident"])
    assert row is not None
    assert row.opening is not None
    (order,) = first_orders(row.opening)
    lever = FlagLever(lonely.switches, OpenFeatureProbe(lonely.url, lonely.settings.probe_token))
    proof = await lever.probe(order)
    assert (proof.held, proof.saw) == (True, "false/TARGETING_MATCH")
    await lever.release(order, order.key("release"))
    proof = await lever.probe(order)
    assert (proof.held, proof.saw) == (False, "true/STATIC")


async def test_without_a_session_named_nothing_is_quarantined_and_nothing_is_missing(lonely: Door) -> None:
    declare(lonely, QUARANTINE, {"verb": "disable_tool", "at": ["high", "critical"]})
    answer = await lonely.detect(facts=HARM, severity="high")
    row = lonely.incidents.get(answer.json()["incident"])
    assert row is not None
    assert row.opening is not None
    assert [order.lever.verb for order in first_orders(row.opening)] == [Verb.DISABLE_TOOL]
    assert row.opening.plan.lacking(row.opening.severity) == ()


async def test_a_session_that_a_later_detection_names_is_told_at_once_by_its_digest(
    door: Door, worker: Client
) -> None:
    declare(door, QUARANTINE)
    opened = (await door.detect(dedupe_key="k", facts=HARM, severity="high")).json()
    again = await door.detect(dedupe_key="k", facts=HARM, severity="high", sessions=[ANA])
    assert again.json()["outcome"] == "joined"
    handle = worker.get_workflow_handle(f"incident/{opened['incident']}")
    (told,) = await handle.query("told", result_type=list[Duplicates])
    (digest,) = told.sessions
    row = door.incidents.get(opened["incident"])
    assert row is not None
    assert row.opening is not None
    (order,) = for_sessions(row.opening.plan, told.sessions).orders(
        row.opening.incident, Band.HIGH, reason="x", at=row.opening.opened_at
    )
    lever = FlagLever(door.switches, OpenFeatureProbe(door.url, door.settings.probe_token))
    await lever.apply(order, order.key("apply"), capture_within=timedelta(seconds=1))
    _, held = await look(door, ANA)
    assert (held["value"], held["variant"]) == (False, "held")
    assert ANA not in digest


async def test_who_asks_without_saying_which_session_gets_the_code_default(lonely: Door) -> None:
    declare(lonely, QUARANTINE)
    status, told = await look(lonely, None)
    assert (status, told["errorCode"]) == (400, "TARGETING_KEY_MISSING")
    bulk = (await lonely.http.post(BULK, json={"context": {}}, headers=bearer(Role.DETECTOR))).json()
    flags = {one["key"]: one for one in bulk["flags"]}
    assert flags[FLAG]["errorCode"] == "TARGETING_KEY_MISSING"
    assert flags["refund_desk.allowed"]["value"] is True


async def test_a_pause_denies_every_session(lonely: Door) -> None:
    declare(lonely, QUARANTINE)
    await lonely.stop()
    _, told = await look(lonely, "conversation/cy")
    assert (told["value"], told["reason"]) == (False, "STATIC")


async def test_names_that_no_session_can_have_are_refused(lonely: Door) -> None:
    for names in ([""], ["a b"], ["x" * 201], [f"s{number}" for number in range(51)]):
        answer = await lonely.detect(sessions=names)
        assert answer.status_code in (400, 422), json.dumps(names)[:40]
