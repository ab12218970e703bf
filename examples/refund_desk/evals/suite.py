"""The refund desk's evaluation suite for Inspect: each case is one ticket to a staging desk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from examples.refund_desk.evals.cases import EvalCase, judged, read_cases
from examples.refund_desk.tickets import Reply

TIMEOUT_SECONDS = 15.0


@solver
def send_ticket(target_url: str) -> Solver:
    """Send the case's ticket to the desk and keep its reply as the output."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001 (Inspect's signature)
        async with httpx.AsyncClient(base_url=target_url, timeout=TIMEOUT_SECONDS) as client:
            answer = await client.post("/tickets", json=state.metadata["case"]["ticket"])
        answer.raise_for_status()
        state.output.completion = answer.text
        return state

    return solve


@scorer(metrics=[accuracy()])
def did_as_expected() -> Scorer:
    """Judge the action and, for a refund, the account that was paid."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 (Inspect's signature)
        case = EvalCase.model_validate(state.metadata["case"])
        passed, detail = judged(case, Reply.model_validate_json(state.output.completion))
        return Score(value=CORRECT if passed else INCORRECT, explanation=detail)

    return score


def _sample(case: EvalCase) -> Sample:
    carried: dict[str, Any] = json.loads(case.model_dump_json())
    target = case.expect.action or "pays nobody else"
    return Sample(id=case.id, input=case.ticket.text, target=str(target), metadata={"case": carried})


@task
def refund_desk_suite(target_url: str, cases: str) -> Task:
    """Run the cases of the files named in `cases`, one a line, against the desk at `target_url`."""
    found = read_cases([Path(line) for line in cases.splitlines()])
    return Task(
        dataset=[_sample(case) for case in found], solver=send_ticket(target_url), scorer=did_as_expected()
    )
