"""The workflow that signs the log: at once after a milestone, for ever, and whatever is sent to it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from andon.domain.checkpoint import CHECKPOINT
from andon.domain.ledger import Chain
from andon.domain.merkle import is_included
from andon.domain.note import read_checkpoint, read_note, signed_by
from tests.record.conftest import Keeping
from workers.record import WORKFLOWS, begin, keep_signing
from workers.sandbox import sandbox_runner


async def test_a_sealed_incident_is_in_a_signed_checkpoint_long_before_the_next_round(
    keeping: Keeping, temporal: Client
) -> None:
    await begin(temporal, keeping.every)
    await keeping.until(keeping.kept.newest)
    incident = await keeping.yard.incident()
    await keeping.until(lambda: keeping.kept.places(incident, keeping.kept.newest()[0].size))
    note = read_note(keeping.kept.newest()[0].note)
    assert signed_by(note, keeping.log.key)
    checkpoint = read_checkpoint(note)
    place = keeping.kept.places(incident, checkpoint.size)[-1]
    assert is_included(place.leaf.hash(), place.position, checkpoint.size, place.proof, checkpoint.root)
    assert place.leaf.chain is Chain.RESPONSE
    entries = keeping.yard.chain(incident)
    assert place.leaf.digest == entries[place.leaf.length - 1].digest()


@pytest.mark.long
async def test_a_signing_workflow_that_was_ended_is_begun_again(keeping: Keeping, temporal: Client) -> None:
    keeping.every = timedelta(milliseconds=200)
    stop = asyncio.Event()
    signing = asyncio.create_task(keep_signing(temporal, keeping, stop))
    await keeping.until(keeping.kept.newest)
    await temporal.get_workflow_handle(CHECKPOINT).terminate("somebody's doing")
    before = keeping.kept.newest()[0].checked_at
    await keeping.until(lambda: keeping.kept.newest()[0].checked_at > before + timedelta(milliseconds=600))
    stop.set()
    await asyncio.wait_for(signing, 10)


@pytest.mark.long
async def test_nothing_that_is_sent_ends_it_and_its_history_replays(
    keeping: Keeping, temporal: Client
) -> None:
    await begin(temporal, timedelta(milliseconds=200))
    await keeping.until(keeping.kept.newest)
    handle = temporal.get_workflow_handle(CHECKPOINT)
    await handle.signal("stop", {"now": True})
    await handle.cancel()
    before = keeping.kept.newest()[0].checked_at
    await keeping.until(lambda: keeping.kept.newest()[0].checked_at > before)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    replayer = Replayer(
        workflows=list(WORKFLOWS),
        workflow_runner=sandbox_runner(),
        data_converter=pydantic_data_converter,
    )
    await replayer.replay_workflow(await handle.fetch_history())
