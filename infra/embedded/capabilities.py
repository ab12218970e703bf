"""What the embedded store really does, tried at each start before "locked" is claimed.

To what any store is asked (`andon.adapters.store.probe`) this adds the side doors that SeaweedFS has.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from andon.adapters.store.checks import Check, shown
from andon.adapters.store.probe import Identities, incomplete, probed
from infra.embedded.folder import write_private_json
from infra.embedded.part import Say
from infra.embedded.progress import Display
from infra.embedded.side_doors import SideDoors
from infra.embedded.store import Store, patiently

CLEAR_WITHIN: Final = 60.0
"""Seconds in which a store that was killed takes locked objects again."""

LIMITS: Final = (
    "Locks hold against everybody who comes through S3. Root, and whoever runs as this user, can "
    "remove the files themselves; digests in the ledger find that out, a second store repairs it.",
    "The provisioning identity, kept in secrets.json, may change the bucket's policy and default "
    "retention, but can't shorten a lock or delete a locked object.",
    "The engine chooses the retention of what it writes: the store holds it to what it asked for, "
    "but lets it ask for little.",
)


async def prove(store: Store, side_doors: SideDoors, report: Path, display: Display, say: Say) -> bool:
    """Try the store, write `report`, and return whether evidence in it is locked."""
    say("a locked object to be taken")
    try:
        async with asyncio.timeout(CLEAR_WITHIN):
            checks = await patiently(lambda: _attempt(store, side_doors), say)
    except TimeoutError:
        checks = [incomplete(f"no clear answer in {CLEAR_WITHIN:.0f} s")]
    locked = all(check.passed for check in checks)
    write_private_json(
        report,
        {
            "checked_at": datetime.now(UTC).isoformat(),
            "endpoint": store.endpoint,
            "bucket": store.bucket,
            "locked": locked,
            "checks": [asdict(check) for check in checks],
            "limits": list(LIMITS),
        },
    )
    _tell(checks, display)
    return locked


def _attempt(store: Store, side_doors: SideDoors) -> list[Check]:
    keys = store.credentials.identities
    with (
        closing(store.client(keys["evidence"])) as engine,
        closing(store.client(keys["auditor"])) as auditor,
        closing(store.client(keys["custodian"])) as custodian,
    ):
        who = Identities(store.bucket, engine, auditor, custodian)
        done = probed(who, also=lambda key, version: side_doors.checks(store.bucket, key, version))
        return [*done, _default_retention(store)]


def _default_retention(store: Store) -> Check:
    """Each put names its own lock; the default is for objects that somebody else may put."""
    settings = store.settings

    def look() -> str:
        with closing(store.client(store.credentials.provisioner)) as client:
            lock = client.get_object_lock_configuration(Bucket=store.bucket)["ObjectLockConfiguration"]
        rule = lock.get("Rule", {}).get("DefaultRetention", {})
        return f"{rule.get('Mode')} for {rule.get('Days')} days"

    wanted = f"{settings.lock_mode} for {settings.retention.days} days"
    return shown("default_retention_is_set", wanted, look)


def _tell(checks: list[Check], display: Display) -> None:
    failed = [check for check in checks if not check.passed]
    for check in failed:
        display.warn(f"evidence store: {check.name} FAILED: wanted {check.expected}, saw {check.seen}")
    if failed:
        display.warn("EVIDENCE IS NOT LOCKED: what is stored now can be changed or removed")
    else:
        display.note(f"evidence store: locked, {len(checks)} checks passed")
