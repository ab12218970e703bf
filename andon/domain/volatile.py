"""Evidence that may be gone once something is changed: taken before the first change, or missed (EVD-01)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from andon.domain.values import Instant, Slug

VOLATILE: Final = frozenset(
    {
        "prompt",
        "prompt_version",
        "system_prompt",
        "model_identity_and_config",
        "deployment_history",
        "retrieved_context",
        "source_document",
        "tool_definition",
        "permission_check",
        "role_assignment",
        "policy_version",
    }
)
"""What containing an AI system or mending it changes: prompts, sources, models, tools, permissions."""


def missed(first_taken: Sequence[Mapping[Slug, Instant]], changes: Iterable[Instant]) -> tuple[Slug, ...]:
    """Return the kinds that no snapshot took before the first change; what nobody took is a gap.

    Args:
        first_taken: for each snapshot, when it first took an item of each volatile kind.
        changes: when levers were moved.
    """
    first = min(changes, default=None)
    earliest: dict[Slug, Instant] = {}
    for taken in first_taken:
        for kind, at in taken.items():
            earliest[kind] = min(at, earliest.get(kind, at))
    return tuple(sorted(kind for kind, at in earliest.items() if first is not None and at >= first))
