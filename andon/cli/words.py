"""`name=value` pairs as people type them."""

from __future__ import annotations

from collections.abc import Sequence

from andon.cli.outcome import CommandError, Exit


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
