"""Recent changes: none, not to be had, and nobody named a place are three things in the manifest (INV-04)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.evidence import CollectCall, EvidenceActivities, SealCall
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import SourceError
from andon.domain.evidence import EvidenceRow, GapReason, RowState
from andon.domain.values import NOTHING_YET
from andon.ports import Captured
from tests import fakes

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
INCIDENT = "INC-20261121-abc123"
ROWS = (EvidenceRow(id="deployment_history", kinds=("deployment_history", "change_log")),)
QUERY = EvidenceQuery(incident=INCIDENT, system="desk", since=AT - timedelta(hours=1), until=AT)
DEPLOYED = fakes.ListSource(
    "versions",
    [Captured(kind="deployment_history", content=b"v7", content_type="text/plain", name="now")],
    supplies=frozenset({"deployment_history"}),
)
CHANGES = frozenset({"change_log"})
NONE = Captured(kind="change_log", content=b'{"commits":[]}', content_type="application/json", name="log")
GONE = SourceError("changes", "unreachable", "there is no repository")


@pytest.mark.parametrize(
    ("sources", "state", "reason"),
    [
        ([DEPLOYED, fakes.ListSource("changes", [NONE], supplies=CHANGES)], RowState.CAPTURED, None),
        (
            [DEPLOYED, fakes.ListSource("changes", failure=GONE, supplies=CHANGES)],
            RowState.GAP,
            GapReason.UNREACHABLE,
        ),
        ([DEPLOYED], RowState.GAP, GapReason.NOT_CONFIGURED),
    ],
)
async def test_no_change_differs_from_no_log_and_from_nobody_asked(
    sources: list[fakes.ListSource], state: RowState, reason: GapReason | None
) -> None:
    index = fakes.MemoryEvidence()
    named = fakes.Sources({one.name: one for one in sources})
    evidence = EvidenceActivities(named, fakes.MemoryStore(), fakes.OpenVault(), index, fakes.now)
    supplied: set[str] = set()
    for one in sources:
        call = CollectCall(source=one.name, snapshot=1, query=QUERY, rows=ROWS, at=AT)
        supplied |= set((await ActivityEnvironment().run(evidence.collect, call)).supplies)
    sealing = SealCall(
        incident=INCIDENT,
        snapshot=1,
        previous=NOTHING_YET,
        rows=ROWS,
        at=AT,
        supplied=tuple(sorted(supplied)),
    )
    await ActivityEnvironment().run(evidence.seal, sealing)
    ends = {one.kind: one for one in index.manifests[1].kinds}
    assert (ends["change_log"].state, ends["change_log"].reason) == (state, reason)
    assert ends["deployment_history"].state is RowState.CAPTURED


async def test_a_source_that_no_attempt_read_to_its_end_is_late_and_not_unasked() -> None:
    index = fakes.MemoryEvidence()
    broken = fakes.ListSource("changes", supplies=CHANGES)
    evidence = EvidenceActivities(
        fakes.Sources({"changes": broken}), fakes.MemoryStore(), fakes.OpenVault(), index, fakes.now
    )
    sealing = SealCall(
        incident=INCIDENT,
        snapshot=1,
        previous=NOTHING_YET,
        rows=ROWS,
        at=AT,
        system="desk",
        unread=("changes",),
    )
    seal = await ActivityEnvironment().run(evidence.seal, sealing)
    assert [(row.state, row.reason) for row in seal.rows] == [(RowState.GAP, GapReason.LATE)]
    (gap,) = index.manifests[1].gaps
    assert (gap.source, gap.detail) == ("changes", "not read to its end")
