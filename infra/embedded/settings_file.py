"""The settings file that every process of the embedded stack reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andon.config import StoreSettings
from infra.embedded.credentials import LOG_KEY, Credentials
from infra.embedded.folder import DataFolder, write_private_json
from infra.embedded.ports import LOOPBACK
from infra.embedded.temporal import NAMESPACE

STORE = StoreSettings()
"""Region, bucket, retention and lock mode are the product's defaults."""


@dataclass(frozen=True)
class Policies:
    """Where people wrote the organisation's rules."""

    systems: Path
    playbooks: Path
    people: Path


def url(port: int) -> str:
    """Return the address given out for a server on `port`."""
    return f"http://localhost:{port}"


def write_settings(
    folder: DataFolder,
    ports: Mapping[str, int],
    credentials: Credentials,
    policies: Policies,
    recorder_token: str,
) -> None:
    """Write DATA/settings.json, the contract of `andon.config.Settings`."""
    write_private_json(
        folder.settings,
        {
            "profile": "embedded",
            "data_dir": str(folder.root),
            "temporal": {
                "address": f"localhost:{ports['temporal']}",
                "namespace": NAMESPACE,
                "ui_url": url(ports["temporal_ui"]),
            },
            "store": _store(ports),
            "databases": {
                f"{name}_url": f"sqlite:///{folder.root / f'{name}.db'}"
                for name in ("switches", "register", "recorder")
            },
            "door": _listen(ports["door"]),
            "console": _listen(ports["console"]),
            "recorder_listen": _listen(ports["recorder"]),
            "keys": {
                "master": str(folder.keys / "master.key"),
                "attestation": str(folder.keys / "attestation.key"),
                "log": str(folder.keys / LOG_KEY),
            },
            "policy": {
                "systems": str(policies.systems.absolute()),
                "playbooks": str(policies.playbooks.absolute()),
                "people": str(policies.people.absolute()),
            },
            "probe_token": credentials.probe_token,
            "recorder": {"door_token": recorder_token},
        },
    )


def _store(ports: Mapping[str, int]) -> dict[str, Any]:
    """Return where the store is; each part is given an identity of its own, and most have none."""
    return {
        "region": STORE.region,
        "bucket": STORE.bucket,
        "retention": f"P{STORE.retention.days}D",
        "lock_mode": STORE.lock_mode,
        "endpoint": url(ports["s3"]),
    }


def _listen(port: int) -> dict[str, Any]:
    return {"host": LOOPBACK, "port": port, "url": url(port)}
