"""Redacted views for a bundle: those that the exporter's role may see, each on record before it is given."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from andon.audit.layout import view
from andon.audit.texts import line_of
from andon.audit.write import Staging
from andon.cli import screen
from andon.cli.incidents import rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.service import Service
from andon.cli.words import segment

ENCRYPTED: Final = {Exit.NOT_ALLOWED, Exit.BAD_INPUT, Exit.NEGATIVE}
"""How a view ends that is not for this role, or can't be had: its item then stays as it is stored."""


def stage_views(service: Service, incident: str, staging: Staging) -> set[str]:
    """Stage a view of each item, and return the stored objects that can be left out for them."""
    path = f"/v1/incidents/{segment(incident)}/evidence"
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for manifest in rows_of(service.get(path), "manifests"):
        for item in rows_of(manifest, "items"):
            by_key[str(item["key"])].append(str(item["sha256"]))
    shown: set[str] = set()
    for digest in {one for found in by_key.values() for one in found}:
        found = _view(service, f"{path}/{segment(digest)}/view.json")
        if found is not None:
            staging.put(view(digest), line_of(found).encode())
            shown.add(digest)
    left = {key for key, found in by_key.items() if shown.issuperset(found)}
    if len(left) < len(by_key):
        screen.warn(
            f"andon: {len(by_key) - len(left)} objects stay encrypted: your role sees no view of them"
        )
    return left


def _view(service: Service, path: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = service.get(path)
    except CommandError as error:
        if error.code in ENCRYPTED:
            return None
        raise
    return found
