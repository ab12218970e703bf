"""What is allowed now and then: right above all where it is not proven, shared, or outside Andon."""

from __future__ import annotations

import pytest

from andon.domain.allowed import Allowed, Effect, Grip, permissions
from andon.domain.containment import Lever, OrderState, Verb

INCIDENT, OTHER = "INC-20260301-aaaaaa", "INC-20260301-bbbbbb"
TOOL = Lever(
    id="desk.tool.refund.allowed", adapter="flag", system="desk", verb=Verb.DISABLE_TOOL, target="refund"
)
PAUSE = Lever(id="desk.allowed", adapter="flag", system="desk", verb=Verb.PAUSE_SYSTEM)
RATE = Lever(id="desk.rate_limit", adapter="flag", system="desk", verb=Verb.RATE_LIMIT)
KEY = Lever(id="desk.revoke_credential", adapter="http", system="desk", verb=Verb.REVOKE_CREDENTIAL)
LEVERS = (PAUSE, TOOL, RATE, KEY)
NOTHING = Effect(option="keep")


def grip(
    lever: Lever,
    state: OrderState = OrderState.PROVEN,
    *,
    number: int = 1,
    incident: str = INCIDENT,
    limit: int = 0,
) -> Grip:
    return Grip(order=f"{incident}/order/{number}", incident=incident, lever=lever, limit=limit, state=state)


def seen(*standing: Grip, effect: Effect = NOTHING) -> dict[str, tuple[Allowed, Allowed]]:
    found = permissions(LEVERS, standing, effect, {INCIDENT})
    return {one.lever: (one.now.allowed, one.then.allowed) for one in found}


def test_what_nothing_holds_is_allowed_only_where_andon_itself_answers_for_it() -> None:
    assert seen() == {
        PAUSE.id: (Allowed.ALLOWED, Allowed.ALLOWED),
        TOOL.id: (Allowed.ALLOWED, Allowed.ALLOWED),
        RATE.id: (Allowed.ALLOWED, Allowed.ALLOWED),
        KEY.id: (Allowed.NOT_HELD, Allowed.NOT_HELD),
    }


@pytest.mark.parametrize(
    ("state", "now"),
    [
        (OrderState.PROVEN, Allowed.HELD),
        (OrderState.EXPIRED, Allowed.HELD),
        (OrderState.REQUESTED, Allowed.NOT_PROVEN),
        (OrderState.APPLIED, Allowed.NOT_PROVEN),
        (OrderState.UNPROVEN, Allowed.NOT_PROVEN),
        (OrderState.FAILED, Allowed.NOT_KNOWN),
    ],
)
def test_only_what_is_proven_is_called_held(state: OrderState, now: Allowed) -> None:
    assert seen(grip(KEY, state))[KEY.id][0] is now


def test_a_pause_stops_every_flag_and_nothing_outside() -> None:
    found = permissions(
        LEVERS, [grip(PAUSE)], Effect(option="restart", lets_go=(grip(PAUSE).order,)), {INCIDENT}
    )
    tool = next(one for one in found if one.lever == TOOL.id)
    assert (tool.now.allowed, tool.now.paused, tool.then.allowed) == (Allowed.HELD, True, Allowed.ALLOWED)
    assert next(one for one in found if one.lever == KEY.id).now.allowed is Allowed.NOT_HELD


def test_what_another_incident_holds_stays_held_when_this_one_lets_go() -> None:
    mine, theirs = grip(TOOL), grip(TOOL, incident=OTHER)
    effect = Effect(option="restart", ends=True)
    (tool,) = [one for one in permissions(LEVERS, [mine, theirs], effect, {INCIDENT}) if one.lever == TOOL.id]
    assert (tool.now.allowed, tool.then.allowed, tool.others) == (Allowed.HELD, Allowed.HELD, (OTHER,))


def test_an_end_lets_go_of_every_hold_of_the_incident_and_of_those_merged_into_it() -> None:
    standing = [grip(TOOL), grip(TOOL, number=2), grip(PAUSE, incident=OTHER)]
    found = permissions(LEVERS, standing, Effect(option="restart", ends=True), {INCIDENT, OTHER})
    tool = next(one for one in found if one.lever == TOOL.id)
    assert (tool.now.allowed, tool.then.allowed) == (Allowed.HELD, Allowed.ALLOWED)


def test_the_lowest_limit_counts_and_a_hold_beats_a_share() -> None:
    found = permissions(LEVERS, [grip(RATE, limit=60), grip(RATE, number=2, limit=6)], NOTHING, {INCIDENT})
    rate = next(one for one in found if one.lever == RATE.id)
    assert (rate.now.allowed, rate.now.limit) == (Allowed.LIMITED, 6)
    part = grip(TOOL).model_copy(update={"in_part": True})
    assert seen(part)[TOOL.id][0] is Allowed.IN_PART
    assert seen(part, grip(TOOL, number=2))[TOOL.id][0] is Allowed.HELD


def test_a_lever_that_the_file_no_longer_names_is_listed_while_it_is_held() -> None:
    gone = Lever(id="desk.route.old.allowed", adapter="flag", system="desk", verb=Verb.DISABLE_ROUTE)
    assert seen(grip(gone))[gone.id] == (Allowed.HELD, Allowed.HELD)


def test_what_an_option_would_hold_is_shown_before_it_is_held() -> None:
    assert seen(effect=Effect(option="shut_down", holds=(grip(PAUSE),)))[TOOL.id] == (
        Allowed.ALLOWED,
        Allowed.HELD,
    )
