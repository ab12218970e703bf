"""Printing what an incident or quality issue is linked to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from andon.cli import screen


def show_links(links: list[Mapping[str, Any]]) -> None:
    """Print what an incident or quality issue is linked to."""
    screen.table(
        "\nLinks",
        ("link", "from", "to", "because", "since", "by"),
        [
            (
                str(one.get("kind")) + (" (ended)" if one.get("ended_at") else ""),
                one.get("origin"),
                one.get("target"),
                one.get("why"),
                screen.when(one.get("at")),
                one.get("by"),
            )
            for one in links
        ],
        empty="\nNo links.",
    )
