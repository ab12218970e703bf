"""A register that was lost is rebuilt from locked storage and histories, and what is lost is named."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table
from temporalio.client import Client, WorkflowHistory

from andon.audit.rebuild import Rebuild, Rebuilt
from andon.domain.directory import Role
from andon.register.checkpoint_tables import archives, checkpoints, log_heads, log_leaves, log_nodes
from andon.register.engine import writing
from andon.register.tables import (
    detections,
    directories,
    evidence_captures,
    evidence_gaps,
    evidence_items,
    incident_keys,
    incidents,
    ledger_entries,
    manifests,
    sealed_texts,
    statements,
)
from tests.care.auditing import verified
from tests.console.desk import Caller
from tests.record.conftest import Keeping
from tests.record.test_archive import closed
from workers.histories import TemporalHistories

OF_INCIDENTS = (
    incidents,
    detections,
    ledger_entries,
    statements,
    evidence_items,
    evidence_captures,
    evidence_gaps,
    manifests,
    log_leaves,
    log_nodes,
    log_heads,
    checkpoints,
    archives,
)


def lose(keeping: Keeping, *tables: Table) -> None:
    with writing(keeping.yard.office.queries.databases.register) as connection:
        for table in tables:
            connection.execute(table.delete())


async def rebuilt(keeping: Keeping, client: Client | None) -> Rebuilt:
    temporal = TemporalHistories(client) if client else None

    async def histories(incident: str) -> AsyncIterator[WorkflowHistory]:
        if temporal is not None:
            async for run, content in temporal.of(incident):
                yield WorkflowHistory.from_json(run.workflow, content.decode())

    register = keeping.yard.office.queries.databases.register
    return await Rebuild(register, keeping.yard.office.behind.memory, histories).run()


async def shown(keeping: Keeping, incident: str) -> dict[str, Any]:
    """Return what lists and pages get of an incident."""
    assert keeping.yard.office.http is not None
    auditor = Caller(keeping.yard.office.http, Role.AUDITOR)
    paths = ("", "/ledger", "/evidence", "/directories")
    found = {path: (await auditor.get(f"/v1/incidents/{incident}{path}")).json() for path in paths}
    del found[""]["sla"]  # what a stage has to be done by, if it began now, is another time each time
    listed = (await auditor.get("/v1/incidents", state="all")).json()["incidents"]
    return found | {"listed": [one for one in listed if one["id"] == incident]}


def differing(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown otherwise, by place."""
    return {
        f"{path} {name}": (then, now)
        for path in before
        for name, then, now in _pairs(before[path], after[path])
        if then != now
    }


def _pairs(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(before, dict):
        return [(name, before.get(name), after.get(name)) for name in before.keys() | after.keys()]
    return [("", before, after)]


async def two(keeping: Keeping, temporal: Client) -> tuple[str, str]:
    """Return an incident that is over and archived, and one that goes on."""
    done = await closed(keeping, temporal)
    goes_on = await keeping.yard.incident()
    await keeping.until(lambda: keeping.archives.of(goes_on))
    await keeping.log.make()
    return done, goes_on


@pytest.mark.long
async def test_lists_pages_and_verification_are_as_before_the_register_was_lost(
    keeping: Keeping, temporal: Client
) -> None:
    both = await two(keeping, temporal)
    before = [await shown(keeping, one) for one in both]
    root, size = keeping.kept.root(keeping.kept.size()), keeping.kept.size()
    held = keeping.yard.held()
    lose(keeping, *OF_INCIDENTS)
    report = await rebuilt(keeping, temporal)
    for one, then in zip(both, before, strict=True):
        assert differing(then, await shown(keeping, one)) == {}
    assert (keeping.kept.size(), keeping.kept.root(size)) == (size, root)
    assert (report.incidents, report.manifests, report.leaves) == (2, 2, size)
    assert report.archives == 3
    assert keeping.yard.held() == held
    for one in both:
        verdict = await verified(keeping.yard, one)
        assert {step.title: step.findings for step in verdict.steps if step.findings} == {}
    # The incident that goes on can be answered as if nothing had happened.
    await keeping.yard.answer(both[1], "legal_review-1", "hold_disclosure", Role.LEGAL)
    assert (await rebuilt(keeping, temporal)).incidents == 0


async def test_an_incident_that_temporal_has_forgotten_is_rebuilt_from_its_archive(
    keeping: Keeping, temporal: Client
) -> None:
    incident = await closed(keeping, temporal)
    before = await shown(keeping, incident)
    lose(keeping, *OF_INCIDENTS)
    report = await rebuilt(keeping, None)
    assert report.incidents == 1
    assert differing(before, await shown(keeping, incident)) == {}


@pytest.mark.long
async def test_what_the_register_alone_had_is_named_as_lost(keeping: Keeping, temporal: Client) -> None:
    incident = await closed(keeping, temporal)
    lose(keeping, *OF_INCIDENTS, incident_keys, sealed_texts, directories)
    lost = "\n".join((await rebuilt(keeping, temporal)).lost)
    assert f"{incident}: its key was in the register alone" in lost
    assert "the directory" in lost


@pytest.mark.long
async def test_a_chain_is_put_back_up_to_what_was_altered_and_no_further(
    keeping: Keeping, temporal: Client
) -> None:
    incident = await closed(keeping, temporal)
    entries = keeping.yard.chain(incident)
    batches = sorted(key for key in keeping.stored if key.startswith(f"ledger/{incident}/response/"))
    keeping.stored[batches[2]] = keeping.stored[batches[2]].replace(b'"andon"', b'"nobody"', 1)
    lose(keeping, *OF_INCIDENTS)
    report = await rebuilt(keeping, temporal)
    put_back = keeping.yard.chain(incident)
    assert 0 < len(put_back) < len(entries)
    assert put_back == entries[: len(put_back)]
    assert any(line.startswith(f"ledger/{incident}/response/") for line in report.lost)


@pytest.mark.long
async def test_a_rebuild_that_is_cut_off_is_taken_up_again(keeping: Keeping, temporal: Client) -> None:
    incident = await closed(keeping, temporal)
    before = await shown(keeping, incident)
    lose(keeping, *OF_INCIDENTS)
    cut = asyncio.create_task(rebuilt(keeping, temporal))
    await keeping.until(lambda: keeping.yard.chain(incident))
    cut.cancel()
    await asyncio.gather(cut, return_exceptions=True)
    await rebuilt(keeping, temporal)
    assert differing(before, await shown(keeping, incident)) == {}


@pytest.mark.long
async def test_a_register_restored_from_before_is_brought_up_to_what_the_histories_say(
    keeping: Keeping, temporal: Client, tmp_path: Path
) -> None:
    incident = await keeping.yard.incident()
    await keeping.until(lambda: keeping.archives.of(incident))
    live = keeping.yard.office.settings.data_dir / "register.db"
    copy_of(live, tmp_path / "yesterday.db")
    await keeping.yard.answer(incident, "legal_review-1", "hold_disclosure", Role.LEGAL)
    effects = list(keeping.yard.held())
    before = await shown(keeping, incident)
    copy_of(tmp_path / "yesterday.db", live)
    assert differing(before, await shown(keeping, incident)) != {}
    await rebuilt(keeping, temporal)
    assert differing(before, await shown(keeping, incident)) == {}
    assert list(keeping.yard.held()) == effects


def copy_of(source: Path, target: Path) -> None:
    """Copy a database as a back-up does, into one that may be in use."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
