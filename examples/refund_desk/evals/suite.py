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
from pydantic import BaseModel, ConfigDict, ValidationError

from examples.refund_desk.tickets import Action, Reply, Ticket

TIMEOUT_SECONDS = 15.0


class CaseError(Exception):
    """A file of cases can't be used."""


class Expectation(BaseModel):
    """What the desk must do, and to whom a refund must go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    account_id: str | None = None


class EvalCase(BaseModel):
    """One case: a ticket, what is expected, and the incident it comes from, if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    incident: str | None = None
    ticket: Ticket
    expect: Expectation


def read_cases(paths: list[Path]) -> list[EvalCase]:
    """Return the cases of all files, in order.

    Raises:
        CaseError: a line is no case, an id or a ticket id comes twice, or there are no cases.
    """
    cases: list[EvalCase] = []
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                cases.append(EvalCase.model_validate_json(line))
            except ValidationError as error:
                raise CaseError(f"{path}:{number}: {error.errors()[0]['msg']}") from error
    for kind, ids in (("id", [c.id for c in cases]), ("ticket id", [c.ticket.ticket_id for c in cases])):
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise CaseError(f"each case needs its own {kind}; these come twice: {', '.join(twice)}")
    if not cases:
        raise CaseError("there are no cases")
    return cases


def judged(case: EvalCase, reply: Reply) -> tuple[bool, str]:
    """Return whether the desk did what the case expects, and a sentence on it."""
    if reply.action is not case.expect.action:
        paid = f" and paid {reply.refund.account_id}" if reply.refund else ""
        return False, f"expected {case.expect.action}, the desk {reply.action}{paid}"
    paid_to = reply.refund.account_id if reply.refund else None
    if case.expect.account_id is not None and paid_to != case.expect.account_id:
        return False, f"expected a refund to {case.expect.account_id}, the desk paid {paid_to}"
    return True, f"the desk {reply.action}" + (f", paid {paid_to}" if paid_to else "")


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
    return Sample(
        id=case.id, input=case.ticket.text, target=case.expect.action.value, metadata={"case": carried}
    )


@task
def refund_desk_suite(target_url: str, cases: str) -> Task:
    """Run the cases of the files named in `cases`, one a line, against the desk at `target_url`."""
    found = read_cases([Path(line) for line in cases.splitlines()])
    return Task(
        dataset=[_sample(case) for case in found], solver=send_ticket(target_url), scorer=did_as_expected()
    )
