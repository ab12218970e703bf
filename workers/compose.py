"""What each queue runs. The containment worker can't delete evidence; the evidence worker has no levers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from temporalio.client import Client
from temporalio.worker import Worker

from activities.containment import ContainmentActivities
from activities.evaluation import EvaluationActivities, RecordActivities
from activities.evidence import EvidenceActivities
from activities.ledger import LedgerActivities, Milestones
from activities.people import PeopleActivities
from activities.release import ReleaseActivities
from activities.reproduction import ReproductionActivities
from activities.severity import SeverityActivities
from activities.sharing import SharingActivities
from activities.watching import WatchActivities
from andon import ports
from andon.adapters.clock import utc_now
from andon.domain.errors import InvalidInputError
from workers.build import build_id
from workers.milestones import TemporalMilestones
from workers.outbox import TemporalOutbox
from workers.sandbox import sandbox_runner
from workflows import queues
from workflows.evidence_snapshot import EvidenceSnapshotWorkflow
from workflows.incident import IncidentWorkflow
from workflows.notice import NoticeWorkflow
from workflows.reevaluation import ReevaluationWorkflow
from workflows.reproduction import ReproductionWorkflow
from workflows.watch import WatchWorkflow

WORKFLOWS: Final[tuple[type, ...]] = (
    IncidentWorkflow,
    EvidenceSnapshotWorkflow,
    ReevaluationWorkflow,
    ReproductionWorkflow,
    WatchWorkflow,
    NoticeWorkflow,
)

STICKY_TIMEOUT = timedelta(seconds=1)
GRACE = timedelta(seconds=5)
WORKFLOW_TASKS = 12
"""Workflow tasks at a time. They share one interpreter: of a hundred at once each would take longer than a
task may, and be done again from the start. The rest waits at the server, where the gravest goes first."""
CACHED_WORKFLOWS = 500
"""Each takes a megabyte or more. Beyond them a touch replays a history: some tenths of a second."""


class Parts(Protocol):
    """The ports a worker needs, as `andon.bootstrap` builds them."""

    levers: Mapping[str, ports.LeverControl]
    directory: ports.DirectoryReader
    versions: ports.VersionReader
    statements: ports.StatementReader
    ledger: ports.LedgerStore
    projection: ports.Projection
    notifier: ports.Notifier
    sources: ports.EvidenceSources
    store: ports.EvidenceStore
    vault: ports.Vault
    evidence: ports.EvidenceIndex
    evaluator: ports.Evaluator
    evaluations: ports.EvaluationLog
    staging: ports.StagingCopy
    files: ports.FileWriter
    weigher: ports.Weigher
    signals: ports.SignalReader
    watches: ports.WatchBook


@dataclass(frozen=True)
class Duty:
    """What one queue serves."""

    queue: str
    workflows: tuple[type, ...]
    activities: Sequence[Callable[..., Any]]


def respond_duty(
    parts: Parts,
    outbox: ports.Outbox,
    queue: str = queues.RESPONSE,
    milestones: Milestones | None = None,
) -> Duty:
    """Workflows, containment and ledger."""
    containment = ContainmentActivities(parts.levers)
    sharing = SharingActivities(parts.levers)
    release = ReleaseActivities(parts.levers, parts.directory, parts.versions, parts.statements)
    ledger = LedgerActivities(parts.ledger, parts.projection, outbox, release, milestones)
    record = RecordActivities(parts.versions, parts.files, parts.evidence, parts.evaluations)
    severity = SeverityActivities(parts.weigher)
    return Duty(
        queue=queue,
        workflows=WORKFLOWS,
        activities=(
            containment.contain_at_once,
            containment.apply,
            containment.prove,
            sharing.sample,
            release.release,
            ledger.append,
            ledger.stored,
            record.read_versions,
            record.read_seal,
            record.read_result,
            record.keep_result,
            record.write_file,
            severity.weigh,
            severity.weigh_stated,
        ),
    )


def notices_duty(parts: Parts, queue: str = queues.NOTICES) -> Duty:
    """Telling people."""
    people = PeopleActivities(parts.notifier)
    activities = (people.begin, people.begin_together, people.tell, people.conclude)
    return Duty(queue=queue, workflows=(), activities=activities)


def evidence_duty(parts: Parts, queue: str = queues.EVIDENCE) -> Duty:
    """Large reads and uploads, and what is asked of an AI system's own addresses while it is watched."""
    evidence = EvidenceActivities(parts.sources, parts.store, parts.vault, parts.evidence, utc_now)
    watching = WatchActivities(parts.signals, parts.watches, utc_now)
    return Duty(
        queue=queue,
        workflows=(),
        activities=(evidence.collect, evidence.seal, watching.stated, watching.look),
    )


def evaluation_duty(parts: Parts, queue: str = queues.EVALUATION) -> Duty:
    """Eval suites, and what is sent to staging copies."""
    evaluation = EvaluationActivities(parts.evaluator)
    reproduction = ReproductionActivities(parts.staging)
    return Duty(queue=queue, workflows=(), activities=(evaluation.run, reproduction.run))


QUEUES: Final = (queues.RESPONSE, queues.EVIDENCE, queues.EVALUATION, queues.CUSTODY)


def duties_of(queue: str, parts: Parts, client: Client) -> tuple[Duty, ...]:
    """Return what the worker of a queue does; notices have slots of their own in the process that responds.

    Raises:
        InvalidInputError: there is no such queue.
    """
    match queue:
        case queues.RESPONSE:
            responding = respond_duty(parts, TemporalOutbox(client), milestones=TemporalMilestones(client))
            return (responding, notices_duty(parts))
        case queues.EVIDENCE:
            return (evidence_duty(parts),)
        case queues.EVALUATION:
            return (evaluation_duty(parts),)
        case queues.CUSTODY:
            return ()  # it needs the custodian's identity: `workers.custody`
        case _:
            raise InvalidInputError(f"queue {queue!r} is not known; use one of: {', '.join(QUEUES)}")


def worker_for(client: Client, duty: Duty, threads: ThreadPoolExecutor | None = None) -> Worker:
    """Return the worker that serves a duty; its workflow tasks run in the caller's `threads`, if given."""
    return Worker(
        client,
        task_queue=duty.queue,
        workflows=duty.workflows,
        activities=duty.activities,
        workflow_task_executor=threads,
        workflow_runner=sandbox_runner(),
        build_id=build_id(),
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
        max_cached_workflows=CACHED_WORKFLOWS if duty.workflows else 0,
        max_concurrent_workflow_tasks=WORKFLOW_TASKS if duty.workflows else None,
        max_heartbeat_throttle_interval=timedelta(seconds=5),
    )
