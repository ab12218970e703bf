"""What is measured: the door, the console and Temporal, as their clients meet them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import httpx
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from temporalio import activity
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from andon.door.engine import TASK_TIMEOUT
from tests.bench.floor import REACHED, FloorWorkflow
from tests.bench.stack import Stack
from workers.compose import STICKY_TIMEOUT
from workers.sandbox import sandbox_runner

PATIENCE: Final = 30.0
LOOKS_EVERY: Final = 0.005
"""A client that asks without a pause takes up half of two cores, and slows down what it measures."""
QUEUE: Final = "bench-floor"
T = TypeVar("T")


class Flags:
    """An AI application's view: the OpenFeature SDK over OFREP."""

    def __init__(self, stack: Stack) -> None:
        token = stack.tokens["detector"]
        provider = OFREPProvider(
            stack.ofrep, headers_factory=lambda: {"Authorization": f"Bearer {token}"}, timeout=PATIENCE
        )
        provider.session.trust_env = False
        api.set_provider_and_wait(provider, domain="bench")
        self._client: OpenFeatureClient = api.get_client(domain="bench")

    def allowed(self, system: str) -> bool:
        """Ask once; an error is an error here, and never counted as the safe side."""
        details = self._client.get_boolean_details(f"{system}.allowed", default_value=False)
        if details.error_code is not None:
            raise RuntimeError(f"{system}: {details.error_code}: {details.error_message}")
        return details.value

    def wait(self, system: str, *, allowed: bool, every: float = 0.0) -> float:
        """Ask until the answer is `allowed`, `every` so many seconds, and return when it was there."""
        end = time.perf_counter() + PATIENCE
        while self.allowed(system) is not allowed:
            if time.perf_counter() > end:
                raise RuntimeError(f"{system}.allowed never became {allowed}")
            time.sleep(every)
        return time.perf_counter()


class People:
    """A detector and two responders, on connections that stay open."""

    def __init__(self, stack: Stack) -> None:
        def as_(role: str, url: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {stack.tokens[role]}"}
            return httpx.Client(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False)

        self._detector = as_("detector", stack.door)
        self._consoles = {role: as_(role, stack.console) for role in ("responder", "incident_lead")}

    def detect(self, system: str) -> str:
        """Send a detection that calls for the pause flag; return the incident's id."""
        report = {"system": system, "channel": "monitoring", "title": "measured", "severity": "high"}
        sent = self._detector.post("/v1/detections", json=report)
        sent.raise_for_status()
        incident: str = sent.json()["incident"]
        return incident

    def incident(self, incident: str) -> dict[str, Any]:
        """Return how an incident stands."""
        sent = self._consoles["responder"].get(f"/v1/incidents/{incident}")
        sent.raise_for_status()
        shown: dict[str, Any] = sent.json()
        return shown

    def stand_down(self, incident: str, role: str) -> None:
        """Say that it was nothing; at high severity it takes two people."""
        body = {"option": "false_positive", "reason": "measured"}
        path = f"/v1/incidents/{incident}/decisions/triage-1/responses"
        self._consoles[role].post(path, json=body).raise_for_status()


class Bare:
    """Temporal with nothing of Andon on it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._reached: dict[str, float] = {}

    @classmethod
    async def on(cls, stack: Stack) -> Bare:
        """Connect to the stack's own server, with the settings the door and the workers use."""
        temporal = stack.settings["temporal"]
        return cls(
            await Client.connect(
                temporal["address"], namespace=temporal["namespace"], data_converter=pydantic_data_converter
            )
        )

    def worker(self) -> Worker:
        """Return the worker of the bare workflow."""
        return Worker(
            self.client,
            task_queue=QUEUE,
            workflows=[FloorWorkflow],
            activities=[self.reached],
            workflow_runner=sandbox_runner(),
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        )

    @activity.defn(name=REACHED)
    async def reached(self, name: str) -> None:
        """Note when it began."""
        self._reached[name] = time.perf_counter()

    async def opened(self, name: str) -> float:
        """Return the seconds from an update-with-start to the first local activity."""
        starting = WithStartWorkflowOperation(
            FloorWorkflow.run,
            name,
            id=name,
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_timeout=TASK_TIMEOUT,
        )
        began = time.perf_counter()
        await self.client.execute_update_with_start_workflow(
            FloorWorkflow.ping, name, start_workflow_operation=starting
        )
        return self._reached[name] - began

    async def updated(self, name: str) -> float:
        """Return the seconds of one update's round trip."""
        handle = self.client.get_workflow_handle(name)
        began = time.perf_counter()
        await handle.execute_update(FloorWorkflow.ping, name)
        return time.perf_counter() - began

    async def end(self, name: str) -> None:
        """Let the bare workflow end."""
        await self.client.get_workflow_handle(name).signal(FloorWorkflow.end)


def stopped(people: People, flags: Flags, system: str) -> tuple[float, float, str]:
    """Send a detection and look at the flag once it is answered.

    Returns:
        Seconds to the answer, seconds to the first denied evaluation, and the incident.
    """
    began = time.perf_counter()
    incident = people.detect(system)
    answered = time.perf_counter()
    return answered - began, flags.wait(system, allowed=False) - began, incident


def seen_meanwhile(people: People, flags: Flags, system: str) -> tuple[float, str]:
    """Return the seconds until a client that asks all the time is denied, and the incident."""
    flags.allowed(system)
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(_timed, lambda: people.detect(system))
        seen = flags.wait(system, allowed=False)
    began, incident = sent.result()
    return seen - began, incident


def let_go(people: People, flags: Flags, incident: str, system: str) -> float:
    """Return the seconds from the answer that decides to the first allowed evaluation."""
    people.stand_down(incident, "responder")
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(_timed, lambda: people.stand_down(incident, "incident_lead"))
        seen = flags.wait(system, allowed=True, every=LOOKS_EVERY)
    began, _ = sent.result()
    return seen - began


def _timed(send: Callable[[], T]) -> tuple[float, T]:
    """Return the moment just before it was sent, and the answer."""
    began = time.perf_counter()
    return began, send()


async def settled(people: People, incident: str) -> None:
    """Wait until an incident has only people to wait for."""
    async with asyncio.timeout(PATIENCE):
        while True:
            shown = await asyncio.to_thread(people.incident, incident)
            if shown["contained"] and shown["evidence"]:
                return
            await asyncio.sleep(0.1)
