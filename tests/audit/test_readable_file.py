"""The incident file to be read: eight parts, what is missing named, the same bytes, nothing that acts."""

from __future__ import annotations

from typing import Any

import pytest

from andon.adapters.print.incident_file import pages_of, pdf_of
from andon.domain.file import PARTS, FileSources, build_file
from andon.domain.readable import NOT_SAID, TITLES, UNKNOWN, readable
from tests.audit.bundled import Made
from tests.audit.conftest import Seen

AT = "2026-11-21T10:00:00+00:00"
HOSTILE = '#panic("set") <script>alert(1)</script> \u202e =cmd()'


@pytest.fixture
def file(made: Made, seen: Seen) -> dict[str, Any]:
    return build_file(
        FileSources(
            view=seen.view,
            opening=seen.opening,
            manifests=seen.manifests,
            entries=tuple(made.entries()),
        )
    )


def test_it_has_eight_parts_and_names_what_each_lacks(file: dict[str, Any]) -> None:
    shown = readable(file)
    assert [part.title for part in shown.parts] == [TITLES[name] for name in PARTS]
    assert shown.parts[0].missing == ("the detections", "the AI system's record")
    assert f"{TITLES['what_happened']}: the detections" in shown.missing
    unknown = {fact.name for part in shown.parts for fact in part.facts if not fact.known}
    assert "Occurred at" in unknown
    gaps = [table for table in shown.parts[4].tables if table.caption.startswith("Gaps of")]
    assert gaps
    assert gaps[0].rows[0][1] not in ("", NOT_SAID)


def test_codes_are_put_into_words_and_stand_beside_them(file: dict[str, Any]) -> None:
    file["parts"]["what_happened"]["type"] = "unauthorised_tool_action"
    file["parts"]["what_happened"]["system"] = "refund_desk"
    file["ending"] = "restarted"
    shown = readable(file)
    facts = {fact.name: (fact.value, fact.code) for fact in shown.parts[0].facts}
    assert facts["Type"] == ("unauthorised tool action", "unauthorised_tool_action")
    assert facts["System"] == ("refund_desk", "")
    assert shown.ending == "Restarted through the gate"
    assert next(iter(facts)) == "System"


def test_what_was_ordered_and_who_did_what_is_said_in_words() -> None:
    lever = {"id": "desk.tool.pay_out.allowed", "verb": "disable_tool", "target": "pay_out"}
    order = {"order": {"id": "o-1", "lever": lever}, "state": "unproven", "proof": None}
    entry = {"at": AT, "subject": "triage-1", "after": "legal,business_owner"}
    parts = {
        "containment": {"orders": [order]},
        "decisions": {
            "lead_changes": [{**entry, "actor": "person:ana_b", "kind": "lead_named", "after": "ana_b"}],
            "refused": [{**entry, "actor": "andon", "kind": "response_refused"}],
        },
    }
    shown = readable({"incident": "INC-20261121-aaaaaa", "parts": parts})
    (orders,) = shown.parts[3].tables
    assert orders.rows[0][:3] == ("Switch off the tool “pay_out”", "not proven", NOT_SAID)
    lead, refused = shown.parts[5].tables
    assert lead.rows[0][1:] == ("ana_b", "lead named", "triage-1", "ana_b")
    assert refused.rows[0][1:] == ("Andon", "response refused", "triage-1", "legal, business owner")


def test_a_part_that_is_not_there_at_all_is_all_unknown() -> None:
    shown = readable({"incident": "INC-20261121-aaaaaa"})
    assert len(shown.parts) == len(PARTS)
    assert (shown.head, shown.entries, shown.complete) == (UNKNOWN, UNKNOWN, False)


def test_the_same_file_gives_the_same_pdf(file: dict[str, Any]) -> None:
    one, other = pdf_of(readable(file)), pdf_of(readable(file))
    assert one == other
    assert one.startswith(b"%PDF-")


def test_what_people_wrote_is_text_and_nothing_else(file: dict[str, Any]) -> None:
    file["parts"]["what_happened"]["source"] = HOSTILE
    shown = readable(file)
    source = next(fact.value for fact in shown.parts[0].facts if fact.name == "Source")
    assert "<U+202E>" in source
    assert len(pages_of(shown)) >= 2
