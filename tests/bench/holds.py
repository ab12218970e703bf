"""What one round of looks costs with ten thousand holds in force: seconds and memory, on real databases.

    python -m tests.bench.holds [HOLDS]

The looks read the switch store as the door does, without HTTP.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.testing import ActivityEnvironment

from activities.holding import HoldingActivities
from andon.adapters.levers.flag import FlagLever
from andon.adapters.store.standing_holds import RegisterHolds
from andon.domain.holding import HoldDuty, Round
from andon.domain.incident import OpenIncident
from andon.domain.values import Carried
from andon.ports import SealedText
from andon.register.engine import Databases, open_databases, together
from andon.register.incidents import Incidents
from andon.register.migrate import migrate
from andon.register.standing_holds import StandingHolds
from andon.register.switches import Switches
from tests.care.yard import StoreProbe
from tests.register.conftest import on_sqlite
from tests.workflows.case import opening_for, trusted
from tests.workflows.policy import plan_for

MEBIBYTE = 1024


class Nobody:
    """Incidents that nobody has to tell anything."""

    async def tell(self, incident: str, signal: str, message: Carried) -> None:
        raise AssertionError(f"{incident} was told {signal}: {message}")


def fill(databases: Databases, holds: int) -> None:
    """Put so many holds in force, each of an incident of its own, over a thousand AI systems."""
    at = datetime.now(UTC)
    first = opening_for(plan_for(trusted()))
    openings = [_opened(number, first) for number in range(holds)]
    title = SealedText(id="text", digest="0" * 64)
    incidents, switches = Incidents(databases.register), Switches(databases.switches)
    with together(databases.register):
        for opening in openings:
            incidents.allot(opening, dedupe=None, title=title)
    with together(databases.switches):
        for opening in openings:
            [order, *_] = opening.plan.orders(opening.incident, opening.severity, reason="bench", at=at)
            switches.put_hold(order.hold(at), order.key("apply"), None, at=at)


def _opened(number: int, first: OpenIncident) -> OpenIncident:
    system = f"system_{number % 1000}"
    levers = tuple(
        lever.model_copy(update={"system": system, "id": lever.id.replace("refund_desk", system)})
        for lever in first.plan.levers
    )
    plan = first.plan.model_copy(update={"system": system, "levers": levers})
    return first.model_copy(update={"incident": f"INC-20261121-{number:06d}", "plan": plan})


async def measured(folder: Path, holds: int) -> None:
    settings = on_sqlite(folder)
    migrate(settings)
    databases = open_databases(settings)
    switches = Switches(databases.switches)
    fill(databases, holds)
    probe = StoreProbe(switches)
    activities = HoldingActivities(
        {"flag": FlagLever(switches, probe)},
        RegisterHolds(StandingHolds(databases.switches, databases.register)),
        Nobody(),
        timedelta(minutes=1),
        lambda: datetime.now(UTC),
    )
    for name in ("first round, orders read", "later round"):
        began, before = time.perf_counter(), probe.looks
        seen: Round = await ActivityEnvironment().run(activities.look, HoldDuty(adapter="flag"))
        took = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEBIBYTE
        print(
            f"{name}: {seen.looked} holds, {probe.looks - before} looks, {took:.1f} s, "
            f"{took / max(seen.looked, 1) * 1000:.2f} ms each, "
            f"next in {seen.again_in.total_seconds():.0f} s, peak {peak:.0f} MiB"
        )
    databases.close()


def main(argv: Sequence[str]) -> None:
    with TemporaryDirectory(prefix="andon-holds-") as folder:
        asyncio.run(measured(Path(folder), int(argv[0]) if argv else 10_000))


if __name__ == "__main__":
    main(sys.argv[1:])
