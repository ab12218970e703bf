"""The chain behind one output, link by link, and what is said where a link was not seen.

A link that was not seen is no proof that it was not there: the words are always "no ... seen".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice, takewhile
from typing import Final

from pydantic import Field

from andon.domain.trace_steps import Step, What
from andon.domain.values import Frozen


class Link(StrEnum):
    """One link of the chain from a request to what it led to."""

    REQUEST = "request"
    USER_ROLE = "user_role"
    SYSTEM_VERSION = "system_version"
    PROMPT = "prompt"
    PROMPT_VERSION = "prompt_version"
    RETRIEVAL = "retrieval"
    MODEL = "model"
    OUTPUT = "output"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    PERMISSION = "permission"
    APPROVAL = "approval"
    ACTION = "action"
    CALLER = "caller"


KINDS: Final[dict[Link, frozenset[str]]] = {
    Link.REQUEST: frozenset({"user_request_or_business_event"}),
    Link.USER_ROLE: frozenset({"user_role"}),
    Link.SYSTEM_VERSION: frozenset({"deployment_history"}),
    Link.PROMPT: frozenset({"system_prompt", "input"}),
    Link.PROMPT_VERSION: frozenset({"prompt_version"}),
    Link.RETRIEVAL: frozenset({"retrieved_context"}),
    Link.MODEL: frozenset({"model_identity_and_config"}),
    Link.OUTPUT: frozenset({"output"}),
    Link.TOOL_CALL: frozenset({"tool_call"}),
    Link.TOOL_RESULT: frozenset({"tool_result", "tool_error_retry"}),
    Link.PERMISSION: frozenset({"permission_check"}),
    Link.APPROVAL: frozenset({"approval_record", "reviewer_action"}),
    Link.ACTION: frozenset({"downstream_action"}),
}
"""Which kinds of evidence show a link."""

NOT_SEEN: Final[dict[Link, str]] = {
    Link.REQUEST: "no request or business event seen that began this",
    Link.USER_ROLE: "no role of the user seen",
    Link.SYSTEM_VERSION: "no version of the AI system seen",
    Link.PROMPT: "no prompt seen for this answer",
    Link.PROMPT_VERSION: "no version of the prompt seen for this answer",
    Link.RETRIEVAL: "no retrieval seen before this answer",
    Link.MODEL: "no model seen for this answer",
    Link.OUTPUT: "no output seen of this question to the model",
    Link.TOOL_CALL: "no arguments seen of this tool call",
    Link.TOOL_RESULT: "no result seen of this tool call",
    Link.PERMISSION: "no permission check seen before this tool call",
    Link.APPROVAL: "no approval seen of this tool call",
    Link.ACTION: "no downstream action seen of this tool call",
    Link.CALLER: "what called this step was not seen",
}
"""Said in the tree, at the step where the link should be."""

NO_ANSWER: Final = "no question to a model seen in this trace"
NO_RUN: Final = "no run seen of the tool call {} that was asked for here"
_CALL_IDS: Final = ("gen_ai.tool.call.id", "tool_call.id", "tool.id")


class LinkSeen(Frozen):
    """One link of the chain, and the steps that show it; none: it was not seen."""

    link: Link
    steps: tuple[str, ...] = ()


class Missing(Frozen):
    """A link that was not seen, and where it should be."""

    link: Link
    step: str = Field("", description="id of the step it belongs to; empty: to the whole trace")
    says: str


def links_of(steps: Sequence[Step]) -> tuple[LinkSeen, ...]:
    """Return the chain, each link with the steps that show it."""
    return tuple(
        LinkSeen(link=link, steps=tuple(step.id for step in steps if kinds.intersection(step.kinds)))
        for link, kinds in KINDS.items()
    )


def missing_of(steps: Sequence[Step], lost: Sequence[str]) -> tuple[Missing, ...]:
    """Return what was not seen, at the steps where it should be, in their order.

    Args:
        steps: in the order in which they are read.
        lost: spans whose caller was named and not seen.
    """
    found = [*_of_the_trace(steps), *(_at(Link.CALLER, one) for one in lost)]
    run = {step.facts[name] for step in steps for name in _CALL_IDS if name in step.facts}
    before: set[str] = set()
    answered = False
    for position, step in enumerate(steps):
        if step.what is What.MODEL:
            found += _of_an_answer(step, before, run, first=not answered)
            answered = True
        if step.what is What.TOOL:
            within = takewhile(lambda one: one.depth > step.depth, islice(steps, position + 1, None))  # noqa: B023 - read to its end within the round
            found += _of_a_tool(step, before, [kind for one in within for kind in one.kinds])
        before.update(step.kinds)
    return tuple(found)


def _of_the_trace(steps: Sequence[Step]) -> Iterator[Missing]:
    if not steps:
        return
    kinds = {kind for step in steps for kind in step.kinds}
    for link in (Link.REQUEST, Link.USER_ROLE, Link.SYSTEM_VERSION):
        if not _shown(link, kinds):
            yield _at(link, "")
    if not any(step.what is What.MODEL for step in steps):
        yield Missing(link=Link.OUTPUT, says=NO_ANSWER)


def _of_an_answer(answer: Step, before: set[str], run: set[str], *, first: bool) -> Iterator[Missing]:
    known = before.union(answer.kinds)
    for link in (Link.PROMPT, Link.MODEL):
        if not _shown(link, answer.kinds):
            yield _at(link, answer.id)
    # What holds for the whole trace is said once, at its first answer.
    for link in (Link.PROMPT_VERSION, Link.RETRIEVAL) if first else ():
        if not _shown(link, known):
            yield _at(link, answer.id)
    if not _shown(Link.OUTPUT, answer.kinds):
        yield _at(Link.OUTPUT, answer.id)
    for call in answer.calls:
        if call not in run:
            yield Missing(link=Link.TOOL_CALL, step=answer.id, says=NO_RUN.format(call))


def _of_a_tool(tool: Step, before: set[str], within: Iterable[str]) -> Iterator[Missing]:
    if not any(one.kind == "tool_call" for one in tool.contents):
        yield _at(Link.TOOL_CALL, tool.id)
    if not _shown(Link.TOOL_RESULT, tool.kinds):
        yield _at(Link.TOOL_RESULT, tool.id)
    done = {*tool.kinds, *within}
    for link in (Link.PERMISSION, Link.APPROVAL):
        if not _shown(link, done | before):
            yield _at(link, tool.id)
    if not _shown(Link.ACTION, done):
        yield _at(Link.ACTION, tool.id)


def _shown(link: Link, kinds: Iterable[str]) -> bool:
    return not KINDS[link].isdisjoint(kinds)


def _at(link: Link, step: str) -> Missing:
    return Missing(link=link, step=step, says=NOT_SEEN[link])
