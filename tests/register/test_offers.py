"""Incidents are found and counted by their codes, and an upload is dropped once nobody waits for it."""

from __future__ import annotations

from datetime import timedelta

from andon.domain.detection import Channel, Outcome
from andon.domain.evidence import EvidenceItem
from andon.domain.offered import Offered, Received
from andon.register.codes import CodeKind, Codes, Sought
from andon.register.detections import Detection, Detections
from andon.register.engine import Databases
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents, Listed
from andon.register.uploads import RECORD_ITEM, Uploads
from tests.register.cases import INCIDENT, NOW, TITLE, opening

OTHER = "INC-20260302-other1"
RECEIPT = "DET-0000000000000001"
WEEK, QUARTER = timedelta(days=7), timedelta(days=90)


def upload(uploads: Uploads, number: int, size: int = 10) -> str:
    name = f"UPL-{number:022d}"
    received = Received(
        upload=name,
        source="source:monitor",
        received_at=NOW,
        sha256="a" * 64,
        size_bytes=size,
        content_type="text/plain",
    )
    uploads.put(received, b"key")
    return name


def report(databases: Databases, incident: str | None) -> None:
    Detections(databases.register).record(
        Detection(
            id=RECEIPT,
            incident=incident,
            system="refund_desk",
            outcome=Outcome.OPENED,
            channel=Channel.MONITORING,
            source="source:monitor",
            received_at=NOW,
            detected_at=NOW,
        )
    )


def item(name: str) -> EvidenceItem:
    return EvidenceItem(
        id=name,
        kind="upload_record",
        source="uploads",
        query="b" * 64,
        captured_at=NOW,
        sha256="c" * 64,
        size_bytes=1,
        content_type="application/json",
        key="k",
        version_id="v",
        locked_until=None,
        collector="uploads/1",
    )


def test_codes_are_added_once_and_counted_for_each_incident(databases: Databases) -> None:
    codes, incidents = Codes(databases.register), Incidents(databases.register)
    for name in (INCIDENT, OTHER):
        incidents.allot(opening(name), dedupe=None, title=TITLE)
        for _ in range(2):
            codes.note(name, {CodeKind.TAG: ["legal", "privacy"]})
    codes.note(OTHER, {CodeKind.CATEGORY: ["data_exposure"]})
    assert codes.of(OTHER)[CodeKind.TAG] == ["legal", "privacy"]
    found = codes.counts(incidents.select_ids(Listed.OPEN))
    assert (found["tag"], found["category"]) == ({"legal": 2, "privacy": 2}, {"data_exposure": 1})
    narrowed = codes.counts(incidents.select_ids(Listed.ALL, Sought(category="data_exposure")))
    assert narrowed["severity"] == {"high": 1}
    assert [row.incident for row in incidents.list(sought=Sought(tag="legal", category="data_exposure"))] == [
        OTHER
    ]
    assert incidents.list(state=Listed.CLOSED, sought=Sought(tag="legal")) == []


def test_what_a_source_uploaded_is_counted_from_a_moment_on(databases: Databases) -> None:
    uploads = Uploads(databases.register)
    upload(uploads, 1, 10)
    upload(uploads, 2, 30)
    assert uploads.bytes_of("source:monitor", NOW) == 40
    assert uploads.bytes_of("source:monitor", NOW + timedelta(seconds=1)) == 0
    assert uploads.bytes_of("source:other", NOW) == 0
    assert uploads.bytes_kept() == 40


def test_an_upload_waits_for_its_incident_and_no_longer_once_that_has_it(databases: Databases) -> None:
    uploads = Uploads(databases.register)
    name = upload(uploads, 1)
    report(databases, INCIDENT)
    offered = [Offered(kind="output", url="https://a.example"), Offered(kind="output", upload=name)]
    for _ in range(2):
        uploads.offer(RECEIPT, offered, NOW)
    assert uploads.offering(INCIDENT) == [RECEIPT]
    later = NOW + WEEK + timedelta(minutes=1)
    assert uploads.drop_old(later, unclaimed=WEEK, claimed=QUARTER) == []
    Evidence(databases.register).save_items(INCIDENT, 1, [item(f"{RECORD_ITEM}{RECEIPT}/2")], [])
    assert uploads.drop_old(later, unclaimed=WEEK, claimed=QUARTER) == [name]
    gone = uploads.get(name)
    assert gone is not None
    assert gone.wrapped is None
    assert uploads.bytes_kept() == 0


def test_evidence_follows_its_report_into_the_incident_that_has_it_now(databases: Databases) -> None:
    uploads = Uploads(databases.register)
    report(databases, None)
    uploads.offer(RECEIPT, [Offered(kind="output", url="https://a.example")], NOW)
    assert uploads.offering(INCIDENT) == []
    with databases.register.begin() as connection:
        connection.exec_driver_sql(f"UPDATE detections SET incident = '{OTHER}'")  # noqa: S608 - a constant
    assert uploads.offering(OTHER) == [RECEIPT]
