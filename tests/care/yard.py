"""What the tests of looking after have at hand: levers that are real holds, and a way to do them harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from andon import ports
from andon.adapters.levers.flag import FlagLever, Look
from andon.adapters.store.alarms import RegisterAlarms
from andon.adapters.store.standing_holds import RegisterHolds
from andon.domain.directory import Role
from andon.domain.incident import workflow_id
from andon.domain.ledger import Chain, Entry
from andon.domain.run_alarm import RunAlarm
from andon.register.engine import writing
from andon.register.standing_holds import StandingHolds
from andon.register.switches import Switches
from andon.register.tables import holds
from tests.console.desk import Caller, Office, opened
from workers.care import begin

PATIENCE = 30.0


class StoreProbe:
    """Reads flags from the switch store as the door does; `blind`: nobody answers."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self.blind = False
        self.looks = 0

    async def look(
        self,
        key: str,
        *,
        number: bool,
        about: str = "",
        said: Mapping[str, str] | None = None,
    ) -> Look:
        self.looks += 1
        if self.blind:
            return Look(value=None, code="error/GENERAL")
        answer = await asyncio.to_thread(self._switches.answer, key, 100 if number else True)
        return Look(value=answer.value, code=f"{str(answer.value).lower()}/STATIC")


@dataclass
class Yard:
    """An office whose levers hold for real, and the ports of those who look after them."""

    office: Office
    client: Client
    probe: StoreProbe
    holds: ports.HoldRegister
    alarms: ports.AlarmLog
    levers: Mapping[str, ports.LeverControl] = field(init=False)
    ledger: ports.LedgerStore = field(init=False)
    projection: ports.Projection = field(init=False)
    opened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        behind = self.office.behind
        self.levers, self.ledger, self.projection = behind.levers, behind.ledger, behind.projection

    async def incident(self, **changes: Any) -> str:
        """Open an incident, contained and with its triage asked."""
        name = await opened(self.office, self.client, **changes)
        self.opened.append(name)
        return name

    async def look_after(self) -> None:
        """Begin what looks after holds and incidents."""
        await begin(self.client, ["flag"], timedelta(milliseconds=300))

    def undo(self, order: str) -> None:
        """Take a hold off behind everybody's back."""
        with writing(self.office.queries.databases.switches) as connection:
            connection.execute(
                update(holds).where(holds.c.order_id == order).values(released_at=holds.c.since)
            )

    def held(self) -> set[str]:
        return {hold.order for hold in self.office.queries.switches.holds()}

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait a bounded time for something to be so, and return what it is."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await asyncio.to_thread(condition)):
                await asyncio.sleep(0.02)
        return found

    def raised(self, incident: str) -> list[RunAlarm]:
        return self.office.queries.alarms.list(incident=incident)

    def entries(self, incident: str, kind: str) -> list[Entry]:
        return [entry for entry in self.chain(incident) if entry.kind == kind]

    def chain(self, incident: str) -> list[Entry]:
        return list(self.office.queries.ledger.entries(incident, Chain.RESPONSE))

    async def answer(self, incident: str, decision: str, option: str, role: Role, **more: Any) -> None:
        assert self.office.http is not None
        caller = Caller(self.office.http, role)
        answer = await caller.answer(incident, decision, option, **more)
        assert answer.status_code in (200, 201), answer.text

    async def end(self) -> None:
        """End everything that runs for ever: the next test has a register of its own."""
        for name in ("reconcile", "hold/flag", *map(workflow_id, self.opened)):
            try:
                await self.client.get_workflow_handle(name).terminate("the test is over")
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise


def open_yard(office: Office, client: Client) -> Yard:
    """Return an office's levers as real holds on flags."""
    queries = office.queries
    probe = StoreProbe(queries.switches)
    office.behind.levers = {"flag": FlagLever(queries.switches, probe)}
    return Yard(
        office=office,
        client=client,
        probe=probe,
        holds=RegisterHolds(StandingHolds(queries.databases.switches, queries.databases.register)),
        alarms=RegisterAlarms(queries.alarms, queries.incidents),
    )
