"""kill -9 of the worker before and after each call of a lever's: nothing is lost, and nothing done twice."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from andon.domain.containment import Lever, OrderState, Verb
from andon.domain.directory import Role
from andon.domain.incident import Answered, OpenIncident
from andon.domain.ledger import Kind, verify_chain
from andon.domain.signing import Envelope, sign
from andon.door.engine import TASK_TIMEOUT
from andon.register.engine import open_databases, reading
from andon.register.held import HeldLevers
from andon.register.ledger import Ledger
from andon.register.migrate import migrate
from andon.register.tables import effects
from tests.adapters.levers.vendor import RESTING, Vendor, vendor
from tests.chaos.lever_worker import BOUNDARIES, settings_in
from tests.workflows.case import SEED, Case, Parts, opening_for, trusted
from tests.workflows.conftest import ATTRIBUTES, TEMPORAL
from tests.workflows.policy import plan_for
from workflows.incident import IncidentWorkflow

pytestmark = [pytest.mark.long, pytest.mark.timeout(580)]

PATIENCE = 270.0
VERB, TARGET = Verb.BLOCK_SOURCE, "policies"


@dataclass
class Mortals:
    """Workers on one incident, one after the other; each dies at the first boundary nobody died at before."""

    process: asyncio.subprocess.Process
    folder: Path

    @property
    def deaths(self) -> set[str]:
        return {path.name for path in (self.folder / "deaths").iterdir()}


@pytest.fixture
def there() -> Iterator[Vendor]:
    with vendor() as one:
        yield one


@pytest.fixture
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        # Ten deaths in one workflow task would otherwise hold back the eleventh attempt for minutes.
        dev_server_extra_args=["--dynamic-config-value", 'history.workflowTaskRetryMaxInterval="1s"'],
        search_attributes=ATTRIBUTES,
    ) as found:
        yield found


@asynccontextmanager
async def dying(address: str, folder: Path, vendor: str) -> AsyncIterator[Mortals]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.lever_worker", address, str(folder), vendor
    )
    try:
        yield Mortals(process, folder)
        assert process.returncode is None
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 10)


def plan_on(url: str) -> Any:
    lever = Lever(
        id=f"refund_desk.{VERB}.{TARGET}",
        adapter="http",
        system="refund_desk",
        verb=VERB,
        target=TARGET,
        options={"url": url, "secret": "token"},
    )
    plan = plan_for(trusted())
    step = plan.steps[0].model_copy(update={"verb": VERB, "target": ""})
    return plan.model_copy(update={"levers": (lever,), "steps": (step,)})


async def begun(client: Client, opening: OpenIncident) -> None:
    """Have the incident opened, with the task timeout that the door gives it."""
    await client.start_workflow(
        IncidentWorkflow.run,
        opening,
        id=f"incident/{opening.incident}",
        task_queue="andon",
        task_timeout=TASK_TIMEOUT,
    )


async def stood_down(case: Case) -> None:
    """Have two people say that it was a quality issue; the second answer lets go."""
    for role in (Role.RESPONDER, Role.INCIDENT_LEAD):
        request = await case.question("triage")
        envelope = sign(case.statement(request, "quality_issue", role), SEED)
        assert (await told(case, envelope, role)).accepted


async def told(case: Case, envelope: Envelope, role: Role) -> Answered:
    """Answer, and again under the same id for as long as whoever should take it is dead."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await case.handle.execute_update(IncidentWorkflow.respond, envelope, id=role.value)
            except RPCError:
                await asyncio.sleep(0.5)


async def test_a_worker_killed_at_each_boundary_loses_nothing_and_does_nothing_twice(
    environment: WorkflowEnvironment, there: Vendor, tmp_path: Path
) -> None:
    (tmp_path / "deaths").mkdir()
    migrate(settings_in(tmp_path))
    client = environment.client
    opening = opening_for(plan_on(there.url))
    handle: Any = client.get_workflow_handle_for(IncidentWorkflow.run, f"incident/{opening.incident}")
    case = Case(handle, opening, Parts(), environment)
    async with dying(client.service_client.config.target_host, tmp_path, there.url) as mortals:
        await begun(client, opening)
        await case.until(lambda state: state.contained, seconds=PATIENCE)
        assert there.in_force(f"{VERB}/{TARGET}")
        before = len(mortals.deaths)
        await stood_down(case)
        await asyncio.wait_for(handle.result(), PATIENCE)
        state = await case.state()
    print(
        f"\nkilled {len(mortals.deaths)} times, once at each of {len(BOUNDARIES)} boundaries, "
        f"{before} of them before it was contained; effects at the vendor {len(there.effects)}"
    )
    assert mortals.deaths == set(BOUNDARIES)
    [record] = state.orders.values()
    assert record.state is OrderState.RELEASED
    told_of(tmp_path, there, opening.incident, record.order.id)


def told_of(folder: Path, there: Vendor, incident: str, order: str) -> None:
    """Hold the vendor, the record of holds and the ledger against what was ordered once and let go once."""
    databases = open_databases(settings_in(folder))
    with closing(databases):
        with reading(databases.switches) as connection:
            done = Counter(connection.execute(select(effects.c.verb)).scalars())
        held = HeldLevers(databases.switches)
        standing = held.standing(f"refund_desk.{VERB}.{TARGET}")
        entries = Ledger(databases.register).entries(incident)
    verify_chain(entries)
    kinds = Counter(entry.kind for entry in entries)
    once = {kind: kinds[kind] for kind in (Kind.CONTAINED, Kind.ORDER_RELEASED, Kind.CLOSED)}
    lost = [name for name, count in once.items() if not count]
    twice = [name for name, count in once.items() if count > 1]
    twice += [verb for verb, count in done.items() if count > 1]
    print(f"lost {len(lost)}, twice {len(twice)}; record {dict(done)}, ledger {len(entries)} entries")
    assert (lost, twice, standing) == ([], [], [])
    assert set(done) == {"intend", "apply", "release"}
    assert len(there.effects) == 2
    assert order.rsplit("/", 1)[0].startswith(incident)
    assert there.state[f"{VERB}/{TARGET}"] == RESTING[VERB]
