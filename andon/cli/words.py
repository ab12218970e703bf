"""What people type: `name=value` pairs, and ids that become part of an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from andon.cli.outcome import CommandError, Exit

MAX_PART: Final = 500
MAX_SHOWN: Final = 60


def segment(named: str) -> str:
    """Return an id as one part of an address.

    Raises:
        CommandError: it would name another place at the server than the command means.
    """
    if not named.strip() or "/" in named or named in {".", ".."} or len(named) > MAX_PART:
        shown = repr(named if len(named) <= MAX_SHOWN else f"{named[:MAX_SHOWN]}...")
        raise CommandError(f"{shown} is no id; ids look like INC-20260301-4f7k2a or triage-1", Exit.BAD_INPUT)
    return quote(named, safe="")


def read_pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """Return pairs by name.

    Raises:
        CommandError: one has no name or no `=`, or a name stands twice.
    """
    found: dict[str, str] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise CommandError(f"{option} takes name=value, not {pair!r}", Exit.BAD_INPUT)
        if name.strip() in found:
            raise CommandError(f"{option} {name.strip()} is given twice", Exit.BAD_INPUT)
        found[name.strip()] = value.strip()
    return found


def read_facts(option: str, given: Sequence[str]) -> dict[str, str | int]:
    """Return facts by name; whole numbers are counts.

    Raises:
        CommandError: as `read_pairs`.
    """
    return {
        name: int(value) if value.isascii() and value.isdigit() else value
        for name, value in read_pairs(option, given).items()
    }
