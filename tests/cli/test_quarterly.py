"""`andon quarterly`: what it asks for, prints and writes, and how a decision on use is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.domain.quarter import reviewed
from tests.cli.running import Servant, andon, serving
from tests.domain.quarter_sample import QUARTER, found

PERIOD = ("--from", "2026-07-01", "--to", "2026-10-01")
MADE = {"id": "USE-20261005-abc123"}


@pytest.fixture
def servant() -> Iterator[Servant]:
    with serving(Servant()) as one:
        one.answers["/v1/quarterly"] = (200, reviewed(found(), QUARTER).model_dump(mode="json"))
        one.answers["/v1/quarterly/uses"] = (201, MADE)
        yield one


@pytest.fixture
def ready(servant: Servant, tmp_path: Path) -> Path:
    return servant.ready(tmp_path / "ready.json", tokens={"responder": "t-read", "business_owner": "t-owner"})


@pytest.mark.long
def test_six_parts_are_printed_in_utc_days(servant: Servant, ready: Path, tmp_path: Path) -> None:
    done = andon("quarterly", *PERIOD, "--ready-file", ready, cwd=tmp_path, check=0)
    for part in ("1. Incident count", "2. Near misses", "3. Repeated causes", "4. Open remediation"):
        assert part in done.stdout
    assert "5. Workflow changes" in done.stdout
    assert "6. Approved use" in done.stdout
    assert "There is no target of no incidents" in done.stdout
    [call] = servant.calls
    assert call.query == {"since": "2026-07-01T00:00:00+00:00", "until": "2026-10-01T00:00:00+00:00"}


def test_a_folder_gets_html_pdf_and_sheets_and_nothing_is_written_over(ready: Path, tmp_path: Path) -> None:
    words = ("quarterly", *PERIOD, "--out", "review", "--ready-file", ready)
    andon(*words, cwd=tmp_path, check=0)
    written = {path.name for path in (tmp_path / "review").iterdir()}
    assert {"quarterly.html", "quarterly.pdf", "detection.csv", "uses-1.csv"} <= written
    before = (tmp_path / "review" / "quarterly.pdf").read_bytes()
    again = andon(*words, cwd=tmp_path, check=2)
    assert "is there already" in again.stderr
    andon("quarterly", *PERIOD, "--out", "other", "--pdf", "--ready-file", ready, cwd=tmp_path, check=0)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["quarterly.pdf"]
    assert (tmp_path / "other" / "quarterly.pdf").read_bytes() == before


@pytest.mark.long
def test_a_form_without_a_folder_is_asked_for(servant: Servant, ready: Path, tmp_path: Path) -> None:
    refused = andon("quarterly", "--pdf", "--ready-file", ready, cwd=tmp_path, check=2)
    assert "--out FOLDER" in refused.stderr
    assert servant.calls == []


def test_a_decision_on_use_is_sent_for_its_period_by_an_owner(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    words = ("quarterly", "decide", "refund_desk", "narrowed", "--owner", "bela", "--reason", "up to 100 EUR")
    done = andon(*words, *PERIOD, "--ready-file", ready, "--json", cwd=tmp_path, check=0)
    assert json.loads(done.stdout) == MADE
    [call] = servant.calls
    assert (call.path, call.token) == ("/v1/quarterly/uses", "t-owner")
    assert call.body == {
        "system": "refund_desk",
        "since": "2026-07-01T00:00:00+00:00",
        "until": "2026-10-01T00:00:00+00:00",
        "answer": "narrowed",
        "owner": "bela",
        "reason": "up to 100 EUR",
    }


@pytest.mark.long
def test_an_answer_that_is_none_is_refused_before_anything_is_sent(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    words = ("quarterly", "decide", "refund_desk", "maybe", "--owner", "bela", "--reason", "why")
    andon(*words, "--ready-file", ready, cwd=tmp_path, check=2)
    assert servant.calls == []
