"""What every section of the settings is."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts to which something may be said in clear."""


class Section(BaseModel):
    """One section: it can't change, and an unknown name in it is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
