"""The choice of adapters: the only importer of those that need a vendor's library."""

from __future__ import annotations

from functools import partial

from andon.adapters.evaluators.kinds import TrialMeans
from andon.adapters.evaluators.logs import EvaluationPlaces
from andon.adapters.evaluators.staging import StagingCopies
from andon.adapters.evaluators.suites import SuiteEvaluator
from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.kinds import Levers, Means, secret_of
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.adapters.notify.apprise import AppriseNotifier
from andon.adapters.outgoing import Outgoing
from andon.adapters.people import RegisterDirectory
from andon.adapters.proofs.consumer import ConsumerLook
from andon.adapters.proofs.request import RequestLook
from andon.adapters.proofs.spans import SpansLook
from andon.adapters.redaction.guarded import Guard, GuardedSources
from andon.adapters.sources.found import RegisteredSources
from andon.adapters.sources.kinds import SourceMeans
from andon.adapters.sources.recorder import RecorderSource
from andon.adapters.sources.uploads import UploadsSource
from andon.adapters.sources.versions import VersionsEndpoint
from andon.adapters.store.alarms import RegisterAlarms
from andon.adapters.store.evaluations import RegisterEvaluations
from andon.adapters.store.evidence_index import RegisterEvidenceIndex
from andon.adapters.store.incident_file import FilePlaces, IncidentFileWriter
from andon.adapters.store.ledger import LockedLedger
from andon.adapters.store.projection import RegisterProjection
from andon.adapters.store.s3 import S3EvidenceStore
from andon.adapters.store.standing_holds import RegisterHolds
from andon.adapters.store.texts import SealedTexts
from andon.adapters.store.uploads import UploadFolder
from andon.adapters.store.vault import AesVault
from andon.adapters.watch import RegisteredSignals, RegisterWatches
from andon.adapters.weighing import RegisterWeigher
from andon.bootstrap import Queries, Runtime
from andon.bootstrap.store import prove_store
from andon.config import Settings
from andon.domain.proof import Ground
from andon.ports import EvidenceStore
from andon.register.held import HeldLevers
from andon.register.openings import Openings
from andon.register.review import ReviewWords
from andon.register.standing_holds import StandingHolds
from andon.register.standings import Standings
from andon.register.traces import Traces
from playbooks import Shelf


def runtime_of(settings: Settings, queries: Queries, shelf: Shelf) -> Runtime:
    """Return every port with the adapter that the settings call for."""
    store = S3EvidenceStore(settings.store)
    vault = AesVault(settings.keys.master, queries.keys)
    means = SourceMeans(settings.sources, shelf.evidence.rows)
    versions = VersionsEndpoint(queries.systems, means.outgoing, means.rows)
    texts = SealedTexts(vault, queries.texts)
    ledger = LockedLedger(store, queries.ledger)
    places = _places(queries, store, vault)
    return Runtime(
        levers=Levers(means_of(settings, queries)),
        directory=RegisterDirectory(Standings(queries.databases.register)),
        versions=versions,
        statements=ledger,
        ledger=ledger,
        projection=RegisterProjection(queries.incidents),
        notifier=_notifier(settings, queries, shelf),
        sources=GuardedSources(
            _sources(settings, queries, means, versions, texts), queries.systems, Guard(vault)
        ),
        store=store,
        prove_store=partial(prove_store, store),
        vault=vault,
        evidence=RegisterEvidenceIndex(queries.evidence, shelf.retention),
        evaluator=SuiteEvaluator(places, settings.policy.systems, TrialMeans(settings.trials)),
        evaluations=RegisterEvaluations(queries.evaluations),
        staging=StagingCopies(places, TrialMeans(settings.trials)),
        files=file_writer(store, queries),
        weigher=RegisterWeigher(queries.detections, shelf.severity, queries.systems),
        signals=RegisteredSignals(queries.systems, means, queries.spans),
        watches=RegisterWatches(queries.watches),
        holds=RegisterHolds(StandingHolds(queries.databases.switches, queries.databases.register)),
        alarms=RegisterAlarms(queries.alarms, queries.incidents),
        texts=texts,
        queries=queries,
    )


def _places(queries: Queries, store: S3EvidenceStore, vault: AesVault) -> EvaluationPlaces:
    return EvaluationPlaces(
        systems=queries.systems,
        policies=queries.policies,
        incidents=queries.incidents,
        evidence=queries.evidence,
        store=store,
        vault=vault,
    )


def _notifier(settings: Settings, queries: Queries, shelf: Shelf) -> AppriseNotifier:
    return AppriseNotifier(
        queries.people,
        queries.deliveries,
        shelf.rights,
        settings.console.url,
        folds=lambda notice, person: queries.storms.folds(notice, person, shelf.storm.notices),
    )


def _sources(
    settings: Settings, queries: Queries, means: SourceMeans, versions: VersionsEndpoint, texts: SealedTexts
) -> RegisteredSources:
    recorder = RecorderSource(Traces(queries.databases.recorder), means.rows)
    folder = UploadFolder(settings.data_dir, settings.keys.master)
    uploads = UploadsSource(queries.detections, queries.uploads, folder, texts, means.rows)
    return RegisteredSources({one.name: one for one in (recorder, versions, uploads)}, queries.systems, means)


def means_of(settings: Settings, queries: Queries) -> Means:
    """Return what levers and their proofs stand on."""
    probe = OpenFeatureProbe(settings.door.url, settings.probe_token)
    named = settings.levers
    return Means(
        settings=named,
        switches=queries.switches,
        held=HeldLevers(queries.databases.switches),
        flags=FlagLever(queries.switches, probe),
        looks={
            Ground.CONSUMER: ConsumerLook(probe),
            Ground.REQUEST: RequestLook(
                Outgoing(named), lambda lever, option: secret_of(named, lever, option)
            ),
            Ground.SPANS: SpansLook(queries.spans),
        },
    )


def file_writer(store: EvidenceStore, queries: Queries) -> IncidentFileWriter:
    """Return the writer of incident files."""
    places = FilePlaces(
        incidents=queries.incidents,
        detections=queries.detections,
        evidence=queries.evidence,
        ledger=queries.ledger,
        systems=queries.systems,
        deliveries=queries.deliveries,
        openings=Openings(queries.databases.register),
        policies=queries.policies,
        words=ReviewWords(queries.databases.register),
    )
    return IncidentFileWriter(store, places)
