"""What a run of a suite leaves, kept as evidence: encrypted, locked, and cut to its end."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from andon.adapters.redaction.guarded import Guard
from andon.adapters.store.vault import AesVault
from andon.domain.errands import EvaluationRequest
from andon.domain.evidence import EvidenceItem
from andon.domain.values import IncidentId, Sha256Hex, digest_of, sha256
from andon.ports import Captured, EvidenceStore
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents
from andon.register.policies import Policies, Systems

OUTSIDE_SNAPSHOTS: Final = 0
"""Snapshot number of items that no manifest lists; the result names the log by its digest."""

KIND: Final = "structured_validation_result"
SOURCE: Final = "evaluation"
COLLECTOR: Final = "evaluation/1"
MOST_LOG_BYTES: Final = 4 * 1024 * 1024
MOST_LOGS: Final = 20


@dataclass(frozen=True, slots=True)
class EvaluationPlaces:
    """What an evaluator reads and where its logs go."""

    systems: Systems
    policies: Policies
    incidents: Incidents
    evidence: Evidence
    store: EvidenceStore
    vault: AesVault


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an item comes from that no snapshot collected."""

    source: str
    collector: str
    query: Sha256Hex
    name: str
    """Of the run among others of the source."""


async def keep_logs(
    places: EvaluationPlaces, request: EvaluationRequest, place: Path, at: datetime
) -> Sha256Hex:
    """Store output, result and logs; return the digest of the stored output."""
    origin = Origin(SOURCE, COLLECTOR, digest_of(request), f"{request.number}/{at:%Y%m%dT%H%M%S%f}")
    return (await keep(places, request.incident, origin, dict(_logs(place)), at))[0].sha256


async def keep(
    places: EvaluationPlaces,
    incident: IncidentId,
    origin: Origin,
    contents: Mapping[str, bytes],
    at: datetime,
) -> list[EvidenceItem]:
    """Store contents as evidence outside of snapshots, and return the items in their order."""
    items = [await _kept(places, incident, origin, name, content, at) for name, content in contents.items()]
    await asyncio.to_thread(places.evidence.save_items, incident, OUTSIDE_SNAPSHOTS, items, ())
    return items


async def _kept(
    places: EvaluationPlaces, incident: IncidentId, origin: Origin, name: str, content: bytes, at: datetime
) -> EvidenceItem:
    vault = places.vault
    bound_to = f"{KIND}/{origin.source}/{origin.name}/{name}"
    content_type = "application/json" if name.endswith(".json") else "text/plain"
    found = Captured(kind=KIND, content=content, content_type=content_type, name=name)
    captured = await asyncio.to_thread(Guard(vault).admitted, incident, found, None)
    stored = await vault.encrypt(incident, captured.content, bound_to=bound_to)
    digest = sha256(stored)
    receipt = await places.store.put(
        f"evidence/{incident}/{digest}", stored, content_type="application/octet-stream"
    )
    return EvidenceItem(
        id=bound_to,
        kind=KIND,
        source=origin.source,
        query=origin.query,
        captured_at=at,
        sha256=digest,
        size_bytes=len(stored),
        content_type=content_type,
        key=receipt.key,
        version_id=receipt.version_id,
        locked_until=receipt.locked_until,
        collector=origin.collector,
        plain=await vault.commit(incident, captured.content, bound_to=bound_to),
        found=captured.found,
        left_out=captured.left_out,
    )


def _logs(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the output first, then what else the run left, each cut to its end."""
    left = sorted(path for path in (place / "logs").rglob("*") if is_plain(path))[:MOST_LOGS]
    named = {"output.log": place / "output.log", "result.json": place / "result.json", "out": place / "out"}
    for path in left:
        named.setdefault(_shown(f"logs/{path.relative_to(place / 'logs')}"), path)
    for name, path in named.items():
        if is_plain(path):
            yield name, _end_of(path)
        elif name == "output.log":
            yield name, b""


def is_plain(path: Path) -> bool:
    """Whether it is a file and nothing else: a link may lead anywhere, and a pipe never ends."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # it is gone, or the run has closed the folder
        return False


def _shown(name: str) -> str:
    return "".join(one if one.isprintable() else "_" for one in name)


def _end_of(path: Path) -> bytes:
    with path.open("rb") as content:
        content.seek(max(0, path.stat().st_size - MOST_LOG_BYTES))
        return content.read()
