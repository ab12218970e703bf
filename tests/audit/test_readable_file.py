"""The incident file to be read: eight parts, what is missing named, the same bytes, nothing that acts."""

from __future__ import annotations

from typing import Any

import pytest

from andon.adapters.print.incident_file import pages_of, pdf_of
from andon.domain.file import PARTS, FileSources, build_file
from andon.domain.readable import NOT_SAID, TITLES, UNKNOWN, readable
from tests.audit.bundled import Made
from tests.audit.conftest import Seen

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
