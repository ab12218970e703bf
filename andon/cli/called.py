"""What incidents are called: the options that lists and counts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class Called:
    """What incidents are called, to list or count only those."""

    type: str | None = None
    """Only those of this kind of failure, such as privacy_event."""

    category: str | None = None
    """Only those with this category, such as data_exposure."""

    tag: str | None = None
    """Only those with this tag, such as privacy."""

    channel: str | None = None
    """Only those first heard of through this channel, such as user_report."""

    external: str | None = None
    """Only those with this id of a public taxonomy, such as owasp_llm:LLM01:2025."""


ANY: Final = Called()
