"""The provider: asks a door each time, and when none answers does what the AI system's file says, never more.

Nothing that goes wrong raises or lets the caller's default through: a permission is then denied and a limit
is 0, whatever the code says. To go on by the last answer is allowed only where that answer itself allowed it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata

from andon.client.doors import Answer, Doors, Refused
from andon.client.memory import Memory

TIMEOUT_SECONDS: Final = 0.5
UNREACHABLE: Final = "unreachable"
"""Variant of an answer that no door gave."""
LAST_KNOWN: Final = "last_known"

OnUnreachable = Literal["deny", "as_served"]
Number = TypeVar("Number", int, float)
Value = TypeVar("Value")


class AndonProvider(AbstractProvider):
    """Reads permissions and limits from the doors of one installation.

    Args:
        urls: the doors; when one fails the next is asked at once.
        token: what it reads with, or a function that returns it.
        timeout: the longest wait for one door, in seconds.
        on_unreachable: `as_served`: as the AI system's file says (deny, or the last answer for so many
            seconds); `deny`: never by the last answer. There is no way to say allow.
        memory: where answers are kept; by default in this object, for as long as the process runs.
    """

    def __init__(
        self,
        urls: str | Sequence[str],
        *,
        token: str | Callable[[], str],
        timeout: float = TIMEOUT_SECONDS,
        on_unreachable: OnUnreachable = "as_served",
        memory: Memory | None = None,
    ) -> None:
        super().__init__()
        listed = (urls,) if isinstance(urls, str) else tuple(urls)
        if not listed or timeout <= 0 or on_unreachable not in ("deny", "as_served"):
            raise ValueError("name at least one door, a time-out above 0, and `deny` or `as_served`")
        self._doors = Doors(listed, (lambda: token) if isinstance(token, str) else token, timeout)
        self._memory = memory or Memory()
        self._remembers = on_unreachable == "as_served"

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata(name="Andon")

    def shutdown(self) -> None:
        """Close every connection."""
        self._doors.close()

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: ARG002, FBT001 - the SDK's signature; this default is never used
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Return whether something is allowed; denied, if nobody says so."""
        found, told = self._look(flag_key, evaluation_context)
        return _details(found.value if found and isinstance(found.value, bool) else False, found, told)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,  # noqa: ARG002 - the SDK's signature; this default is never used
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Return a limit; 0, if nobody says so."""
        found, told = self._look(flag_key, evaluation_context)
        return _details(_number(found, 0), found, told)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,  # noqa: ARG002 - the SDK's signature; this default is never used
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Return a limit; 0.0, if nobody says so."""
        found, told = self._look(flag_key, evaluation_context)
        return _details(_number(found, 0.0), found, told)

    def resolve_string_details(
        self,
        flag_key: str,  # noqa: ARG002 - the SDK's signature
        default_value: str,
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - the SDK's signature
    ) -> FlagResolutionDetails[str]:
        """Return the default as a mismatch: no flag of Andon is a text."""
        return _mismatch(default_value)

    def resolve_object_details(
        self,
        flag_key: str,  # noqa: ARG002 - the SDK's signature
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - the SDK's signature
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """Return the default as a mismatch: no flag of Andon is an object."""
        return _mismatch(default_value)

    async def resolve_boolean_details_async(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001 - the SDK's signature
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Ask in a thread: the loop goes on while a door is slow."""
        return await asyncio.to_thread(
            self.resolve_boolean_details, flag_key, default_value, evaluation_context
        )

    async def resolve_integer_details_async(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Ask in a thread: the loop goes on while a door is slow."""
        return await asyncio.to_thread(
            self.resolve_integer_details, flag_key, default_value, evaluation_context
        )

    async def resolve_float_details_async(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Ask in a thread: the loop goes on while a door is slow."""
        return await asyncio.to_thread(
            self.resolve_float_details, flag_key, default_value, evaluation_context
        )

    def _look(self, key: str, context: EvaluationContext | None) -> tuple[Answer | None, str]:
        """Return an answer to go by, if there is one, and why no door gave it, if none did."""
        sent, asked_at = _plain(context), self._memory.now()
        found = self._doors.ask(key, sent)
        if isinstance(found, Answer):
            self._memory.keep(key, sent, found, asked_at)
            return found, ""
        if isinstance(found, Refused):
            self._memory.forget(key, sent)
            return None, found.code
        last = self._memory.last(key, sent)
        if last is None:
            return None, found.code
        if self._remembers and last.good(self._memory.now()):
            return last.answer, found.code
        # Too old to go on by; if it was a denial, whoever meets this one is still told why.
        return _denied(last.answer), found.code


def _plain(context: EvaluationContext | None) -> dict[str, Any]:
    """Return a context as JSON can say it; nothing in it may make an evaluation fail."""
    if context is None:
        return {}
    sent = {str(name): _said(value) for name, value in context.attributes.items()}
    return {**sent, "targetingKey": context.targeting_key} if context.targeting_key else sent


def _said(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _said(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_said(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _denied(answer: Answer) -> Answer:
    held = answer.metadata if answer.variant == "held" else {}
    return Answer(value=False, reason=Reason.ERROR, variant=UNREACHABLE, metadata=held)


def _number(found: Answer | None, nothing: Number) -> Number:
    # bool is an int to Python: `true` must not read as a limit of one.
    if found is None or isinstance(found.value, bool):
        return nothing
    return type(nothing)(found.value)


def _details(value: Value, found: Answer | None, told: str) -> FlagResolutionDetails[Value]:
    """Return an evaluation without an error code: for one, the SDK would put the caller's default in."""
    metadata = dict(found.metadata) if found else {}
    if not told and found is not None:
        return FlagResolutionDetails(
            value, reason=found.reason, variant=found.variant, flag_metadata=metadata
        )
    metadata[UNREACHABLE] = told
    by_memory = found is not None and found.variant != UNREACHABLE
    return FlagResolutionDetails(
        value,
        reason=Reason.STALE if by_memory else Reason.ERROR,
        variant=LAST_KNOWN if by_memory else UNREACHABLE,
        flag_metadata=metadata,
    )


def _mismatch(default: Value) -> FlagResolutionDetails[Value]:
    return FlagResolutionDetails(
        default, error_code=ErrorCode.TYPE_MISMATCH, error_message="flags of Andon are permissions and limits"
    )
