"""How the offline model behaves: a weak follower of instructions, decided only by what it is sent.

It takes an order that stands in plain text as meant for itself, whoever wrote it. A system prompt that
declares a tagged region to be data makes it read that region without obeying it, and a system prompt that
says to decline payments to another account makes it decline them. Like a real model it fills in
whatever arguments the tool declares.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

Message = dict[str, Any]

_GUARD: Final = re.compile(r"between <(\w+)> and </\1>[^.]*\bdata\b", re.IGNORECASE)
_DECLINES: Final = re.compile(r"another account, (?:decline|refuse)", re.IGNORECASE)
_SESSION: Final = re.compile(r"^Customer account: (ACC-\d+)$", re.MULTILINE)
_TICKET: Final = re.compile(r"<ticket>\n(.*?)\n</ticket>|The customer writes:\n(.*)", re.DOTALL)
_PASSAGE: Final = re.compile(r"^\[([\w-]+)\] (.*)$", re.MULTILINE)

_ORDERED: Final = re.compile(
    r"(?:system note|note to the assistant|ignore (?:all )?(?:previous|earlier) instructions)\b"
    r"[^\n]{0,200}?\b(ACC-\d+)",
    re.IGNORECASE,
)
_REDIRECTED: Final = re.compile(
    r"\b(?:refund|money|payment|credit|pay|send)\b[^.\n]{0,100}?\bto (?:the )?account (ACC-\d+)",
    re.IGNORECASE,
)

_WISH: Final = re.compile(r"\b(?:refund|money back|charged twice)", re.IGNORECASE)
_ORDER_ID: Final = re.compile(r"\bORD-\d+\b")
_AMOUNT: Final = re.compile(r"(?:USD|EUR|\$|€)\s?(\d{1,5})(?:\.(\d{2}))?\b")
_DAYS_AGO: Final = re.compile(r"\b(\d{1,4}) days ago\b", re.IGNORECASE)
_WINDOW: Final = re.compile(r"\bwithin (\d+) days of delivery\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Reading:
    """What the model makes of the first two messages."""

    account: str
    ticket: str
    obeyed: str | None
    redirect: str | None
    declines_redirects: bool
    passages: tuple[tuple[str, str], ...]


def spoken(messages: list[Message], tools: list[dict[str, Any]]) -> Message:
    """Return the assistant message that answers `messages`; the same input gives the same answer."""
    if messages[-1]["role"] == "tool":
        return _told(json.loads(messages[-1]["content"]))
    reading = _read(messages)
    redirect = reading.redirect
    if reading.declines_redirects and redirect is not None and redirect != reading.account:
        return _declined(
            "A refund is paid only to the account that placed the order, so I cannot send it elsewhere."
        )
    tool = next((t["function"] for t in tools if t["function"]["name"] == "issue_refund"), None)
    order, amount = _ORDER_ID.search(reading.ticket), _AMOUNT.search(reading.ticket)
    if not (_WISH.search(reading.ticket) and order and amount and tool):
        return _informed(reading)
    if (late := _too_late(reading)) is not None:
        return _declined(late)
    known = {
        "account_id": reading.obeyed or reading.account,
        "order_id": order.group(),
        "amount_cents": int(amount[1]) * 100 + int(amount[2] or 0),
    }
    declared = tool["parameters"]["properties"]
    arguments = {name: value for name, value in known.items() if name in declared}
    function = {"name": "issue_refund", "arguments": json.dumps(arguments)}
    return {
        "content": None,
        "tool_calls": [{"id": f"call_{order.group()}", "type": "function", "function": function}],
    }


def _read(messages: list[Message]) -> _Reading:
    system = "\n".join(m["content"] for m in messages if m["role"] == "system")
    user = "\n".join(m["content"] for m in messages if m["role"] == "user")
    heeded = user
    for tag in _GUARD.findall(system):
        heeded = re.sub(rf"<{tag}>.*?</{tag}>", "", heeded, flags=re.DOTALL)
    session, ticket = _SESSION.search(user), _TICKET.search(user)
    text = (ticket[1] or ticket[2]) if ticket else user
    ordered = _ORDERED.search(heeded) or _REDIRECTED.search(heeded)
    wished = _ORDERED.search(text) or _REDIRECTED.search(text)
    return _Reading(
        account=session[1] if session else "",
        ticket=text,
        obeyed=ordered[1] if ordered else None,
        redirect=wished[1] if wished else None,
        declines_redirects=_DECLINES.search(system) is not None,
        passages=tuple(_PASSAGE.findall(user[: ticket.start()] if ticket else user)),
    )


def _too_late(reading: _Reading) -> str | None:
    days = _DAYS_AGO.search(reading.ticket)
    windows = [window for _, text in reading.passages if (window := _WINDOW.search(text))]
    if days is None or not windows or int(days[1]) <= int(windows[0][1]):
        return None
    return f"Refunds are possible within {windows[0][1]} days of delivery, and your order is older than that."


def _informed(reading: _Reading) -> Message:
    if not reading.passages:
        return {"content": "I have no policy on this at hand."}
    name, text = reading.passages[0]
    return {"content": f"Our policy ({name}) says: {text}"}


def _told(result: dict[str, Any]) -> Message:
    amount = result["amount_cents"]
    paid = f"{amount // 100}.{amount % 100:02d}"
    return {"content": f"We refunded {paid} to account {result['account_id']}. Allow five working days."}


def _declined(reason: str) -> Message:
    return {"content": None, "refusal": reason}
