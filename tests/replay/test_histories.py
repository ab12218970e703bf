"""Histories recorded by every release still replay on today's workflows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from workers import record
from workers.compose import WORKFLOWS
from workers.sandbox import sandbox_runner
from workflows.follow_up import FollowUpWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").rglob("*.json"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_there_is_a_history_for_each_wait_state() -> None:
    assert {path.stem for path in HISTORIES} >= {
        "awaiting-triage",
        "awaiting-the-fix",
        "awaiting-restart",
        "watching",
        "closed",
        "stood-down",
        "relapsed",
        "gate-shut",
        "reproduced",
        "following-up",
        "followed-up",
        "notice-told",
        "notice-undelivered",
        "notices-together",
    }


@pytest.mark.parametrize("path", HISTORIES, ids=named)
async def test_a_recorded_history_replays_on_this_release(path: Path) -> None:
    replayer = Replayer(
        workflows=[*WORKFLOWS, *record.WORKFLOWS, FollowUpWorkflow],
        namespace="default",
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox_runner(),
    )
    history = await asyncio.to_thread(path.read_text)
    await replayer.replay_workflow(WorkflowHistory.from_json("incident/anything", history))
