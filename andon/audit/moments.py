"""What an incident's workflow remembered at each moment: its history is run again and watched.

An interceptor copies the state each time the workflow sends ledger entries to rest. The history is
replayed whole, since one that was cut short can't be.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from activities.ledger import Batch
from andon.audit.recorded import APPEND
from andon.audit.replay import NAMESPACE, replayer_of
from andon.domain.errors import InvalidInputError
from andon.domain.incident import IncidentState
from andon.domain.ledger import Kind
from andon.domain.response import Statement
from andon.domain.values import PersonId

STATE: Final = "_state"
"""Where the incident's workflow keeps what it remembers."""


@dataclass
class Moment:
    """What was so when an entry was sent to rest."""

    sequence: int
    at: datetime
    stage: str
    severity: str
    classification: str
    contained: bool
    lead: str
    gate_open: bool | None
    evidence: list[str]
    """Roots of the sealed snapshots."""
    orders: dict[str, str]
    open: dict[str, str]
    """Open questions -> when they run out, and whom they ask."""
    decided: dict[str, str]
    facts: dict[str, str]
    """What had been found and stated."""
    told: dict[str, list[str]] = field(default_factory=dict)
    """Roles -> what notices they had been sent."""
    knew: dict[PersonId, list[str]] = field(default_factory=dict)
    """People -> what they had opened, and what they had said, by then."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**vars(self), "at": self.at.isoformat()}


async def relive(histories: Iterable[WorkflowHistory], namespace: str = NAMESPACE) -> list[Moment]:
    """Return the moments of an incident, oldest first.

    Raises:
        InvalidInputError: a history does not replay, so nothing can be said of what it remembered.
    """
    watcher = _Watcher()
    for history in histories:
        if history.workflow_id.count("/") != 1:
            continue  # a child's: it remembers nothing that the incident does not
        result = await replayer_of(namespace, [watcher]).replay_workflow(
            history, raise_on_replay_failure=False
        )
        if result.replay_failure is not None:
            raise InvalidInputError(f"{history.workflow_id} does not replay: {result.replay_failure}")
    return watcher.moments()


def moment_at(moments: Sequence[Moment], at: datetime) -> Moment | None:
    """Return the last moment up to a time; None: nothing had happened yet."""
    before = [one for one in moments if one.at <= at]
    return before[-1] if before else None


class _Watcher(Interceptor):
    """Gathers what the workflow remembered, by the sequence of the entry that went to rest."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[datetime, IncidentState, Batch]] = {}

    def workflow_interceptor_class(
        self, _input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Return a class that puts the watcher between a workflow and its activities."""
        seen = self._seen

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(_Outbound(outbound, seen))

        return Inbound

    def moments(self) -> list[Moment]:
        """Return what was gathered, in the chain's order, with who had been told and shown what."""
        found: list[Moment] = []
        told: dict[str, list[str]] = {}
        knew: dict[PersonId, list[str]] = {}
        for sequence in sorted(self._seen):
            at, state, batch = self._seen[sequence]
            _spread(told, knew, batch)
            one = _moment(sequence, at, state)
            one.told = {role: list(what) for role, what in told.items()}
            one.knew = {person: list(what) for person, what in knew.items()}
            found.append(one)
        return found


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(
        self, following: WorkflowOutboundInterceptor, seen: dict[int, tuple[datetime, IncidentState, Batch]]
    ) -> None:
        super().__init__(following)
        self._seen = seen

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002 - the SDK's
        """Note what the workflow remembers when it sends entries to rest."""
        if input.activity == APPEND:
            batch = next(one for one in input.args if isinstance(one, Batch))
            state: IncidentState = getattr(workflow.instance(), STATE)
            last = max(entry.sequence for entry in batch.entries)
            self._seen[last] = (workflow.now(), state.model_copy(deep=True), batch)
        return super().start_activity(input)


def _moment(sequence: int, at: datetime, state: IncidentState) -> Moment:
    open_now = {name: one for name, one in state.decisions.items() if one.open}
    return Moment(
        sequence=sequence,
        at=at,
        stage=state.stage.value,
        severity=state.severity.value,
        classification=state.classification.value,
        contained=state.contained,
        lead=state.lead or "",
        gate_open=state.gate.open if state.gate else None,
        evidence=[seal.root for seal in state.seals],
        orders={name: one.state.value for name, one in state.orders.items()},
        open={
            name: f"{one.request.deadline.isoformat() if one.request.deadline else 'no deadline'}, "
            f"{' '.join(one.request.eligible)}"
            for name, one in open_now.items()
        },
        decided={name: str(one.effect) for name, one in state.decisions.items() if one.effect},
        facts=dict(state.findings),
    )


def _spread(told: dict[str, list[str]], knew: dict[PersonId, list[str]], batch: Batch) -> None:
    for notice in batch.notices:
        for role in notice.roles:
            told.setdefault(role.value, []).append(f"{notice.about} {notice.subject}".strip())
    envelopes = {exhibit.digest: exhibit.envelope for exhibit in batch.exhibits}
    for entry in batch.entries:
        envelope = envelopes.get(entry.digests.get("statement", ""))
        if entry.kind != Kind.RESPONSE_ACCEPTED or envelope is None:
            continue
        # What they said, not whether it is signed: that is the verifier's to find.
        said = Statement.model_validate_json(base64.b64decode(envelope.payload))
        mine = knew.setdefault(said.person, [])
        mine += [f"opened {one}" for one in said.opened if f"opened {one}" not in mine]
        mine.append(f"said {said.option} to {said.decision}")
