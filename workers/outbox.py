"""Notices on their way: those of one incident that are posted together leave in one workflow, begun once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from andon.domain.notice import Notice, Posting
from andon.domain.values import IncidentId, sha256
from workflows import queues
from workflows.notice import NoticeWorkflow

TOGETHER: Final = 8
"""As many notices in one workflow at most. One that reaches nobody for four hours may take two
thousand events, and Temporal ends a workflow at fifty thousand."""

DIGITS: Final = 12
"""Of the digest in a workflow's id; it need only differ from the other postings of one incident."""


class TemporalOutbox:
    """Starts a `Notice` workflow for the notices of each incident in a posting."""

    def __init__(self, client: Client, queue: str = queues.RESPONSE) -> None:
        self._client = client
        self._queue = queue

    async def post(self, notices: Sequence[Notice]) -> None:
        """See to it that each is sent; whom it has reached after an earlier posting is left in peace."""
        for together in postings(notices):
            first, *others = together
            try:
                await self._client.start_workflow(
                    NoticeWorkflow.run,
                    Posting(notices=together) if others else first,
                    id=notice_workflow(together),
                    task_queue=self._queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    static_summary=_summary(first, len(others)),
                )
            except WorkflowAlreadyStartedError:
                continue


def postings(notices: Sequence[Notice]) -> Iterator[tuple[Notice, ...]]:
    """Yield the notices of each incident, in order and each once, as many together as may be."""
    found: dict[IncidentId, dict[str, Notice]] = {}
    for one in notices:
        found.setdefault(one.incident, {}).setdefault(one.id, one)
    for of_incident in found.values():
        whole = tuple(of_incident.values())
        for start in range(0, len(whole), TOGETHER):
            yield whole[start : start + TOGETHER]


def notice_workflow(together: Sequence[Notice]) -> str:
    """Return the id of the workflow that sends them: it begins with the first, and depends on all."""
    first, *others = together
    if not others:
        return f"notice/{first.id}"
    digest = sha256("\n".join(one.id for one in together).encode())
    return f"notice/{first.id}/and/{len(others)}-more/{digest[:DIGITS]}"


def _summary(first: Notice, others: int) -> str:
    summary = f"{first.about} {first.subject}"
    return f"{summary} and {others} more" if others else summary
