"""The four trade-offs of an AI system's file: each that nobody has stated is a gap."""

from __future__ import annotations

import playbooks
from andon.domain.readiness import WEIGHED, Level, readiness
from andon.domain.system import AISystem, Tier, TradeOffs

SILENT = AISystem(id="desk", name="Desk", tier=Tier.LOW, owner="bela")
STATED = {name: f"What was weighed: {what}." for name, what in WEIGHED.items()}


def gaps(system: AISystem) -> list[str]:
    found = [one for one in readiness(system, {}, ("flag",)) if one.field.startswith("trade_offs.")]
    assert {one.level for one in found} <= {Level.WARNING}
    return [one.field.removeprefix("trade_offs.") for one in found]


def test_a_file_without_them_lacks_all_four() -> None:
    assert gaps(SILENT) == list(WEIGHED) == list(TradeOffs.model_fields)


def test_each_that_is_missing_or_blank_is_a_gap() -> None:
    for name in WEIGHED:
        for said in ("", "  "):
            system = SILENT.model_copy(update={"trade_offs": TradeOffs.model_validate(STATED | {name: said})})
            assert gaps(system) == [name]
    assert gaps(SILENT.model_copy(update={"trade_offs": TradeOffs.model_validate(STATED)})) == []


def test_every_system_that_is_shipped_states_them() -> None:
    assert {system.id: gaps(system) for system in playbooks.load_systems().values()} == {"refund_desk": []}
