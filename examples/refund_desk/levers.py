"""What the desk can be held to besides its switches: the levers it serves to whoever contains it."""

from __future__ import annotations

from typing import Any, Final

from examples.refund_desk import switches
from examples.refund_desk.publications import Shelf
from examples.refund_desk.settings import ON, LeverBook, Setting
from examples.refund_desk.sources import BLOCK, QUARANTINE, ROLL_BACK, PolicySource
from examples.refund_desk.switches import Permission, notice_of
from examples.refund_desk.tickets import Reply, Ticket
from examples.refund_desk.words import HIDDEN, without_other_accounts

FALLBACK: Final = "switch_to_fallback/-"
FILTER: Final = "enforce_filter/-"
LEVERS: Final = frozenset({BLOCK, ROLL_BACK, QUARANTINE, FALLBACK, FILTER})

MANUAL_QUEUE: Final = "manual_queue"
ACCOUNT_NUMBERS: Final = "account_numbers"
NAMED: Final = {FALLBACK: MANUAL_QUEUE, FILTER: ACCOUNT_NUMBERS}
"""Levers that know one thing to go to, by its name."""

_OWN, _OTHER = "ACC-100", "ACC-999"


class NoSuchLeverError(Exception):
    """The desk has no such lever, or none that can do this."""


class DeskLevers:
    """The desk's levers, and the parts of it that they act on."""

    def __init__(self, book: LeverBook, shelf: Shelf) -> None:
        self._book = book
        self.source = PolicySource(shelf, book)

    def assistant(self) -> Permission:
        """Whether the assistant may answer at all, and not the fallback instead."""
        return self._permission(switches.FALLBACK, FALLBACK)

    def policies(self) -> Permission:
        """Whether the policy texts may be read."""
        return self._permission(switches.BLOCKED, BLOCK)

    def filtered(self, reply: Reply, ticket: Ticket) -> Reply:
        """Return a reply as it may leave the house."""
        return reply.model_copy(update={"answer": self._outgoing(reply.answer, ticket.account_id)})

    def read(self, lever: str) -> Setting:
        """Return how a lever stands.

        Raises:
            NoSuchLeverError: there is none.
        """
        if lever not in LEVERS:
            raise NoSuchLeverError(lever)
        return self._book.read(lever)

    def hold(self, lever: str, hold: dict[str, Any], key: str) -> dict[str, Any]:
        """Put a hold on a lever; a repeat under the same key changes nothing.

        Raises:
            NoSuchLeverError: there is none, or it can't do what the hold asks for.
            IndexUnusableError: it asks for an index that was never published.
            KeyReusedError: the key came before with something else.
        """
        self.read(lever)
        return self._book.put(lever, Setting(self._asked(lever, hold), hold), key)

    def restore(self, lever: str, state: dict[str, Any], key: str) -> dict[str, Any]:
        """Let go of a lever and bring back a setting that was read from it.

        Raises:
            NoSuchLeverError: there is none, or it was never set like this.
            KeyReusedError: the key came before with something else.
        """
        self.read(lever)
        value = state.get("setting")
        if set(state) != {"setting"} or not (value is None or isinstance(value, str)):
            raise NoSuchLeverError(f"{lever} with such a state")
        return self._book.put(lever, Setting(value), key)

    def look(self, lever: str, *, to: str, records: str) -> tuple[bool, str]:
        """Look at a lever's effect the way the assistant goes.

        Raises:
            NoSuchLeverError: there is none.
            IndexUnusableError: an index it is asked for was never published.
        """
        self.read(lever)
        if lever == BLOCK:
            return self.source.look_blocked()
        if lever == ROLL_BACK:
            return self.source.look_rolled_back(to)
        if lever == QUARANTINE:
            return self.source.look_quarantined(records)
        if lever == FALLBACK:
            answers = self.assistant().allowed
            return not answers, "assistant" if answers else MANUAL_QUEUE
        left = self._outgoing(f"{_OWN} {_OTHER}", _OWN)
        return left == f"{_OWN} {HIDDEN}", "hidden" if _OTHER not in left else "shown"

    def _asked(self, lever: str, hold: dict[str, Any]) -> str:
        """Return the setting a hold asks for, once it is sure that it can be had."""
        if lever == ROLL_BACK:
            self.source.check_index(str(hold.get("to", "")))
            return str(hold["to"])
        if lever == QUARANTINE:
            self.source.check_records(str(hold.get("records", "")))
            return str(hold.get("records", ""))
        if lever in NAMED and hold.get("to", NAMED[lever]) != NAMED[lever]:
            raise NoSuchLeverError(f"{lever} to {hold['to']}")
        return NAMED.get(lever, ON)

    def _outgoing(self, answer: str, own: str) -> str:
        filtering = self._book.read(FILTER).value is not None
        return without_other_accounts(answer, own) if filtering else answer

    def _permission(self, key: str, lever: str) -> Permission:
        setting = self._book.read(lever)
        return Permission(key, setting.value is None, notice_of(setting.hold or {}))
