"""What is still open of an order, in the one form that page, command line, ledger and notices share."""

from __future__ import annotations

from typing import Final

from andon.domain.containment import Applied, Lever, OrderState, Proof
from andon.domain.directory import Role
from andon.domain.proof import settles_in, summary

LADDER: Final = (Role.OPERATIONS, Role.INCIDENT_LEAD, Role.EXECUTIVE)
"""Who is called on while containment is not proven: one after the other, then all of them."""


def called_on(attempt: int) -> tuple[Role, ...]:
    """Return who is called on after an attempt: the first, second and fourth, then at twice the distance.

    Somebody who is told the same every half minute stops reading.
    """
    if attempt < 1 or attempt & (attempt - 1):
        return ()
    rung = attempt.bit_length() - 1
    return (LADDER[rung],) if rung < len(LADDER) else LADDER


def still_open(state: OrderState, lever: Lever, applied: Applied | None, proof: Proof | None) -> str:
    """Say what is open of an order, in codes; empty where nothing is.

    Requests under way and a backlog are named of a proven order too: they may still do harm.
    """
    if state is OrderState.RELEASED:
        return ""
    left = _left(proof)
    if state is OrderState.PROVEN:
        return left
    if state is OrderState.APPLIED and applied is not None:
        settling = settles_in(lever.options, lever.proofs)
        if settling:
            return f"waiting for caches until {applied.at + settling:%H:%M:%S} UTC"
    if state is OrderState.UNPROVEN:
        said = (
            summary(proof.parts)
            if proof and proof.parts
            else f"unproven: {proof.saw if proof else 'no_answer'}"
        )
        return f"{said}; {left}" if left else said
    return state.value


def facts_of(proof: Proof | None) -> dict[str, str | int | bool]:
    """Return what the ledger keeps of several looks; nothing of the lever's own alone."""
    if proof is None or not proof.parts:
        return {}
    found = ",".join(f"{part.ground}:{part.finding.value}" for part in proof.parts)
    counts = {name: sum(getattr(part, name) for part in proof.parts) for name in ("in_flight", "backlog")}
    return {"parts": found, **{name: count for name, count in counts.items() if count}}


def _left(proof: Proof | None) -> str:
    counts = facts_of(proof)
    return "; ".join(f"{name}: {counts[name]}" for name in ("in_flight", "backlog") if name in counts)
