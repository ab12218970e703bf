"""Levers of an AI system as people are shown them: what each does, what stops it, when it was last proven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from andon.domain.containment import Hold, Lever, Verb, answer_flag
from andon.domain.cost import Cost
from andon.domain.lever_proof import LeverProof
from andon.domain.lever_words import DOES
from andon.domain.playbook import Playbook
from andon.domain.system import AISystem
from andon.domain.values import Frozen, IncidentId, Slug


class StoppedBy(Frozen):
    """A hold that stops a lever: its own, or the pause of the whole system."""

    order: str
    incident: IncidentId
    lever: str = Field(description="the lever that is held; another than this one where a pause covers it")


class LeverShown(Frozen):
    """One lever: what it does and costs, what stops it, when it was last proven."""

    id: str
    verb: Verb
    target: str
    adapter: Slug
    normal: bool | int = Field(description="what it says when nothing holds it")
    held: bool = Field(description="whether anything stops it; `stopped_by` says what")
    stopped_by: tuple[StoppedBy, ...] = ()
    does: str = Field("", description="what holding it does, in a sentence")
    cost: Cost | None = Field(None, description="what holding it is expected to cost")
    after_decision: tuple[Slug, ...] = Field(
        (), description="playbooks that hold it only after a decision by people"
    )
    proven: LeverProof | None = Field(
        None, description="when a probe last saw its effect; None: never, as far as is known"
    )


def lever_shown(
    system: AISystem,
    lever: Lever,
    holds: Sequence[Hold],
    proofs: Mapping[str, LeverProof],
    playbooks: Iterable[Playbook],
) -> LeverShown:
    """Return one lever; a proof by another adapter than the one it has now is none."""
    answer = answer_flag(lever.id, holds, normal=system.normal(lever.id))
    proof = proofs.get(lever.id)
    steps = [
        (playbook.id, step)
        for playbook in playbooks
        for step in playbook.containment
        if step.verb is lever.verb and step.target in ("", lever.target)
    ]
    return LeverShown(
        id=lever.id,
        verb=lever.verb,
        target=lever.target,
        adapter=lever.adapter,
        normal=system.normal(lever.id),
        held=bool(answer.holds),
        stopped_by=tuple(
            StoppedBy(order=one.order, incident=one.incident, lever=one.lever) for one in answer.holds
        ),
        does=DOES[lever.verb],
        cost=lever.cost or next((step.cost for _, step in steps if step.cost), None),
        after_decision=tuple(sorted({name for name, step in steps if step.costly})),
        proven=proof if proof is not None and proof.adapter == lever.adapter else None,
    )
