"""Which secrets of the caller's environment each part of the stack is told; the others never see them.

Only secrets of the outside world are listed: what the parts share among themselves lies in the data folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOLD_TO: Final[Mapping[str, str]] = {
    "ANDON_LEVERS__SECRETS": "worker-andon",
    "ANDON_SOURCES__SECRETS": "worker-andon-evidence",
    "ANDON_SOURCES__DATABASES": "worker-andon-evidence",
    "ANDON_SOURCES__BUCKETS": "worker-andon-evidence",
    "ANDON_OIDC__CLIENT_SECRET": "console",
    "ANDON_RECORDER__DOOR_TOKEN": "recorder",
}
"""The one part that a setting is for, by the beginning of its variable's name."""


def environment_of(part: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what a part inherits: everything but the secrets that are meant for another one."""
    return {name: value for name, value in inherited.items() if _told(name) in {None, part}}


def _told(variable: str) -> str | None:
    # pydantic-settings takes the names in either case.
    name = variable.upper()
    return next((part for beginning, part in TOLD_TO.items() if name.startswith(beginning)), None)
