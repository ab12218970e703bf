"""Evidence that comes with a report which joins an incident is taken in by a snapshot of its own."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from andon.domain.evidence import RowState
from andon.domain.ledger import Kind
from andon.ports import Captured
from tests import fakes
from tests.workflows.case import Parts, opened, trusted
from tests.workflows.policy import plan_for


def sources() -> dict[str, fakes.ListSource]:
    spans = [Captured(kind="input", content=b"pay me", content_type="text/plain", name="span-1")]
    files = [Captured(kind="prompt_version", content=b"p-7", content_type="text/plain", name="UPL-1/0001")]
    return {
        "recorder": fakes.ListSource("recorder", found=spans),
        "uploads": fakes.ListSource("uploads", found=files),
    }


async def test_what_a_joined_report_brings_is_taken_in_beside_all_the_rest(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts(sources=sources())
    plan = plan_for(trusted(), sources=("recorder",))
    async with opened(environment, parts, plan=plan) as case:
        first = (await case.until(lambda state: state.seals)).seals[0]
        joined = {"count": 1, "last_received_at": case.opening.opened_at.isoformat(), "brought": True}
        await case.signal("duplicates_joined", joined)
        await case.signal("duplicates_joined", {**joined, "brought": False})
        state = await case.until(lambda state: state.brought_in)
    assert [seal.snapshot for seal in state.seals] == [1, 2]
    rows = [{row.row: row.state for row in seal.rows} for seal in state.seals]
    assert (rows[0]["versions"], rows[0]["inputs"]) == (RowState.GAP, RowState.CAPTURED)
    assert (rows[1]["versions"], rows[1]["inputs"]) == (RowState.CAPTURED, RowState.CAPTURED)
    assert parts.evidence.manifests[2].previous == first.root
    assert state.evidence_root == state.seals[1].root


async def test_two_reports_that_bring_evidence_at_once_make_snapshots_one_after_the_other(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts(sources=sources())
    async with opened(environment, parts, plan=plan_for(trusted(), sources=("recorder",))) as case:
        joined = {"count": 1, "last_received_at": case.opening.opened_at.isoformat(), "brought": True}
        await case.signal("duplicates_joined", joined)
        await case.signal("duplicates_joined", joined)
        state = await case.until(lambda state: state.brought_in == 2)
        await case.entries(Kind.EVIDENCE_SEALED, len(state.seals))
    roots = [seal.root for seal in state.seals]
    assert [parts.evidence.manifests[seal.snapshot].previous for seal in state.seals[1:]] == roots[:-1]
