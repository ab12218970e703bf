"""The explanation of a restart that was published: where its text lies, and when it was said."""

from __future__ import annotations

from pydantic import Field

from andon.domain.values import Carried, Instant, Sha256Hex


class Explained(Carried):
    """What those who use an AI system were told."""

    text: str = Field(description="id of the sealed text")
    digest: Sha256Hex
    at: Instant
    relapses: int = Field(description="relapses before it: a later one makes it past")
