"""What led to an output: out of the recorder, out of preserved evidence, for programs and on a page."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from andon.adapters.sources.genai import items_of
from andon.domain.custody import AccessKind
from andon.domain.directory import Role
from andon.domain.evidence import EvidenceItem
from andon.domain.ledger import Chain
from andon.domain.trace_names import TRACE_KIND
from andon.domain.values import sha256
from andon.register.log_records import OutputRow
from andon.register.spans import SpanRow
from andon.register.traces import Traces
from tests.console.alone import alone
from tests.console.desk import Caller, Office
from tests.console.test_pages import signed_in

__all__ = ["alone"]
NOW = datetime.now(UTC).replace(microsecond=0)
SECRET_WORDS = "the customer said <script>alert(1)</script>"
ANSWER: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "desk-1<b>",
    "gen_ai.input.messages": SECRET_WORDS,
    "gen_ai.output.messages": SECRET_WORDS,
}


def recorded(office: Office, **attributes: Any) -> tuple[Traces, str]:
    """Put one trace of two spans into the recorder and return its id."""
    kept = Traces(office.queries.databases.recorder)
    trace = uuid4().hex
    said: dict[int, dict[str, Any]] = {
        1: {"gen_ai.conversation.id": "T-1", "user.roles": ["customer"]},
        2: {**ANSWER, "gen_ai.response.id": f"resp-{trace}", **attributes},
    }
    rows = [
        SpanRow(
            trace_id=trace,
            span_id=f"{number:016x}",
            parent=None if number == 1 else f"{1:016x}",
            service="refund_desk",
            name=f"step {number}",
            start=NOW,
            end=NOW + timedelta(seconds=1),
            attributes=json.dumps(told).encode(),
            size=100,
            received_at=NOW,
        )
        for number, told in said.items()
    ]
    kept.spans.add(rows)
    kept.logs.add_outputs([OutputRow(f"resp-{trace}", trace, f"{2:016x}", NOW)])
    return kept, trace


async def preserved(office: Office) -> tuple[str, str]:
    """Preserve one trace with an incident; return both ids. The recorder has forgotten it."""
    kept, trace = recorded(office)
    spans = kept.of([trace])
    kept.trim(timedelta(0), 0, now=NOW + timedelta(hours=1))
    incident = (await office.allot()).incident
    whole = next(one for one in items_of(trace, spans) if one.kind == TRACE_KIND)
    bound_to = f"{TRACE_KIND}/recorder/{trace}"
    stored = await office.parts.vault.encrypt(incident, whole.content, bound_to=bound_to)
    key = f"evidence/{incident}/{sha256(stored)}"
    receipt = await office.parts.store.put(key, stored, content_type="application/octet-stream")
    item = EvidenceItem(
        id=bound_to,
        kind=TRACE_KIND,
        source="recorder",
        query="0" * 64,
        captured_at=NOW,
        sha256=sha256(stored),
        size_bytes=len(stored),
        content_type="application/json",
        key=key,
        version_id=receipt.version_id,
        locked_until=None,
        collector="recorder/2",
    )
    await asyncio.to_thread(office.queries.evidence.save_items, incident, 1, [item], [])
    return incident, trace


@pytest.mark.parametrize("asked", ["{}", "tr-{}", "resp-{}"])
async def test_an_output_is_found_in_the_recorder_by_its_trace_or_its_own_id(
    alone: Office, asked: str
) -> None:
    _, trace = recorded(alone)
    assert alone.http is not None
    wanted = asked.format(trace)
    told = (await Caller(alone.http, Role.ENGINEER).get(f"/v1/evidence/traces/{wanted}")).json()
    assert (told["found_in"], told["incident"], told["tree"]["trace_id"]) == ("recorder", None, trace)
    assert [one["asked"] for one in told["tree"]["steps"]] == [False, asked.startswith("resp")]
    assert "no retrieval seen before this answer" in [one["says"] for one in told["tree"]["missing"]]
    assert "the customer said" not in json.dumps(told)


@pytest.mark.parametrize("named", [True, False])
async def test_an_output_is_found_among_what_was_preserved_and_who_looked_is_on_record(
    alone: Office, named: bool
) -> None:
    incident, trace = await preserved(alone)
    assert alone.http is not None
    query = {"incident": incident} if named else {}
    told = (await Caller(alone.http, Role.LEGAL).get(f"/v1/evidence/traces/{trace}", **query)).json()
    assert (told["found_in"], told["incident"]) == ("evidence", incident)
    assert told["item"] == f"application_log/recorder/{trace}"
    (entry,) = alone.queries.ledger.entries(incident, Chain.ACCESS)
    assert (entry.kind, entry.actor, entry.subject) == (AccessKind.VIEWED, "person:legal-1", told["item"])
    assert "the customer said" not in json.dumps(told)


async def test_an_output_id_is_looked_for_in_the_traces_that_the_named_incident_preserved(
    alone: Office,
) -> None:
    incident, trace = await preserved(alone)
    assert alone.http is not None
    caller = Caller(alone.http, Role.LEGAL)
    told = (await caller.get(f"/v1/evidence/traces/resp-{trace}", incident=incident)).json()
    assert told["tree"]["asked"] == f"resp-{trace}"
    assert (await caller.get("/v1/evidence/traces/resp-none", incident=incident)).status_code == 404


@pytest.mark.parametrize("wanted", ["0" * 32, "resp-nobody", "%", "_" * 32, "x" * 300])
async def test_what_nobody_kept_is_not_found(alone: Office, wanted: str) -> None:
    assert alone.http is not None
    answer = await Caller(alone.http, Role.LEGAL).get(f"/v1/evidence/traces/{wanted}")
    assert answer.status_code in (400, 404)


async def test_the_page_shows_steps_and_gaps_and_no_words_of_anybody(alone: Office) -> None:
    incident, trace = await preserved(alone)
    assert alone.http is not None
    async with signed_in(alone.http, Role.ENGINEER) as visitor:
        listing = (await visitor.get(f"/incidents/{incident}/evidence")).text
        page = (await visitor.get(f"/incidents/{incident}/traces/{trace}")).text
    assert f'href="/incidents/{incident}/traces/{trace}"' in listing
    assert "no retrieval seen before this answer" in page
    assert "gen_ai.input.messages (43 bytes)" in page
    assert "the customer said" not in page
    assert "desk-1&lt;b&gt;" in page
    (item,) = alone.queries.evidence.items(incident)
    assert f'href="/incidents/{incident}/evidence/{item.sha256}"' in page
