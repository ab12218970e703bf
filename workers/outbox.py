"""Notices on their way: each is a workflow of its own, begun once under its message id."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from andon.domain.notice import Notice
from workflows import queues
from workflows.notice import NoticeWorkflow


class TemporalOutbox:
    """Starts a `Notice` workflow per notice."""

    def __init__(self, client: Client, queue: str = queues.RESPONSE) -> None:
        self._client = client
        self._queue = queue

    async def post(self, notices: Sequence[Notice]) -> None:
        """See to it that each is sent; one that was posted before is not sent a second time."""
        for notice in notices:
            try:
                await self._client.start_workflow(
                    NoticeWorkflow.run,
                    notice,
                    id=f"notice/{notice.id}",
                    task_queue=self._queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    static_summary=f"{notice.about} {notice.subject}",
                )
            except WorkflowAlreadyStartedError:
                continue
