"""What must be kept of a vendor once an incident is the vendor's doing (INV-07)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from andon.domain.evidence import Manifest

CHANGE: Final = "model_or_vendor_change"
OUTAGE: Final = "vendor_outage"

_STATUS: Final = ("the vendor's status", frozenset({"vendor_status"}))
_WRITTEN: Final = ("what was written to and by the vendor", frozenset({"vendor_correspondence"}))
_VERSIONS: Final = ("the change of version", frozenset({"change_log", "deployment_history"}))

WANTED: Final[Mapping[str, tuple[tuple[str, frozenset[str]], ...]]] = {
    CHANGE: (_STATUS, _WRITTEN, _VERSIONS),
    OUTAGE: (_STATUS, _WRITTEN),
}
"""Cause -> what its evidence is called, and the kinds of item that are it."""


def vendor_evidence(cause: str | None, manifests: Iterable[Manifest]) -> dict[str, int]:
    """Return how many items there are of each thing that a vendor's cause wants; empty: no vendor's cause."""
    wanted = WANTED.get(cause or "", ())
    kinds = [item.kind for manifest in manifests for item in manifest.items] if wanted else []
    return {name: sum(kind in accepted for kind in kinds) for name, accepted in wanted}


def vendor_evidence_missing(cause: str | None, manifests: Iterable[Manifest]) -> tuple[str, ...]:
    """Name what is missing of a vendor's part in an incident."""
    return tuple(name for name, items in vendor_evidence(cause, manifests).items() if not items)
