"""Every text field of every request, sent text of each kind: taken or refused in words, never broken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from tests.e2e.people import People
from tests.hostile.fields import Field, text_fields
from tests.hostile.payloads import REFUSED

PLACES: Final = ("console", "door")
SAMPLES: Final[Mapping[str, Any]] = {
    "system": "refund_desk",
    "channel": "human_review",
    "title": "Odd words",
    "reason": "Tried out.",
    "status": "firing",
    "version": "4",
    "specversion": "1.0",
    "startsAt": "2026-01-01T00:00:00Z",
    "labels": {"alertname": "odd"},
}
NAMED: Final = {
    "decision": "triage-1",
    "change": "change-1",
    "part": "what_happened",
    "erasure": "ERA-1",
    "issue": "QI-20260101-aaaaaa",
    "person": "noor",
    "token": "none",
    "key": "none",
}
EVENT: Final = "application/cloudevents+json"
SERVER_FAILED: Final = 500
SHORTEST: Final = 20
"""No refusal says what to do in fewer characters."""
TOO_LONG: Final = "W" * 200_000
NO_TEXT: Final = frozenset(REFUSED.values())


def asked(people: People, incident: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Send every field every text; yield the field, what became of it, and a fault if that is one."""
    with httpx.Client(trust_env=False, timeout=40) as client:
        for place in PLACES:
            description = people.ask("admin", "/v1/openapi.json", at=place).json()
            for field in text_fields(description):
                for text in (*REFUSED.values(), TOO_LONG, *texts):
                    answer = _send(client, people, place, field, text, incident)
                    yield field.name, *_judged(field, text, answer)


def _judged(field: Field, text: str, answer: httpx.Response) -> tuple[str, str]:
    if answer.status_code >= SERVER_FAILED:
        return "broken", f"{answer.status_code} for {field.name} with {text[:40]!r}"
    if answer.is_success:
        fault = f"{field.name} took {text!r}" if text in NO_TEXT else ""
        return "taken", fault
    # PagerDuty's clients read refusals in PagerDuty's own form; everybody else gets a problem document.
    told = "json" in answer.headers.get("content-type", "") and len(answer.text) > SHORTEST
    return "refused", "" if told else f"{field.name} refused {text[:40]!r} without a sentence"


def _send(
    client: httpx.Client, people: People, place: str, field: Field, text: str, incident: str
) -> httpx.Response:
    path = field.path.replace("{incident}", incident)
    for name, value in NAMED.items():
        path = path.replace(f"{{{name}}}", value)
    token = people.scene.ready["tokens"][_role(place, path)]
    kind = EVENT if path.endswith("/cloudevents") else "application/json"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    body = json.dumps(field.filled(text, SAMPLES))
    return client.request(field.method, people.scene.ready[place] + path, content=body, headers=headers)


def _role(place: str, path: str) -> str:
    if "/directory" in path or "/tokens" in path or "/sources" in path:
        return "admin"
    if "/quarterly" in path:
        return "business_owner"
    by_machine = ("/detections", "/alertmanager", "/enqueue", "/cloudevents", "/evaluation-results")
    return "detector" if place == "door" and path.endswith(by_machine) else "incident_lead"
