"""What the command line says of how an AI system is stopped, and legal's hold on the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Servant, andon

INCIDENT = "INC-20260301-4f7k2a"
COST = {"what": "refunds_wait", "per_hour": 1200, "unit": "EUR"}
AHEAD = {
    "lever": "refund_desk.allowed",
    "verb": "pause_system",
    "target": "",
    "by_hand": False,
    "costly": False,
    "cost": COST,
    "requests": 18,
    "since": "2026-03-01T09:00:00Z",
}
STOPPING: dict[str, Any] = {
    "mode": "enforce",
    "enforced_by": "",
    "would_hold": [],
    "costly_ahead": [],
    "fallback": None,
    "evidence_hold": None,
}
RUN = {
    "owner": "oscar",
    "instructions": "By hand, oldest first.",
    "began_at": "2026-03-01T09:00:00Z",
    "ended_at": None,
}


def shown(servant: Servant, folder: Path, **stopping: Any) -> tuple[str, str]:
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (
        200,
        {"id": INCIDENT, "title": "t", "stopping": {**STOPPING, **stopping}},
    )
    servant.ready(folder / "ready.json")
    done = andon("show", INCIDENT, "--ready-file", folder / "ready.json", cwd=folder, check=0)
    return " ".join(done.stdout.split()), " ".join(done.stderr.split())


def test_what_is_only_foreseen_is_said_first_with_price_and_count(servant: Servant, tmp_path: Path) -> None:
    out, warned = shown(servant, tmp_path, mode="observe", would_hold=[AHEAD])
    assert "NOT stopped, the mode is observe: nothing is held before a person confirms" in warned
    assert "refund_desk.allowed" in out
    assert "18" in out
    assert "refunds wait, about 1,200 EUR an hour" in out


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (RUN, "run by oscar: By hand, oldest first."),
        ({**RUN, "owner": None, "instructions": ""}, "no fallback is written down"),
    ],
    ids=["written down", "missing"],
)
def test_the_fallback_is_said_while_it_runs_and_no_longer(
    servant: Servant, tmp_path: Path, run: dict[str, Any], said: str
) -> None:
    assert said in shown(servant, tmp_path, fallback=run)[1]
    ended = {**run, "ended_at": "2026-03-01T10:00:00Z"}
    assert said not in shown(servant, tmp_path, fallback=ended)[1]


def test_a_hold_in_force_is_said_before_anything_else(servant: Servant, tmp_path: Path) -> None:
    held = {"person": "lena", "since": "2026-03-01T09:00:00Z"}
    assert "legal holds the evidence since" in shown(servant, tmp_path, evidence_hold=held)[1]
