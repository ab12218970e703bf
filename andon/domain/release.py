"""How an AI system is let go after the restart decision: step by step, each one as it was written down.

A step says which holds still stand once it is reached. Going on puts up what stands from then on, proves it,
and lets the rest go; going back puts up again what stood before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import Field, GetJsonSchemaHandler, TypeAdapter, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from andon.domain.containment import Lever, Order, Verb, flag_key
from andon.domain.share import Share
from andon.domain.values import Carried, Instant, PersonId, Slug, Spare

FLAG: Final[Slug] = "flag"
"""The adapter whose holds can let a share of requests through."""


class StepKind(StrEnum):
    """What still holds at a step."""

    REVIEW_ALL = "review_all"
    """Everything runs, and a person looks at each answer before it goes out."""
    PARTIAL = "partial"
    """A share of requests goes through; for the others everything is as it was a step before."""
    FULL = "full"
    """Nothing."""


_DURATION: Final[TypeAdapter[timedelta]] = TypeAdapter(timedelta)
_HOLD_FOR: Final = {"hold_for": {"type": "string", "format": "duration"}}
WRITTEN: Final[JsonSchemaValue] = {
    "anyOf": [
        {"enum": ["review_all", "full"]},
        {
            "type": "object",
            "properties": {
                "review_all": {"type": "object", "properties": _HOLD_FOR},
                "partial": {"type": "integer", "minimum": 1, "maximum": 99},
                "segment": {
                    "type": "object",
                    "properties": {"attribute": {"type": "string"}, "equals": {"type": "string"}},
                    "required": ["attribute", "equals"],
                },
                "full": {"type": "object", "maxProperties": 0},
                "approval": {"type": "boolean"},
                **_HOLD_FOR,
            },
        },
    ]
}


class ReleaseStep(Spare):
    """One step on the way back; written `review_all`, `{partial: 10}`, `{segment: {...}}` or `full`.

    With `approval: true` beside it, `full` as a mapping too: `{full: {}, approval: true}`.
    """

    kind: StepKind
    share: Share | None = None
    hold_for: timedelta = Field(
        timedelta(minutes=15), ge=timedelta(0), le=timedelta(days=7), description="how long it stays there"
    )

    approval: bool = Field(False, description="it takes a restart decision of its own")

    @model_validator(mode="before")
    @classmethod
    def _as_people_write_it(cls, written: Any) -> Any:
        if isinstance(written, str):
            return {"kind": written}
        if not isinstance(written, Mapping) or "kind" in written:
            return written
        rest = dict(written)
        found: dict[str, Any] = {}
        if "partial" in rest:
            found = {"kind": StepKind.PARTIAL, "share": {"percent": rest.pop("partial")}}
        elif "segment" in rest:
            found = {"kind": StepKind.PARTIAL, "share": rest.pop("segment")}
        elif "review_all" in rest:
            found = {"kind": StepKind.REVIEW_ALL, **(rest.pop("review_all") or {})}
        elif "full" in rest:
            found = {"kind": StepKind.FULL, **(rest.pop("full") or {})}
        if not found or set(rest) - {"hold_for", "approval"}:
            raise ValueError(
                "write `review_all`, `full`, `partial: 10` or `segment:`, "
                "with `hold_for` and `approval` beside it"
            )
        return {**found, **rest}

    @field_validator("hold_for", mode="before")
    @classmethod
    def _as_text(cls, written: Any) -> Any:
        # What the validator above returns is taken as Python's, where a strict reader takes no text for this.
        return _DURATION.validate_strings(written) if isinstance(written, str) else written

    @model_validator(mode="after")
    def _a_share_for_a_part(self) -> ReleaseStep:
        if (self.kind is StepKind.PARTIAL) != (self.share is not None):
            raise ValueError("a partial step takes a percentage or a segment, and no other step does")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe to editors what people write; what Andon writes is described as it is."""
        return handler(schema) if handler.mode == "serialization" else WRITTEN

    @property
    def code(self) -> str:
        """The step in few characters, for ledgers and pages."""
        return f"partial:{self.share.code}" if self.share else self.kind.value


Steps = tuple[ReleaseStep, ...]
AT_ONCE: Final[Steps] = (ReleaseStep(kind=StepKind.FULL),)
"""Everything is let go together."""


def checked(steps: Steps) -> Steps:
    """Return the steps if they lead all the way.

    Raises:
        ValueError: `full` is not the last one, or comes before it.
    """
    ends = [step.kind is StepKind.FULL for step in steps]
    if not ends or not ends[-1] or any(ends[:-1]):
        raise ValueError("release: `full` is the last step, and the last one only")
    return steps


class Asked(Carried):
    """What a person asked for on the way: one step on, or back."""

    to: int = Field(description="number of the step")
    by: PersonId


class Reached(Carried):
    """A step that was reached, going on or back, and what was seen there."""

    step: int = Field(description="its number; 0: everything is held again")
    at: Instant
    by: str = Field(description="`andon` or `person:<id>`")
    back: bool = False
    saw: str = Field("", description="code of what the probe saw")
    proven: bool = True


class ReleaseCourse(Carried):
    """How far the release has come."""

    steps: Steps
    step: int = Field(0, description="number of the step that stands, from 1; 0: not begun")
    held: tuple[str, ...] = Field((), description="orders that stood when it began")
    decision: str = Field("", description="the restart decision that all of it rests on")
    next_at: Instant | None = Field(
        None, description="when it goes on by itself; None: a person has to say so"
    )
    reached: tuple[Reached, ...] = ()

    @field_validator("steps")
    @classmethod
    def _leads_all_the_way(cls, steps: Steps) -> Steps:
        return checked(steps)

    @property
    def full(self) -> bool:
        """Whether everything is let go."""
        return self.step == len(self.steps)

    @property
    def begun(self) -> bool:
        """Whether it has come to a step."""
        return self.step > 0

    def code(self, number: int) -> str:
        """Return what a step is called."""
        return self.steps[number - 1].code if number else "contained"


class Standing(Carried):
    """A hold that stands at a step: on which lever, and whom it lets through."""

    lever: Lever
    limit: int = 0
    share: Share | None = None

    def is_(self, order: Order) -> bool:
        """Whether an order is this hold."""
        return (order.lever.id, order.limit, order.share) == (self.lever.id, self.limit, self.share)


def feasible(steps: Steps, levers: Sequence[Lever]) -> Steps:
    """Return the steps an AI system has the levers for."""
    reviews = any(lever.verb is Verb.ROUTE_TO_REVIEW for lever in levers)
    return tuple(step for step in steps if step.kind is not StepKind.REVIEW_ALL or reviews)


def standing_at(
    steps: Sequence[ReleaseStep], number: int, held: Sequence[Order], levers: Sequence[Lever], system: Slug
) -> tuple[Standing, ...]:
    """Return what still holds once a step is reached.

    Args:
        steps: all steps, each of them feasible.
        number: which one, from 1.
        held: the orders that stood when the release began.
        levers: all levers of the AI system.
        system: its id.
    """
    found = tuple(Standing(lever=order.lever, limit=order.limit) for order in held)
    for step in steps[:number]:
        if step.kind is StepKind.PARTIAL:
            found = _shared(found, step.share, pause_of(system, levers))
        else:
            review = (lever for lever in levers if lever.verb is Verb.ROUTE_TO_REVIEW)
            kept = step.kind is StepKind.REVIEW_ALL
            found = tuple(Standing(lever=lever) for lever in list(review)[:1] if kept)
    return found


def _shared(found: Sequence[Standing], share: Share | None, pause: Lever) -> tuple[Standing, ...]:
    """Open the holds to a share; what can't be opened by halves goes, behind a shared pause of the system."""
    flags = [one.model_copy(update={"share": share}) for one in found if one.lever.adapter == FLAG]
    if len(flags) < len(found) and all(one.lever.id != pause.id for one in flags):
        flags.append(Standing(lever=pause, share=share))
    return tuple(flags)


def pause_of(system: Slug, levers: Sequence[Lever]) -> Lever:
    """Return the flag that pauses a whole AI system; there is one even where its file declares none."""
    name = flag_key(system, Verb.PAUSE_SYSTEM)
    own = (lever for lever in levers if lever.id == name)
    return next(own, Lever(id=name, adapter=FLAG, system=system, verb=Verb.PAUSE_SYSTEM))
