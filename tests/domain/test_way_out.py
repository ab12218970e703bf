"""For every order there is one way out that is open, and a command for its next step."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from andon.domain.containment import Lever, Order, OrderState, Verb
from andon.domain.decision import Binding, DecisionKind, DecisionRecord, DecisionRequest, Option
from andon.domain.directory import Role
from andon.domain.incident import Ending, IncidentView, OpenIncident, OrderRecord, state_of, view_of
from andon.domain.release import ReleaseCourse, ReleaseStep
from andon.domain.severity import Band
from andon.domain.values import NOTHING_YET
from andon.domain.way_out import SAYS, Way, way_out
from tests.workflows.case import opening_for, trusted
from tests.workflows.policy import plan_for

AT = datetime(2026, 11, 21, tzinfo=UTC)
OPENING: OpenIncident = opening_for(plan_for(trusted()))
INCIDENT = OPENING.incident
STEPS = (ReleaseStep.model_validate("review_all"), ReleaseStep.model_validate("full"))


def record(authority: str = "playbook:p", **changes: Any) -> OrderRecord:
    pause = Lever(id="refund_desk.allowed", adapter="flag", system="refund_desk", verb=Verb.PAUSE_SYSTEM)
    order = Order(
        id=f"{INCIDENT}/order/1",
        incident=INCIDENT,
        lever=pause,
        authority=authority,
        assignee=Role.OPERATIONS,
        reason="r",
        ordered_at=AT,
        expires_at=AT,
    )
    return OrderRecord(order=order, **{"state": OrderState.PROVEN, **changes})


def asked(kind: DecisionKind) -> DecisionRecord:
    request = DecisionRequest(
        id=f"{kind}-1",
        incident=INCIDENT,
        kind=kind,
        severity=Band.HIGH,
        opened_at=AT,
        deadline=None,
        eligible=(Role.BUSINESS_OWNER,),
        options=(Option(id="restart"),),
        binding=Binding(),
        policy=NOTHING_YET,
    )
    return DecisionRecord(request=request)


def seen(*questions: DecisionKind, **changes: Any) -> IncidentView:
    view = view_of(OPENING, state_of(OPENING))
    return view.model_copy(update={"decisions": tuple(asked(one) for one in questions), **changes})


COURSE = ReleaseCourse(steps=STEPS, step=1)


@pytest.mark.parametrize(
    ("order", "view", "way", "command"),
    [
        (record(state=OrderState.RELEASED), seen(), Way.LET_GO, ""),
        (record(kept=True), seen(closed_at=AT, ending=Ending.NOT_RESTARTED), Way.KEPT, ""),
        (record(), seen(ending=Ending.NOT_RESTARTED), Way.KEPT, "andon show"),
        (record(), seen(merged_into="INC-20261121-zzzzzz"), Way.OTHER_DECIDES, "INC-20261121-zzzzzz"),
        (record(), seen(release=COURSE), Way.NEXT_STEP, "andon release"),
        (record("break_glass"), seen(DecisionKind.RATIFICATION), Way.RATIFICATION, "ratification-1 swap"),
        (record(), seen(DecisionKind.TRIAGE), Way.TRIAGE, "triage-1"),
        (record(), seen(DecisionKind.DIAGNOSIS), Way.DIAGNOSIS, "diagnosis-1"),
        (record(), seen(DecisionKind.REMEDIATION), Way.FIX, "remediation-1 fix_deployed"),
        (record(), seen(DecisionKind.RESTART), Way.RESTART, "restart-1 restart"),
        (record(), seen(), Way.GATE, "andon gate"),
    ],
)
def test_the_way_out_is_named_with_what_to_type(
    order: OrderRecord, view: IncidentView, way: Way, command: str
) -> None:
    found = way_out(order, view)
    assert (found.way, found.says) == (way, SAYS[way])
    assert command in found.command
    assert bool(command) == bool(found.command)
