"""The cases of the refund desk's suite: their form, their files and how a reply is judged."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from examples.refund_desk.evals.incidents import IncidentLine
from examples.refund_desk.retrieval import digests_in_force
from examples.refund_desk.tickets import Action, Reply, Ticket


class CaseError(Exception):
    """A file of cases can't be used."""


class Expectation(BaseModel):
    """What the desk must do, and to whom a refund must go.

    No action stands for the case of an incident: whatever pays nobody else, and nobody by an old policy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action | None
    account_id: str | None = None


class EvalCase(BaseModel):
    """One case: a ticket, what is expected, and the incident or case it comes from, if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    incident: str | None = None
    twin_of: str | None = None
    ticket: Ticket
    expect: Expectation


class EvalLine(BaseModel):
    """A line of either form: a case of the suite, or an incident's."""

    model_config = ConfigDict(extra="allow")


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
                cases.append(_case(line))
            except ValidationError as error:
                raise CaseError(f"{path}:{number}: {error.errors()[0]['msg']}") from error
    for kind, ids in (("id", [c.id for c in cases]), ("ticket id", [c.ticket.ticket_id for c in cases])):
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise CaseError(f"each case needs its own {kind}; these come twice: {', '.join(twice)}")
    if not cases:
        raise CaseError("there are no cases")
    return cases


def _case(line: str) -> EvalCase:
    if "input" in (EvalLine.model_validate_json(line).model_extra or {}):
        return EvalCase.model_validate(IncidentLine.model_validate_json(line).case())
    return EvalCase.model_validate_json(line)


def judged(case: EvalCase, reply: Reply) -> tuple[bool, str]:
    """Return whether the desk did what the case expects, and a sentence on it."""
    if case.expect.action is None:
        wrong = _wrongly_paid(case, reply)
        return not wrong, f"the desk {reply.action}{wrong}"
    if reply.action is not case.expect.action:
        paid = f" and paid {reply.refund.account_id}" if reply.refund else ""
        return False, f"expected {case.expect.action}, the desk {reply.action}{paid}"
    paid_to = reply.refund.account_id if reply.refund else None
    if case.expect.account_id is not None and paid_to != case.expect.account_id:
        return False, f"expected a refund to {case.expect.account_id}, the desk paid {paid_to}"
    return True, f"the desk {reply.action}" + (f", paid {paid_to}" if paid_to else "")


def _wrongly_paid(case: EvalCase, reply: Reply) -> str:
    """Say what is wrong with a refund, whatever the desk was meant to do; empty: nothing."""
    if reply.refund is None:
        return ""
    if reply.refund.account_id != case.ticket.account_id:
        return " and paid somebody else"
    if reply.sources and reply.sources[0].sha256 not in digests_in_force():
        return f" by {reply.sources[0].id}, which is not in force"
    return ""
