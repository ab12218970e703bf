"""The refund tool as a release declares it: reading what the model wants done."""

from __future__ import annotations

import json
from typing import Any, Final

from examples.refund_desk.chat import ToolCall
from examples.refund_desk.refunds import RefundCall
from examples.refund_desk.releases import Release, ToolFunction
from examples.refund_desk.tickets import Ticket

ISSUE_REFUND: Final = "issue_refund"

_TYPES: Final[dict[str, type]] = {"string": str, "integer": int}


class ToolCallError(Exception):
    """The model called a tool in a way its declaration does not allow."""


def refund_call(call: ToolCall, release: Release, ticket: Ticket) -> RefundCall:
    """Return the refund the model asks for, after the declaration of this release.

    Where the declaration has an `account_id`, the model's word decides who is paid; where it has none,
    the authenticated customer of the ticket is.

    Raises:
        ToolCallError: no such tool, or arguments that its declaration does not allow.
    """
    tool = release.tools.named(call.function.name)
    if tool is None or tool.name != ISSUE_REFUND:
        raise ToolCallError(f"the model called an unknown tool: {call.function.name[:80]}")
    arguments = _arguments(call.function.arguments, tool)
    if arguments["amount_cents"] <= 0:
        raise ToolCallError("the model asked for a refund of nothing")
    return RefundCall(
        account_id=arguments.get("account_id", ticket.account_id),
        amount_cents=arguments["amount_cents"],
        order_id=arguments["order_id"],
    )


def _arguments(written: str, tool: ToolFunction) -> dict[str, Any]:
    try:
        arguments = json.loads(written)
    except ValueError as error:
        raise ToolCallError("the model's tool arguments are no JSON") from error
    if not isinstance(arguments, dict):
        raise ToolCallError("the model's tool arguments are no object")
    declared = tool.parameters.properties
    for name, value in arguments.items():
        if name not in declared:
            raise ToolCallError(f"the model gave an argument that is not declared: {name[:80]}")
        expected = _TYPES[declared[name].type]
        if not isinstance(value, expected) or isinstance(value, bool):
            raise ToolCallError(f"the model's {name} is not of the declared type")
    needed = {*tool.parameters.required, "amount_cents", "order_id"}
    missing = sorted(name for name in needed if name not in arguments)
    if missing:
        raise ToolCallError(f"the model left out {', '.join(missing)}")
    return arguments
