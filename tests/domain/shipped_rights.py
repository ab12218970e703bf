"""The shipped decision rights, as their text says them and as the rules read them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import yaml

import playbooks
from andon.adapters.calendar import business_calendar
from andon.domain.business_time import BusinessHours
from andon.domain.decision import DecisionKind, DecisionRequest
from andon.domain.playbook import Plan
from andon.domain.resolving import choose_playbook, resolve
from andon.domain.rights import Asking
from andon.domain.severity import Band
from andon.domain.values import NOTHING_YET
from playbooks import load, load_systems

RIGHTS = yaml.safe_load(Path(playbooks.__file__).with_name("rights.yaml").read_text())["decisions"]
"""The text, for expectations that are not worked out by the rules under test."""
INCIDENT = "INC-20260302-abc123"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@cache
def plan() -> Plan:
    shelf, desk = load(), load_systems()["refund_desk"]
    playbook = choose_playbook(shelf.playbooks, desk, None)
    calendar = business_calendar("Europe/Budapest", "HU", "", BusinessHours(), NOON)
    return resolve(
        desk, playbook, shelf.rights, shelf.evidence, policy=NOTHING_YET, trusted={}, calendar=calendar
    )


@cache
def question(kind: DecisionKind, band: Band) -> DecisionRequest:
    asking = Asking(band=band, fixers=("fixer",), requested_by="requester")
    return plan().ask(kind, 1, asking, incident=INCIDENT, at=NOON)
