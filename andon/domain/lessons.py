"""From cause and failed control to what may be changed: proposals that people take over or leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from andon.domain.change import ChangeType
from andon.domain.finding import FailureClass
from andon.domain.values import Frozen, Slug

SAID_AT_MOST: Final = 300


class Proposal(Frozen):
    """One change that may be worth making."""

    type: ChangeType
    change: str = Field(min_length=1, max_length=SAID_AT_MOST, description="what to change, in a sentence")
    proof: str = Field(min_length=1, max_length=SAID_AT_MOST, description="what shows that it was made")


class Proposes(Frozen):
    """What a cause leads to."""

    controls: tuple[Slug, ...] = Field((), description="failed controls that the changes see to already")
    changes: tuple[Proposal, ...] = Field(min_length=1)


class Cause(Frozen):
    """One cause as the organisation's policy has it."""

    failure: FailureClass = Field(alias="class")
    proposes: Proposes


class Causes(Frozen):
    """All causes, and what is proposed for a failed control that the cause says nothing of."""

    causes: dict[Slug, Cause]
    controls: dict[Slug, Proposal]

    def failure_class(self, cause: str) -> FailureClass:
        """Return the one class of a cause; a cause that the policy does not know is unknown."""
        known = self.causes.get(cause)
        return known.failure if known is not None else FailureClass.UNKNOWN

    def propose(self, cause: str | None, failed_control: str | None) -> tuple[Proposal, ...]:
        """Return what may be changed, numbered from 1 by its place; nothing without a cause.

        What the cause leads to comes first. The failed control adds a change of its own where it is not
        one of those that these changes see to.
        """
        known = self.causes.get(cause or "")
        if known is None:
            return ()
        own = self.controls.get(failed_control or "")
        seen_to = failed_control in known.proposes.controls
        return known.proposes.changes if own is None or seen_to else (*known.proposes.changes, own)


def taken_over(proposals: Sequence[Proposal], number: str) -> dict[str, str]:
    """Return the findings that a proposal, named by its number, gives an answer for lessons; else none."""
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= len(proposals)):
        return {}
    chosen = proposals[int(number) - 1]
    return {"control_change": chosen.type.value, "change_link": chosen.change}
