"""Statements that came in and that no entry names."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from andon.audit.unnamed import unexplained
from andon.domain.ledger import Chain, Entry, Kind
from andon.domain.response import REFUSALS_KEPT
from andon.domain.signing import DECLARATION_TYPE, RESPONSE_TYPE, Envelope, Signature
from andon.domain.values import Sha256Hex


def came_in(number: int, *, person: str = "mona", **about: str) -> Envelope:
    said = json.dumps({"person": person, "nonce": str(number), **about}).encode()
    return Envelope(
        payloadType=RESPONSE_TYPE if "decision" in about else DECLARATION_TYPE,
        payload=base64.b64encode(said).decode(),
        signatures=(Signature(keyid="0" * 64, sig=""),),
    )


def refused(subject: str, actor: str, kind: Kind = Kind.DECLARATION_REFUSED) -> Entry:
    return Entry(
        incident="INC-20261122-aaaaaa",
        chain=Chain.RESPONSE,
        sequence=0,
        previous="0" * 64,
        kind=kind,
        at=datetime(2026, 11, 22, tzinfo=UTC),
        actor=actor,
        subject=subject,
    )


def beyond(found: Iterable[Envelope], entries: Iterable[Entry]) -> list[Sha256Hex]:
    return unexplained({one.digest(): one for one in found}, list(entries))


def test_each_refusal_on_record_stands_for_one_statement_of_its_person_and_subject() -> None:
    found = [came_in(number, kind="facts") for number in range(3)]
    own = [refused("facts", "person:mona") for _ in range(3)]
    assert beyond(found, own) == []
    assert len(beyond(found, own[:2])) == 1
    assert len(beyond(found, [*own[:2], refused("facts", "person:otto")])) == 1
    assert len(beyond(found, [*own[:2], refused("times", "person:mona")])) == 1


def test_of_a_flood_what_is_beyond_the_written_refusals_was_only_counted() -> None:
    found = [came_in(number, decision="triage-1") for number in range(REFUSALS_KEPT + 10)]
    written = [refused("triage-1", "person:mona", Kind.RESPONSE_REFUSED) for _ in range(REFUSALS_KEPT)]
    assert beyond(found, written) == []
    assert len(beyond(found, written[1:])) == 11
    other = came_in(0, decision="triage-1", person="otto")
    assert beyond([*found, other], written) == [other.digest()]


def test_what_nobody_could_read_stands_beside_refusals_without_a_name() -> None:
    rubbish = Envelope(
        payloadType=RESPONSE_TYPE, payload="e30=", signatures=(Signature(keyid="0" * 64, sig=""),)
    )
    assert beyond([rubbish], []) == [rubbish.digest()]
    assert beyond([rubbish], [refused("", "unknown", Kind.RESPONSE_REFUSED)]) == []
    forged = came_in(0, decision="triage-1", person="otto")
    assert beyond([forged], [refused("", "unknown", Kind.RESPONSE_REFUSED)]) == []
    assert beyond([forged], [refused("odd_signal", "unknown", Kind.SIGNAL_REFUSED)]) == []
    assert len(beyond([forged, rubbish], [refused("", "unknown", Kind.RESPONSE_REFUSED)])) == 1
