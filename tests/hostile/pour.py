"""Putting hostile text in from outside: detections, the cord, customers of the AI system, files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import yaml

from examples.refund_desk.watches import STRAY_FACTS
from tests.e2e.people import Body, People
from tests.hostile.payloads import batches

TITLE_AT_MOST: Final = 200
EACH: Final = 40
"""About how long a string is."""
DESCRIPTION_AT_MOST: Final = 8000
REASON_AT_MOST: Final = 2000
HOSTILE: Final = "hostile_desk"
MATTER_OF_QUALITY: Final = {
    **dict.fromkeys(("impact", "safety", "adversarial", "financial", "legal_exposure"), "none"),
    **dict.fromkeys(("service_disruption", "policy_violation", "misinformation_domain"), "none"),
    **dict.fromkeys(("regulatory_context",), "none"),
    **dict.fromkeys(("data_exposed", "unauthorized_action", "ongoing", "control_failed"), "no"),
    **dict.fromkeys(("discrimination", "drift", "acted_upon"), "no"),
    "output_fault": "low_quality",
    "exposure": "internal_caught",
    "uncertainty": "low",
    "blast_radius": "single",
    "recurrence": "one_off",
    "reversibility": "easy",
    "data_sensitivity": "public",
    "autonomy": "recommends",
    "caught_before_impact": "yes",
    "can_continue_safely": "yes",
    "records_changed": 0,
    "affected_count": 0,
}
"""Facts from which nothing more than a quality issue comes."""


@dataclass
class Poured:
    """What was put in, and where it is now."""

    system: str
    incident: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    """The words of each incident or quality issue, by its id."""
    fields: set[str] = field(default_factory=set)


def filling(strings: Sequence[str]) -> Callable[[int], str]:
    """Return what gives the next text for a field of so many characters; each string has its turn."""
    turning = cycle(strings)

    def next_text(limit: int) -> str:
        return next(batches(islice(turning, 1 + limit // EACH), limit))

    return next_text


def report(people: People, poured: Poured, title: str, **more: Any) -> Body:
    """Report a detection in the door's own form."""
    body = {"system": poured.system, "channel": "human_review", "title": title, **more}
    poured.fields |= {f"POST /v1/detections {name}" for name in body if name not in ("channel", "facts")}
    return people.report(body, "responder")


def pour(people: People, strings: Sequence[str], out: str, system: str) -> Poured:
    """Open one incident whose every text is hostile, and put the rest where text costs little."""
    titles = list(batches(strings, TITLE_AT_MOST))
    descriptions = list(batches(strings, DESCRIPTION_AT_MOST))
    poured = Poured(system)
    first = report(
        people,
        poured,
        titles[0],
        facts=STRAY_FACTS,
        description=descriptions[0],
        dedupe_key=titles[1],
        external=["owasp_llm:LLM01:2025"],
        evidence=[{"kind": "output", "name": titles[2], "url": f"{out}/evidence"}],
    )
    poured.incident = str(first["incident"])
    poured.titles[poured.incident] = titles[0]
    for number, title in enumerate(titles[1:]):
        description = descriptions[number % len(descriptions)]
        taken = report(people, poured, title, facts=MATTER_OF_QUALITY, description=description)
        poured.titles[str(taken["issue"])] = title
    _as_alertmanager(people, poured, descriptions[0])
    return poured


def _as_alertmanager(people: People, poured: Poured, text: str) -> None:
    short = text[:REASON_AT_MOST]
    alert = {
        "status": "firing",
        "labels": {"alertname": short[:100], "ai_system": poured.system, "severity": short[:50]},
        "annotations": {"summary": short, "description": text, "runbook_url": short[:300]},
        "fingerprint": short[:40],
        "startsAt": "2026-01-01T00:00:00Z",
    }
    body = {"version": "4", "status": "firing", "receiver": "andon", "alerts": [alert]}
    sent = people.send("detector", "/v1/alertmanager", body)
    assert sent.status_code == 202, sent.text
    poured.fields |= {f"POST /v1/alertmanager {part}" for part in ("labels", "annotations", "fingerprint")}


def pull_the_cord(people: People, poured: Poured, text: str) -> None:
    """Stop the AI system, with hostile words for a reason."""
    body = {"system": poured.system, "reason": text[:REASON_AT_MOST]}
    stopped = people.send("responder", "/v1/stop", body)
    assert stopped.status_code == 202, stopped.text
    poured.fields.add("POST /v1/stop reason")


def as_a_customer(people: People, strings: Sequence[str]) -> str:
    """Have a customer of the refund desk send hostile text, and report what came of it, with its trace."""
    desk = people.scene.desk
    answered = desk.ticket("T-hostile", "ACC-1001", " ".join(strings))
    body = {"system": "refund_desk", "channel": "human_review", "title": "Odd words in a ticket"}
    traces = {"trace_ids": [answered["trace_id"]]} if "trace_id" in answered else {}
    taken = people.report({**body, **traces, "facts": MATTER_OF_QUALITY, "dedupe_key": "hostile"})
    return str(taken["issue"])


def hostile_system(folder: Path, strings: Sequence[str]) -> None:
    """Write the file of an AI system whose every sentence is hostile."""
    system = yaml.safe_load((folder / "refund_desk.yaml").read_text())
    words = filling(strings)
    system |= {
        "id": HOSTILE,
        "name": " ".join(words(60).split()),
        "purpose": words(300),
        "review_standard": words(300),
    }
    system["fallback"]["instructions"] = words(500)
    system["trade_offs"] = {name: words(300) for name in system["trade_offs"]}
    (folder / f"{HOSTILE}.yaml").write_text(yaml.safe_dump(system, sort_keys=False, allow_unicode=True))


def hostile_playbook(source: Path, folder: Path, strings: Sequence[str]) -> None:
    """Write the general playbook with a hostile title and guidance."""
    playbook = yaml.safe_load(source.read_text())
    words = filling(strings)
    playbook |= {"title": " ".join(words(60).split()), "guidance": words(400)}
    (folder / "general.yaml").write_text(yaml.safe_dump(playbook, sort_keys=False, allow_unicode=True))
