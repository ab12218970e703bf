"""Many incidents open at once: each goes on from what a real one remembered while it waited."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

import httpx
from temporalio.client import WorkflowHandle

from andon.adapters.store.identities import BY_PART
from andon.bootstrap import load_policy, open_queries
from andon.bootstrap.runtime import runtime_of
from andon.config import Settings
from andon.domain.incident import Arrival, IncidentState, OpenIncident, view_of, workflow_id
from andon.domain.ledger import Entry, Head, rechain
from andon.door.engine import Engine, EngineAwayError
from andon.register.detections import Detection
from tests.bench.stack import Stack
from tests.bench.subject import Bare, People

MODEL: Final = "crowd-model"
"""The AI system whose incident the others are made from; the stack has to know it."""
WRITER: Final = BY_PART["worker-andon"].name
AT_ONCE: Final = 8
"""As many as the door starts at once."""
WITHIN: Final = 180.0
LOOKS_EVERY: Final = 0.1
TOLD_EVERY: Final = 500
UNASKED: Final = (404, 409)
ANSWERS: Final = (
    ("responder", "triage-1", "confirm"),
    ("legal", "legal_review-1", "no_disclosure_needed"),
)
"""After these no clock runs out within the hour, so the crowd stands still while others are measured."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An incident that is contained, triaged and sealed, as JSON in which its names can be replaced."""

    incident: str
    opening: str
    state: str
    entries: tuple[str, ...]
    detection: Detection
    captured: bytes

    def named(self, incident: str, system: str) -> tuple[OpenIncident, list[Entry], Detection]:
        """Return it as another incident of another AI system: what its run goes on from, chain, detection."""

        def renamed(text: str) -> str:
            return text.replace(self.incident, incident).replace(MODEL, system)

        entries = [Entry.model_validate_json(renamed(one)) for one in self.entries]
        chain = list(rechain(entries, Head()))
        state = IncidentState.model_validate_json(renamed(self.state))
        state.head = Head(length=len(chain), digest=chain[-1].digest())
        receipt = f"DET-{secrets.token_urlsafe(12)}"
        opening = OpenIncident.model_validate_json(renamed(self.opening))
        detection = self.detection.model_copy(update={"id": receipt, "incident": incident, "system": system})
        return opening.model_copy(update={"carried": state, "detection": receipt}), chain, detection


class Crowd:
    """Puts incidents on record as the parts of Andon do, and starts their workflows as the door does."""

    def __init__(self, stack: Stack) -> None:
        settings = Settings(**_as_the_writer(stack))
        self._stack = stack
        self._queries = open_queries(settings)
        self._runtime = runtime_of(settings, self._queries, load_policy(settings).shelf)
        self._engine = Engine(settings.temporal)

    async def stand(self, count: int) -> float:
        """Return once so many wait, each loaded by a worker once; the seconds it took."""
        model = await self._model()
        numbers = iter(range(count))
        began = time.perf_counter()

        async def work() -> None:
            for number in numbers:
                await self._put(model, f"{model.incident[:13]}c{number:05d}", f"crowd-{number}")
                if number % TOLD_EVERY == TOLD_EVERY - 1:
                    print(f"  {number + 1} after {time.perf_counter() - began:.0f} s", file=sys.stderr)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return time.perf_counter() - began

    async def _put(self, model: Waiting, incident: str, system: str) -> None:
        opening, chain, detection = model.named(incident, system)
        await self._runtime.ledger.append(chain, ())
        await asyncio.to_thread(self._keep, model, opening, detection)
        arrival = Arrival(
            detection=opening.detection,
            received_at=detection.received_at,
            source=opening.source,
            channel=opening.channel,
        )
        async with asyncio.timeout(WITHIN):
            # As from the door, a start that was not answered in time is repeated, and changes nothing.
            while not await self._started(opening, arrival):
                await asyncio.sleep(LOOKS_EVERY)

    async def _started(self, opening: OpenIncident, arrival: Arrival) -> bool:
        try:
            await self._engine.open(opening, arrival)
        except EngineAwayError:
            return False
        return True

    def _keep(self, model: Waiting, opening: OpenIncident, detection: Detection) -> None:
        state, title = opening.carried, detection.title
        assert state is not None
        assert title is not None
        with self._queries.incidents.together():
            self._queries.incidents.allot(
                opening.model_copy(update={"carried": None}), dedupe=None, title=title
            )
            self._queries.incidents.show(view_of(opening, state))
            self._queries.detections.record(detection)
        for record in state.orders.values():
            order, applied = record.order, record.applied
            assert applied is not None
            hold, key = order.hold(applied.at), order.key("apply")
            self._queries.switches.put_hold(hold, key, model.captured, at=applied.at)

    async def _model(self) -> Waiting:
        """Open an incident, answer what has a short clock, and return what its workflow remembers."""
        people = People(self._stack)
        incident = await asyncio.to_thread(people.detect, MODEL)
        temporal = (await Bare.on(self._stack)).client
        handle = temporal.get_workflow_handle(workflow_id(incident))
        for role, decision, option in ANSWERS:
            await self._answered(incident, role, decision, option)
        async with asyncio.timeout(WITHIN):
            state = await _remembered(handle)
            while not state.seals or state.pending or "diagnosis-1" not in state.decisions:
                await asyncio.sleep(LOOKS_EVERY)
                state = await _remembered(handle)
        started = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
        (opening,) = await temporal.data_converter.decode(started.input.payloads, [OpenIncident])
        return self._told(opening, state)

    async def _answered(self, incident: str, role: str, decision: str, option: str) -> None:
        headers = {"Authorization": f"Bearer {self._stack.tokens[role]}"}
        path = f"/v1/incidents/{incident}/decisions/{decision}/responses"
        body = {"option": option, "reason": "measured"}
        async with httpx.AsyncClient(
            base_url=self._stack.console, headers=headers, timeout=WITHIN, trust_env=False
        ) as http:
            async with asyncio.timeout(WITHIN):
                # It is not asked yet while the incident opens.
                while (sent := await http.post(path, json=body)).status_code in UNASKED:
                    await asyncio.sleep(LOOKS_EVERY)
            sent.raise_for_status()

    def _told(self, opening: OpenIncident, state: IncidentState) -> Waiting:
        queries, incident = self._queries, opening.incident
        (detection,) = queries.detections.of(incident)
        (order,) = state.orders
        captured = queries.switches.captured(order)
        assert captured is not None
        entries = queries.ledger.entries(incident)
        return Waiting(
            incident=incident,
            opening=opening.model_dump_json(),
            state=state.model_dump_json(),
            entries=tuple(one.model_dump_json() for one in entries),
            detection=detection,
            captured=captured,
        )


async def _remembered(handle: WorkflowHandle[Any, Any]) -> IncidentState:
    return IncidentState.model_validate(await handle.query("state"))


def _as_the_writer(stack: Stack) -> dict[str, Any]:
    """Return the settings as the worker has them that writes the ledger."""
    keys = json.loads((stack.root / "data" / "secrets.json").read_text())["identities"][WRITER]
    return {**stack.settings, "store": {**stack.settings["store"], **keys}}
