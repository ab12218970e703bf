"""What the activities need from the world, as roles; adapters name the vendor.

Each port says which errors its adapters must raise. Everything else that goes wrong (a server
that is away, a time-out) propagates as it is and is retried by the activity's policy.
"""

from __future__ import annotations

from andon.ports.evaluation import (
    EvaluationLog,
    Evaluator,
    StagingCopy,
)
from andon.ports.evidence import (
    Captured,
    EvidenceIndex,
    EvidenceSource,
    EvidenceSources,
    ResumableSource,
    VersionReader,
)
from andon.ports.incidents import (
    AlarmLog,
    IncidentRuns,
    IncidentVoice,
    Projection,
    Weigher,
)
from andon.ports.levers import (
    HoldPage,
    HoldRegister,
    LeverControl,
    SharingLever,
    StandingOrder,
)
from andon.ports.people import (
    DirectoryReader,
    Notifier,
    Outbox,
)
from andon.ports.store import (
    AccessLog,
    EvidenceStore,
    FileWriter,
    LedgerStore,
    ObjectReceipt,
    StatementReader,
)
from andon.ports.vault import (
    SealedText,
    Vault,
)
from andon.ports.watch import (
    SignalReader,
    WatchBook,
)

__all__ = [
    "AccessLog",
    "AlarmLog",
    "Captured",
    "DirectoryReader",
    "EvaluationLog",
    "Evaluator",
    "EvidenceIndex",
    "EvidenceSource",
    "EvidenceSources",
    "EvidenceStore",
    "FileWriter",
    "HoldPage",
    "HoldRegister",
    "IncidentRuns",
    "IncidentVoice",
    "LedgerStore",
    "LeverControl",
    "Notifier",
    "ObjectReceipt",
    "Outbox",
    "Projection",
    "ResumableSource",
    "SealedText",
    "SharingLever",
    "SignalReader",
    "StagingCopy",
    "StandingOrder",
    "StatementReader",
    "Vault",
    "VersionReader",
    "WatchBook",
    "Weigher",
]
