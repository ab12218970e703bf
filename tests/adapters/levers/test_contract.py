"""The contract, on the built-in lever and on one in memory."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.held import HeldLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.domain.containment import Lever, Verb
from andon.register.engine import Databases
from andon.register.held import HeldLevers
from andon.register.switches import Switches
from tests.adapters.conftest import TOKEN, OfrepServer
from tests.adapters.levers.contract import LeverContract, Subject
from tests.adapters.levers.memory import MemoryPoint
from tests.register.cases import PAUSE

CREDENTIAL = Lever(
    id="refund_desk.revoke_credential.crm",
    adapter="memory",
    system="refund_desk",
    verb=Verb.REVOKE_CREDENTIAL,
    target="crm",
)


class TestFlagLever(LeverContract):
    @pytest.fixture
    async def subject(self, databases: Databases, ofrep: OfrepServer) -> Subject:
        ofrep.normal[PAUSE] = True
        switches = Switches(databases.switches)

        async def in_force() -> bool:
            return bool(switches.holds("refund_desk"))

        return Subject(
            control=FlagLever(switches, OpenFeatureProbe(ofrep.url, SecretStr(TOKEN))),
            lever=Lever(id=PAUSE, adapter="flag", system="refund_desk", verb=Verb.PAUSE_SYSTEM),
            in_force=in_force,
        )


class TestHeldLever(LeverContract):
    @pytest.fixture
    async def subject(self, databases: Databases) -> Subject:
        point = MemoryPoint()

        async def in_force() -> bool:
            return point.states.get(CREDENTIAL.id, "free") != "free"

        return Subject(
            control=HeldLever(point, HeldLevers(databases.switches)), lever=CREDENTIAL, in_force=in_force
        )
