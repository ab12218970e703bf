"""Ledger, evidence, people, policies, detections, spans and deliveries: what is kept stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from andon.domain.containment import Verb
from andon.domain.detection import Channel, Outcome
from andon.domain.directory import Directory, Person, Role
from andon.domain.errors import InvalidInputError, LedgerBrokenError, NotFoundError, StoreConflictError
from andon.domain.evidence import EvidenceItem, Gap, GapReason, Manifest
from andon.domain.gate import EvaluationResult
from andon.domain.ledger import Head, verify_chain
from andon.domain.notice import Notice
from andon.domain.system import AISystem, LeverEntry, Tier
from andon.domain.values import NOTHING_YET
from andon.register.deliveries import Deliveries, Sent
from andon.register.detections import Detection, Detections
from andon.register.engine import Databases
from andon.register.evaluations import Evaluations
from andon.register.evidence import Evidence
from andon.register.ledger import Ledger
from andon.register.people import People
from andon.register.policies import Policies, Systems
from andon.register.spans import SpanRow, Spans
from tests.register.cases import INCIDENT, NOW, chain

LATER = NOW + timedelta(hours=1)


def test_a_chain_is_kept_in_order_and_verifies(databases: Databases) -> None:
    ledger = Ledger(databases.register)
    entries = chain(5)
    ledger.append(entries[:3])
    head = ledger.append(entries[3:])
    assert ledger.entries(INCIDENT) == entries
    assert head == ledger.head(INCIDENT) == verify_chain(entries)
    assert ledger.entries(INCIDENT, after=2) == entries[3:]


def test_appending_a_batch_twice_changes_nothing(databases: Databases) -> None:
    ledger = Ledger(databases.register)
    assert ledger.append(chain(3)) == ledger.append(chain(3))
    assert len(ledger.entries(INCIDENT)) == 3


def test_another_entry_at_the_same_place_is_a_fork_and_nothing_of_its_batch_is_kept(
    databases: Databases,
) -> None:
    ledger = Ledger(databases.register)
    ledger.append(chain(2))
    with pytest.raises(StoreConflictError, match="00000000"):
        ledger.append(chain(3, kind="closed"))
    assert ledger.entries(INCIDENT) == chain(2)


def test_an_entry_that_follows_another_predecessor_is_a_fork(databases: Databases) -> None:
    ledger = Ledger(databases.register)
    ledger.append(chain(2))
    with pytest.raises(StoreConflictError, match="00000001"):
        ledger.append(chain(3, kind="closed")[2:])


def test_an_entry_without_its_predecessor_is_refused(databases: Databases) -> None:
    with pytest.raises(LedgerBrokenError):
        Ledger(databases.register).append(chain(3)[2:])


def test_a_batch_with_a_hole_is_refused(databases: Databases) -> None:
    ledger = Ledger(databases.register)
    first, _, third = chain(3)
    follower = third.model_copy(update={"previous": first.digest()})
    with pytest.raises(LedgerBrokenError):
        ledger.append([first, follower])
    assert ledger.entries(INCIDENT) == []


def test_an_empty_batch_is_refused(databases: Databases) -> None:
    with pytest.raises(InvalidInputError):
        Ledger(databases.register).append([])


def test_a_chain_that_was_never_begun_has_an_empty_head(databases: Databases) -> None:
    assert Ledger(databases.register).head(INCIDENT) == Head()


def _item(number: int, kind: str = "input") -> EvidenceItem:
    return EvidenceItem(
        id=f"{kind}/recorder/{number}",
        kind=kind,
        source="recorder",
        query="c" * 64,
        captured_at=NOW,
        sha256=f"{number:064d}",
        size_bytes=10,
        content_type="application/json",
        key=f"evidence/{number}",
        version_id="1",
        locked_until=LATER,
        collector="recorder/1",
    )


def test_items_and_gaps_are_kept_once_and_come_back_in_order(databases: Databases) -> None:
    evidence = Evidence(databases.register)
    gap = Gap(row="outputs", reason=GapReason.EMPTY, source="recorder")
    for _ in range(2):
        evidence.save_items(INCIDENT, 1, [_item(2), _item(1)], [gap])
    evidence.save_items(INCIDENT, 2, [_item(3, "output")], [])
    assert evidence.collected(INCIDENT, 1) == ((_item(1), _item(2)), (gap,))
    assert evidence.items(INCIDENT, "output") == [_item(3, "output")]
    assert len(evidence.items(INCIDENT)) == 3


def test_what_was_about_to_be_stored_is_left_over_until_an_item_names_it(databases: Databases) -> None:
    evidence = Evidence(databases.register)
    for key in ("evidence/2", "evidence/1", "evidence/1"):
        evidence.intend([(INCIDENT, 1, key)])
    evidence.intend([(INCIDENT, 2, "evidence/4")])
    assert evidence.leftovers(INCIDENT, 1) == ("evidence/1", "evidence/2")
    evidence.save_items(INCIDENT, 1, [_item(2)], [])
    assert evidence.leftovers(INCIDENT, 1) == ("evidence/1",)


def test_a_sealed_manifest_is_found_by_its_snapshot(databases: Databases) -> None:
    evidence = Evidence(databases.register)
    manifest = Manifest(
        incident=INCIDENT,
        snapshot=1,
        sealed_at=NOW,
        previous=NOTHING_YET,
        items=(_item(1),),
        rows=(),
        gaps=(),
    )
    for _ in range(2):
        evidence.save_manifest(manifest)
    assert evidence.manifests(INCIDENT) == [evidence.manifest(INCIDENT, 1)] == [manifest]
    with pytest.raises(NotFoundError):
        evidence.manifest(INCIDENT, 2)


def test_the_first_result_of_a_run_stands(databases: Databases) -> None:
    evaluations = Evaluations(databases.register)
    result = EvaluationResult(
        suite="s",
        started_at=NOW,
        finished_at=LATER,
        completed=True,
        versions=None,
        total=1,
        finished=1,
        incident_case=None,
    )
    evaluations.keep(INCIDENT, 1, result)
    evaluations.keep(INCIDENT, 1, result.model_copy(update={"completed": False}))
    assert evaluations.result(INCIDENT, 1) == result
    with pytest.raises(NotFoundError):
        evaluations.result(INCIDENT, 2)


def _directory(*names: str) -> Directory:
    return Directory(people=tuple(Person(id=name, name=name, roles=(Role.LEGAL,)) for name in names))


def test_the_directory_is_the_one_in_force_at_the_moment(databases: Databases) -> None:
    people = People(databases.register)
    first, second = _directory("ana"), _directory("ana", "bela")
    assert people.put_directory(first, NOW) is True
    assert people.put_directory(first, NOW + timedelta(minutes=1)) is False
    assert people.put_directory(second, LATER) is True
    assert people.put_directory(first, LATER + timedelta(hours=1)) is True
    assert people.directory_at(NOW + timedelta(minutes=30)) == first
    assert people.directory_at(LATER) == second
    assert people.latest() == first
    with pytest.raises(NotFoundError):
        people.directory_at(NOW - timedelta(seconds=1))


def test_a_policy_is_known_by_its_content(databases: Databases) -> None:
    policies = Policies(databases.register)
    digest = policies.put("snapshot", {"b": 1, "a": [2]})
    assert policies.put("snapshot", {"a": [2], "b": 1}) == digest
    assert policies.get(digest) == '{"a":[2],"b":1}'
    with pytest.raises(NotFoundError):
        policies.get("0" * 64)


def test_a_system_is_replaced_and_forgotten(databases: Databases) -> None:
    systems = Systems(databases.register)
    desk = AISystem(
        id="refund_desk",
        name="Refund desk",
        tier=Tier.LOW,
        owner="bela",
        levers=(LeverEntry(verb=Verb.PAUSE_SYSTEM),),
    )
    systems.put_system(desk)
    renamed = desk.model_copy(update={"name": "Refunds"})
    systems.put_system(renamed)
    assert systems.systems() == [systems.system("refund_desk")] == [renamed]
    systems.remove("refund_desk")
    assert systems.systems() == []


def _detection(number: int, outcome: Outcome, incident: str | None = INCIDENT) -> Detection:
    return Detection(
        id=f"DET-{number:016d}",
        incident=incident,
        system="refund_desk",
        outcome=outcome,
        channel=Channel.MONITORING,
        source="source:monitor",
        received_at=NOW + timedelta(seconds=number),
        detected_at=NOW,
        facts={"affected_people": 3, "uncertainty": "low"},
    )


def test_detections_are_kept_once_and_those_that_joined_are_counted(databases: Databases) -> None:
    detections = Detections(databases.register)
    first, second = _detection(1, Outcome.OPENED), _detection(2, Outcome.JOINED)
    issue = _detection(3, Outcome.QUALITY_ISSUE, None)
    for one in (second, first, first, issue):
        detections.record(one)
    assert detections.of(INCIDENT) == [first, second]
    assert detections.count_joined(INCIDENT) == 1
    assert detections.quality_issues(since=NOW) == [issue]
    assert detections.get(first.id) == first


def _span(number: int, *, received_at: datetime = NOW, size: int = 100) -> SpanRow:
    return SpanRow(
        trace_id=f"{number // 2:032x}",
        span_id=f"{number:016x}",
        parent=None,
        service="refund_desk",
        name="chat",
        start=NOW + timedelta(seconds=number),
        end=NOW + timedelta(seconds=number + 1),
        attributes=b"{}",
        size=size,
        received_at=received_at,
    )


def test_a_span_is_kept_once(databases: Databases) -> None:
    spans = Spans(databases.recorder)
    spans.add([_span(0), _span(1)])
    spans.add([_span(1), _span(2)])
    assert spans.by_trace([f"{0:032x}"]) == [_span(0), _span(1)]


def test_a_window_holds_the_newest_spans_of_one_service(databases: Databases) -> None:
    spans = Spans(databases.recorder)
    spans.add([_span(number) for number in range(10)])
    found = spans.window("refund_desk", NOW + timedelta(seconds=2), NOW + timedelta(seconds=8), limit=3)
    assert found == [_span(6), _span(7), _span(8)]
    assert spans.window("claims", NOW, LATER) == []
    assert spans.oldest("refund_desk") == NOW


def test_the_recorder_is_bounded_by_age_and_by_size(databases: Databases) -> None:
    spans = Spans(databases.recorder)
    old = NOW - timedelta(days=20)
    spans.add([_span(number, received_at=old) for number in range(4)])
    spans.add([_span(number, received_at=NOW + timedelta(seconds=number)) for number in range(10, 20)])
    assert spans.trim(timedelta(days=14), 10_000, now=LATER) == 4
    assert spans.trim(timedelta(days=14), 450, now=LATER) == 6
    counts = spans.counts()
    assert (counts.spans, counts.size_bytes, counts.oldest) == (4, 400, NOW + timedelta(seconds=16))
    assert spans.trim(timedelta(days=14), 450, now=LATER) == 0


def test_what_a_person_was_told_is_theirs_to_read(databases: Databases) -> None:
    deliveries = Deliveries(databases.register)
    notice = Notice(id="m-1", incident=INCIDENT, roles=(Role.LEGAL,), about="question")
    deliveries.record(Sent(notice=notice, person="ana", channel="json", ok=False, at=NOW))
    assert deliveries.reached("m-1", "ana") is False
    deliveries.record(Sent(notice=notice, person="ana", channel="mailto", ok=True, at=LATER))
    assert deliveries.reached("m-1", "ana") is True
    assert [sent.channel for sent in deliveries.to("ana")] == ["mailto", "json"]
    assert [sent.channel for sent in deliveries.of(INCIDENT)] == ["json", "mailto"]
    assert deliveries.to("bela") == []


def test_a_time_without_a_zone_is_refused(databases: Databases) -> None:
    naive = datetime(2026, 3, 2)  # noqa: DTZ001 - what must be refused
    with pytest.raises(Exception, match="no time zone"):
        People(databases.register).put_directory(_directory("ana"), naive)
    assert datetime(2026, 3, 2, tzinfo=UTC) < NOW
