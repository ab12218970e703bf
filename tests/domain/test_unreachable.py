"""What an AI system's file may say of an application that reaches no door."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from andon.domain.containment import Verb
from andon.domain.readiness import readiness
from andon.domain.system import AISystem, Fallback, LeverEntry, Tier, Unreachable

HIGH = AISystem(
    id="desk",
    name="Desk",
    tier=Tier.HIGH,
    owner="bela",
    fallback=Fallback(owner="oscar", instructions="By hand."),
    review_standard="All of it.",
    escalation=("ines",),
    levers=(LeverEntry(verb=Verb.PAUSE_SYSTEM), LeverEntry(verb=Verb.QUARANTINE_SESSION)),
)


def said(system: AISystem) -> list[str]:
    return [one.field for one in readiness(system, {}, ("flag",))]


def test_a_system_of_high_tier_that_says_nothing_is_warned_of() -> None:
    assert "on_unreachable" in said(HIGH)
    assert "on_unreachable" not in said(HIGH.model_copy(update={"on_unreachable": Unreachable()}))
    assert "on_unreachable" not in said(HIGH.model_copy(update={"tier": Tier.LOW}))


@pytest.mark.parametrize(
    "written",
    [
        {"then": "allow"},
        {"then": "last_known"},
        {"then": "last_known", "seconds": 0},
        {"then": "last_known", "seconds": 3601},
        {"then": "deny", "seconds": 5},
        {"seconds": 5},
    ],
)
def test_allow_is_not_offered_and_a_last_answer_has_its_time(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Unreachable.model_validate(written)


def test_the_lever_of_sessions_is_a_flag_without_a_target() -> None:
    assert [lever.id for lever in HIGH.lever_list()] == ["desk.allowed", "desk.session.allowed"]
