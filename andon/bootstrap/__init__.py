"""From settings to queries, policy and ports: where every process is put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import playbooks
from andon import ports
from andon.adapters.store.texts import SealedTexts
from andon.config import PolicySettings, Settings
from andon.domain.criteria import check_criteria
from andon.domain.directory import Directory
from andon.domain.system import AISystem
from andon.domain.values import Slug
from andon.register.alarms import Alarms
from andon.register.backlog import Waits
from andon.register.codes import Codes
from andon.register.deliveries import Deliveries
from andon.register.detections import Detections
from andon.register.engine import Databases, open_databases
from andon.register.evaluations import Evaluations
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents
from andon.register.keys import WrappedKeys
from andon.register.ledger import Ledger
from andon.register.links import Links
from andon.register.patterns import Patterns
from andon.register.people import People
from andon.register.policies import Policies, Systems
from andon.register.quality import QualityIssues
from andon.register.spans import Spans
from andon.register.storms import Storms
from andon.register.switches import Switches
from andon.register.system_uses import SystemUses
from andon.register.texts import Texts
from andon.register.untold import Untold
from andon.register.uploads import Uploads
from andon.register.watches import Watches


@dataclass(frozen=True, slots=True)
class Queries:
    """Every query class on its database."""

    databases: Databases
    switches: Switches
    incidents: Incidents
    detections: Detections
    untold: Untold
    issues: QualityIssues
    links: Links
    patterns: Patterns
    ledger: Ledger
    evidence: Evidence
    evaluations: Evaluations
    people: People
    policies: Policies
    systems: Systems
    texts: Texts
    keys: WrappedKeys
    deliveries: Deliveries
    spans: Spans
    storms: Storms
    waits: Waits
    codes: Codes
    uploads: Uploads
    alarms: Alarms
    watches: Watches
    uses: SystemUses


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """What people wrote: policies and playbooks, AI systems, the directory."""

    shelf: playbooks.Shelf
    systems: dict[Slug, AISystem]
    directory: Directory


@dataclass(slots=True)
class Runtime:
    """Every port with its adapter, under the names the workers ask for."""

    levers: Mapping[str, ports.LeverControl]
    directory: ports.DirectoryReader
    versions: ports.VersionReader
    statements: ports.StatementReader
    ledger: ports.LedgerStore
    projection: ports.Projection
    notifier: ports.Notifier
    sources: ports.EvidenceSources
    store: ports.EvidenceStore
    prove_store: Callable[[], Awaitable[bool]]
    """Tries whether the store's locks hold; called before anything is said to be locked."""
    vault: ports.Vault
    evidence: ports.EvidenceIndex
    evaluator: ports.Evaluator
    evaluations: ports.EvaluationLog
    staging: ports.StagingCopy
    files: ports.FileWriter
    weigher: ports.Weigher
    signals: ports.SignalReader
    watches: ports.WatchBook
    holds: ports.HoldRegister
    alarms: ports.AlarmLog
    texts: SealedTexts
    queries: Queries


def open_queries(settings: Settings) -> Queries:
    """Return the query classes; databases are connected when first used."""
    databases = open_databases(settings.databases)
    register = databases.register
    return Queries(
        databases=databases,
        switches=Switches(databases.switches),
        incidents=Incidents(register),
        detections=Detections(register),
        untold=Untold(register),
        issues=QualityIssues(register),
        links=Links(register),
        patterns=Patterns(register),
        ledger=Ledger(register),
        evidence=Evidence(register),
        evaluations=Evaluations(register),
        people=People(register),
        policies=Policies(register),
        systems=Systems(register),
        texts=Texts(register),
        keys=WrappedKeys(register),
        deliveries=Deliveries(register),
        spans=Spans(databases.recorder),
        storms=Storms(register),
        waits=Waits(register),
        codes=Codes(register),
        uploads=Uploads(register),
        alarms=Alarms(register),
        watches=Watches(register),
        uses=SystemUses(register),
    )


def load_policy(settings: Settings) -> LoadedPolicy:
    """Read every policy file.

    Raises:
        InvalidInputError: a file can't be used; the message names file and field.
    """
    shelf = load_shelf(settings.policy)
    systems = playbooks.load_systems(settings.policy.systems)
    for system in systems.values():
        check_criteria(shelf.severity, system)
    return LoadedPolicy(
        shelf=shelf,
        systems=systems,
        directory=playbooks.load_people(settings.policy.people),
    )


def load_shelf(policy: PolicySettings) -> playbooks.Shelf:
    """Read policies and playbooks; without a folder of one's own, the shipped ones.

    Raises:
        InvalidInputError: a file can't be used; the message names file and field.
    """
    return playbooks.load(policy.playbooks)


def open_runtime(settings: Settings) -> Runtime:
    """Return all ports; vendors' libraries are loaded here, servers connected when first used.

    Raises:
        InvalidInputError: a policy file can't be used.
    """
    # Loading boto3, Apprise and OpenFeature takes a second that a process without ports can save.
    from andon.bootstrap.runtime import runtime_of  # noqa: PLC0415 - loaded when asked for

    return runtime_of(settings, open_queries(settings), load_shelf(settings.policy))
