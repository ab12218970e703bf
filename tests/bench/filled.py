"""A register full of incidents: what real workflows have shown, many times over, written as Andon does it."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import playbooks
from andon.adapters.store.texts import SealedTexts
from andon.adapters.store.vault import AesVault
from andon.bootstrap import Queries, open_queries
from andon.config import DatabaseSettings, KeySettings, ListenSettings, Settings, TemporalSettings
from andon.domain.detection import Channel, IncidentType, Outcome
from andon.domain.evidence import EvidenceItem, Manifest
from andon.domain.incident import IncidentView, OpenIncident
from andon.domain.ledger import Entry, Head, Kind, rechain
from andon.domain.values import NOTHING_YET
from andon.ports import SealedText
from andon.register.detections import Detection
from andon.register.migrate import migrate
from tests.api.server import write_tokens
from tests.console.desk import everybody

HISTORIES: Final = Path(__file__).resolve().parents[1] / "replay" / "histories" / "0.1.0"
SYSTEMS: Final = 40
BATCH: Final = 250
TITLED: Final = 1_000
OPEN_AT: Final = ("awaiting-triage", "awaiting-legal-impact-and-diagnosis", "awaiting-restart")
CLOSED: Final = "closed"
LONG: Final = "awaiting-restart"
SYSTEM: Final = "refund_desk"
APART: Final = timedelta(minutes=13)


@dataclass(frozen=True, slots=True)
class Story:
    """What one recorded incident left behind, as JSON in which its id and system can be replaced."""

    incident: str
    opening: str
    view: str
    entries: str

    def told_of(self, incident: str, system: str, policy: str) -> tuple[OpenIncident, IncidentView]:
        """Return it as the story of another incident."""
        opening = json.loads(self._of(self.opening, incident, system))
        opening["plan"]["policy"] = policy
        view = json.loads(self._of(self.view, incident, system))
        for record in view["decisions"]:
            record["request"]["policy"] = policy
        return OpenIncident.model_validate(opening), IncidentView.model_validate(view)

    def chain(self, incident: str, system: str, length: int) -> tuple[Entry, ...]:
        """Return its ledger, made as long as asked by reminders in between."""
        found = [Entry.model_validate(one) for one in json.loads(self._of(self.entries, incident, system))]
        reminder = found[0].model_copy(
            update={"kind": Kind.REMINDED.value, "actor": "andon", "subject": "restart-1", "facts": {}}
        )
        found += [
            reminder.model_copy(update={"at": found[-1].at + timedelta(seconds=number)})
            for number in range(length - len(found))
        ]
        return rechain(found, Head())

    def _of(self, text: str, incident: str, system: str) -> str:
        return text.replace(self.incident, incident).replace(SYSTEM, system)


@cache
def story(name: str) -> Story:
    """Return what a recorded history says of its incident."""
    events = json.loads((HISTORIES / f"{name}.json").read_text())["events"]
    opening = _payload(events[0]["workflowExecutionStartedEventAttributes"]["input"])
    batches = [
        _payload(one["activityTaskScheduledEventAttributes"]["input"])
        for one in events
        if one.get("activityTaskScheduledEventAttributes", {}).get("activityType", {}).get("name")
        == "ledger.append"
    ]
    entries = [entry for batch in batches for entry in batch["entries"]]
    return Story(
        opening["incident"], json.dumps(opening), json.dumps(batches[-1]["view"]), json.dumps(entries)
    )


def _payload(given: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(base64.b64decode(given["payloads"][0]["data"]))
    return content


@dataclass
class Filled:
    """A register with its incidents, and which of them the pages are measured with."""

    settings: Settings
    queries: Queries
    texts: SealedTexts
    policy: str
    newest: datetime
    long: str = ""
    question: str = ""

    def fill(self, total: int, open_ones: int) -> None:
        """Write so many incidents, the newest ones open."""
        for begin in range(0, total, BATCH):
            with self.queries.incidents.together():
                for number in range(begin, min(begin + BATCH, total)):
                    name = OPEN_AT[number % len(OPEN_AT)] if number < open_ones else CLOSED
                    self._put(story(name), number)

    def make_long(self, entries: int) -> None:
        """Write the one incident with a long ledger."""
        told = story(LONG)
        system, self.long = _system(0), self._put(told, -1)
        chain = told.chain(self.long, system, entries)
        for begin in range(0, entries, BATCH):
            self.queries.ledger.append(chain[begin : begin + BATCH])
        row = self.queries.incidents.get(self.long)
        assert row is not None
        view = row.view
        assert view is not None
        head = Head(length=entries, digest=chain[-1].digest())
        self.queries.incidents.show(view.model_copy(update={"head": head, "version": view.version + 1}))
        self.question = next(one.request.id for one in view.decisions if one.open)
        self._seal(view)

    def _put(self, told: Story, number: int) -> str:
        at = self.newest - APART * number
        incident = f"INC-{at:%Y%m%d}-{number + 1:06x}"
        system = _system(number)
        opening, view = told.told_of(incident, system, self.policy)
        closed = view.closed_at and at + timedelta(hours=20)
        title = self.old if number > TITLED else self._title(incident, number)
        moved = {"opened_at": at, "title": title.digest}
        self.queries.incidents.allot(opening.model_copy(update=moved), dedupe=None, title=title)
        self.queries.incidents.show(view.model_copy(update={"opened_at": at, "closed_at": closed}))
        self.queries.detections.record(_detection(opening, at, title))
        return incident

    @cached_property
    def old(self) -> SealedText:
        """The title that incidents share which no page lists: an encrypted text each takes the longest."""
        return self._title("INC-20200101-aaaaaa", 0)

    def _title(self, incident: str, number: int) -> SealedText:
        words = f"Refunds number {number} went to accounts that nobody had asked for"
        return self.texts.seal_now(incident, {"title": words})["title"]

    def _seal(self, view: IncidentView) -> None:
        kinds = ("input", "output", "trace", "prompt", "tool_call", "model_version")
        items = tuple(
            EvidenceItem(
                id=f"recorder/{number:03}",
                kind=kinds[number % len(kinds)],
                source="recorder",
                query="0" * 64,
                captured_at=self.newest,
                sha256=f"{number:064x}",
                size_bytes=2048,
                key=f"evidence/{view.incident}/{number:064x}",
                content_type="application/json",
                version_id="1",
                locked_until=None,
                collector="bench 1",
            )
            for number in range(60)
        )
        manifest = Manifest(
            incident=view.incident,
            snapshot=1,
            sealed_at=self.newest,
            previous=NOTHING_YET,
            items=items,
            rows=(),
            gaps=(),
        )
        self.queries.evidence.save_items(view.incident, 1, items, ())
        self.queries.evidence.save_manifest(manifest)


def _system(number: int) -> str:
    return f"desk_{number % SYSTEMS:02}"


def _detection(opening: OpenIncident, at: datetime, title: SealedText) -> Detection:
    return Detection(
        id=f"DET-{secrets.token_urlsafe(12)}",
        incident=opening.incident,
        system=opening.plan.system,
        outcome=Outcome.OPENED,
        channel=Channel.MONITORING,
        source=opening.source,
        received_at=at,
        detected_at=at,
        type=IncidentType(opening.type) if opening.type else None,
        facts={"exposure": "external_limited", "affected_count": 12},
        title=title,
    )


def open_filled(folder: Path, port: int, url: str | None) -> Filled:
    """Return an empty register with the shipped policy, AI systems and one token a role.

    Args:
        folder: where its files go.
        port: the console's.
        url: PostgreSQL database for all three parts; None: SQLite.
    """
    (folder / "master.key").write_bytes(secrets.token_bytes(32))
    (folder / "attestation.key").write_bytes(bytes(range(32)))
    write_tokens(folder)
    names = ("switches", "register", "recorder")
    places = {f"{name}_url": url or f"sqlite:///{folder}/{name}.db" for name in names}
    settings = Settings(
        data_dir=folder,
        temporal=TemporalSettings(address="127.0.0.1:1"),
        databases=DatabaseSettings(**places),
        console=ListenSettings(port=port, url=f"http://127.0.0.1:{port}"),
        keys=KeySettings(master=folder / "master.key", attestation=folder / "attestation.key"),
    )
    migrate(settings.databases)
    queries = open_queries(settings)
    now = datetime.now(UTC)
    queries.people.put_directory(everybody(), now - timedelta(days=365))
    shelf = playbooks.load()
    for system in _systems():
        queries.systems.put_system(system)
    texts = SealedTexts(AesVault(settings.keys.master, queries.keys), queries.texts)
    return Filled(settings, queries, texts, queries.policies.put("snapshot", shelf.snapshot()), now)


def _systems() -> Iterator[Any]:
    shipped = playbooks.load_systems()[SYSTEM]
    text = shipped.model_dump_json()
    for number in range(SYSTEMS):
        yield type(shipped).model_validate_json(text.replace(SYSTEM, _system(number)))
