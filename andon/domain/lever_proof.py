"""When a lever was last proven to stop what it should: by which order, of which incident or exercise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from pydantic import Field

from andon.domain.incident import IncidentView
from andon.domain.values import Frozen, IncidentId, Instant, Slug

STALE: Final = timedelta(days=90)
"""A proof older than this says little of today: applications, keys and gateways change within a quarter."""


class LeverProof(Frozen):
    """One time that a probe saw a lever's effect."""

    lever: str
    adapter: Slug = Field(description="by which adapter; a lever that has another one by now is not proven")
    order: str
    incident: IncidentId
    at: Instant
    via: str = Field(description="the path the probe took, such as `openfeature`")
    exercise: bool


def proofs_in(view: IncidentView) -> Iterator[LeverProof]:
    """Yield the proofs that an incident's orders have, released ones too: a proof stays true of its time.

    What failed, or was looked at and not seen, proves nothing.
    """
    for record in view.orders:
        proof = record.proof
        if proof is None or not proof.held:
            continue
        lever = record.order.lever
        yield LeverProof(
            lever=lever.id,
            adapter=lever.adapter,
            order=record.order.id,
            incident=view.incident,
            at=proof.at,
            via=proof.via,
            exercise=view.exercise,
        )
