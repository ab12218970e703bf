"""The shipped decision rights, as a table: who decides, by when, and what silence leads to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from andon.adapters.calendar import business_calendar
from andon.domain.business_time import BusinessHours
from andon.domain.clock import AlarmKind, alarms
from andon.domain.containment import FLAG_SHAPES, Verb
from andon.domain.decision import Accepted, DecisionKind, DecisionRecord, DecisionRequest, Exclusion, settle
from andon.domain.directory import Role
from andon.domain.playbook import Plan
from andon.domain.resolving import choose_playbook, resolve
from andon.domain.rights import Asking
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.values import NOTHING_YET, canonical
from playbooks import load, load_people, load_systems

SHELF = load()
DESK = load_systems()["refund_desk"]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTES, HOURS, DAYS = (timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
EVERY = [(kind, band) for kind in DecisionKind for band in Band]


CALENDAR = business_calendar("Europe/Budapest", "HU", "", BusinessHours(), NOON)


@cache
def plan(kind: str | None = "unauthorised_tool_action") -> Plan:
    playbook = choose_playbook(SHELF.playbooks, DESK, kind)
    return resolve(
        DESK, playbook, SHELF.rights, SHELF.evidence, policy=NOTHING_YET, trusted={}, calendar=CALENDAR
    )


def asked(kind: DecisionKind, band: Band) -> DecisionRequest:
    asking = Asking(band=band, fixers=("erik",), requested_by="ines")
    return plan().ask(kind, 1, asking, incident="INC-20260302-abc123", at=NOON)


def answer(role: Role, option: str) -> Accepted:
    return Accepted(
        person=role.value,
        role=role,
        option=option,
        received_at=NOON,
        late=False,
        nonce=role.value,
        statement=NOTHING_YET,
    )


@pytest.mark.parametrize(
    ("kind", "critical", "high", "medium", "low"),
    [
        (DecisionKind.TRIAGE, 15 * MINUTES, 30 * MINUTES, 4 * HOURS, 2 * DAYS),
        (DecisionKind.LEGAL_REVIEW, 30 * MINUTES, HOURS, HOURS, HOURS),
        (DecisionKind.IMPACT, 2 * HOURS, 4 * HOURS, DAYS, 3 * DAYS),
        (DecisionKind.CUSTOMER_NOTIFICATION, 2 * HOURS, 4 * HOURS, DAYS, 3 * DAYS),
        (DecisionKind.DIAGNOSIS, 8 * HOURS, DAYS, 3 * DAYS, 7 * DAYS),
        (DecisionKind.REMEDIATION, DAYS, 2 * DAYS, 7 * DAYS, 14 * DAYS),
        (DecisionKind.RESTART, 4 * HOURS, 8 * HOURS, 12 * HOURS, 16 * HOURS),
        (DecisionKind.LESSONS, 5 * DAYS, 5 * DAYS, 10 * DAYS, 14 * DAYS),
    ],
)
def test_each_question_has_its_time_at_each_severity(
    kind: DecisionKind,
    critical: timedelta | None,
    high: timedelta | None,
    medium: timedelta | None,
    low: timedelta | None,
) -> None:
    times = dict(
        zip((Band.CRITICAL, Band.HIGH, Band.MEDIUM, Band.LOW), (critical, high, medium, low), strict=True)
    )
    for band, within in times.items():
        assert asked(kind, band).deadline == (NOON + within if within else None)


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        (DecisionKind.TRIAGE, "confirm"),
        (DecisionKind.LEGAL_REVIEW, "hold_disclosure"),
        (DecisionKind.IMPACT, "unknown"),
        (DecisionKind.CUSTOMER_NOTIFICATION, "do_not_notify"),
        (DecisionKind.DIAGNOSIS, None),
        (DecisionKind.REMEDIATION, None),
        (DecisionKind.RESTART, "keep_stopped"),
        (DecisionKind.LESSONS, None),
        (DecisionKind.PUBLIC_STATEMENT, "do_not_publish"),
        (DecisionKind.EXTERNAL_COUNSEL, "do_not_retain"),
        (DecisionKind.NOTIFY_REGULATOR, "do_not_notify"),
        (DecisionKind.SHUTDOWN_REVENUE_FEATURE, "keep_running"),
        (DecisionKind.RATIFICATION, "uphold"),
        (DecisionKind.EXECUTIVE_OVERRIDE, "refuse"),
        (DecisionKind.GATE_EXCEPTION, "refuse"),
        (DecisionKind.THRESHOLD_CHANGE, "refuse"),
        (DecisionKind.NO_CHANGE_CLOSURE, None),
        (DecisionKind.SEVERITY_DOWNGRADE, "keep"),
        (DecisionKind.RAW_EVIDENCE, "refuse"),
        (DecisionKind.LEAD_TRANSFER, "keep"),
        (DecisionKind.CLOCK_EXTENSION, "refuse"),
    ],
)
def test_silence_stays_contained_sends_nothing_and_restarts_nothing(
    kind: DecisionKind, default: str | None
) -> None:
    for band in Band:
        request = asked(kind, band)
        assert request.default == default
        assert default is None or request.option(default)


@pytest.mark.parametrize(("kind", "band"), EVERY)
def test_those_who_are_asked_can_settle_each_question(kind: DecisionKind, band: Band) -> None:
    request = asked(kind, band)
    for option in request.options:
        roles = request.roles_at(NOON)
        assert roles == set(request.eligible), "nobody is asked whom `eligible` does not name"
        assert settle(request, [answer(role, option.id) for role in sorted(roles)]) == option.id


@pytest.mark.parametrize(("kind", "band"), EVERY)
def test_the_ladder_is_climbed_before_a_question_expires(kind: DecisionKind, band: Band) -> None:
    request = asked(kind, band)
    ahead = alarms(DecisionRecord(request=request))
    if request.deadline is None:
        assert not ahead
        return
    assert [alarm.kind for alarm in ahead[:2]] == [AlarmKind.REMINDER, AlarmKind.BREACH]
    assert NOON < ahead[0].at < request.deadline
    assert [alarm.kind for alarm in ahead].count(AlarmKind.RUNG) == len(request.ladder) >= 1
    assert Role.EXECUTIVE in {rung.role for rung in request.ladder}
    assert request.expires_at is None or ahead[-1].at < request.expires_at


@pytest.mark.parametrize("kind", list(DecisionKind))
def test_people_are_told_what_each_option_does(kind: DecisionKind) -> None:
    wording = SHELF.rights.wording[kind]
    assert set(wording.options) == {option.id for option in SHELF.rights.rights[kind].options}
    assert wording.title.endswith("?")
    assert all(does.endswith(".") for does in wording.options.values())


@pytest.mark.parametrize("option", ["false_positive", "quality_issue"])
@pytest.mark.parametrize(
    ("band", "people"), [(Band.LOW, 1), (Band.MEDIUM, 1), (Band.HIGH, 2), (Band.CRITICAL, 2)]
)
def test_standing_down_takes_a_second_person_at_high_and_above(option: str, band: Band, people: int) -> None:
    request = asked(DecisionKind.TRIAGE, band)
    answers = [answer(role, option) for role in (Role.RESPONDER, Role.SECURITY)]
    assert settle(request, answers[: people - 1]) is None
    assert settle(request, answers[:people]) == option


@pytest.mark.parametrize("band", [Band.HIGH, Band.CRITICAL])
def test_a_restart_at_high_and_above_takes_owner_legal_and_security(band: Band) -> None:
    request = asked(DecisionKind.RESTART, band)
    three = [answer(role, "restart") for role in (Role.BUSINESS_OWNER, Role.LEGAL, Role.SECURITY)]
    assert settle(request, three) == "restart"
    for missing in range(3):
        assert (
            settle(request, [*three[:missing], *three[missing + 1 :], answer(Role.EXECUTIVE, "restart")])
            is None
        )


@pytest.mark.parametrize("band", list(Band))
def test_one_refusal_keeps_the_system_stopped(band: Band) -> None:
    request = asked(DecisionKind.RESTART, band)
    for role in request.eligible:
        others = [answer(one, "restart") for one in request.eligible if one is not role]
        assert settle(request, [*others, answer(role, "keep_stopped")]) == "keep_stopped"


def test_whoever_marked_the_fix_is_excluded_from_the_restart_and_from_ways_around_the_gate_only() -> None:
    about_the_fix = {
        DecisionKind.RESTART,
        DecisionKind.EXECUTIVE_OVERRIDE,
        DecisionKind.GATE_EXCEPTION,
        DecisionKind.THRESHOLD_CHANGE,
    }
    assert {kind for kind in DecisionKind if "erik" in asked(kind, Band.HIGH).excluded} == about_the_fix


def test_nobody_approves_what_they_asked_for() -> None:
    for kind, right in plan().rights.items():
        if right.asked_by and kind is not DecisionKind.LEAD_TRANSFER:
            assert "ines" in asked(kind, Band.HIGH).excluded
            assert "ines" in asked(kind, Band.CRITICAL).excluded


def test_what_an_executive_lifts_no_longer_excludes() -> None:
    asking = Asking(band=Band.HIGH, fixers=("erik",), lifted=(Exclusion.FIXER,))
    request = plan().ask(DecisionKind.RESTART, 2, asking, incident="INC-20260302-abc123", at=NOON)
    assert request.excluded == ()


def test_an_engineer_can_neither_retire_a_system_nor_notify_a_customer() -> None:
    remediation = asked(DecisionKind.REMEDIATION, Band.HIGH)
    assert settle(remediation, [answer(Role.ENGINEER, "not_restarting")]) is None
    assert settle(remediation, [answer(Role.BUSINESS_OWNER, "not_restarting")]) == "not_restarting"
    assert Role.ENGINEER not in asked(DecisionKind.CUSTOMER_NOTIFICATION, Band.HIGH).eligible


def test_notifying_customers_takes_legal_and_the_business_owner() -> None:
    request = asked(DecisionKind.CUSTOMER_NOTIFICATION, Band.HIGH)
    legal, owner = answer(Role.LEGAL, "notify"), answer(Role.BUSINESS_OWNER, "notify")
    assert settle(request, [legal]) is settle(request, [owner]) is None
    assert settle(request, [legal, owner]) == "notify"


def test_nobody_but_legal_closes_the_legal_review() -> None:
    request = asked(DecisionKind.LEGAL_REVIEW, Band.HIGH)
    for role in (Role.PRIVACY, Role.EXECUTIVE):
        for option in ("hold_disclosure", "no_disclosure_needed"):
            assert settle(request, [answer(role, option)]) is None
        assert settle(request, [answer(role, "disclosure_needed")]) == "disclosure_needed"


@pytest.mark.parametrize(
    ("kind", "band", "verbs"),
    [
        (None, Band.LOW, {Verb.ROUTE_TO_REVIEW}),
        (None, Band.MEDIUM, {Verb.ROUTE_TO_REVIEW}),
        (None, Band.HIGH, {Verb.PAUSE_SYSTEM}),
        (None, Band.CRITICAL, {Verb.PAUSE_SYSTEM}),
        ("unauthorised_tool_action", Band.LOW, {Verb.ROUTE_TO_REVIEW}),
        ("unauthorised_tool_action", Band.MEDIUM, {Verb.DISABLE_TOOL, Verb.ROUTE_TO_REVIEW}),
        ("unauthorised_tool_action", Band.HIGH, {Verb.DISABLE_TOOL, Verb.PAUSE_SYSTEM}),
        ("unauthorised_tool_action", Band.CRITICAL, {Verb.DISABLE_TOOL, Verb.PAUSE_SYSTEM}),
        ("privacy_event", Band.LOW, {Verb.ROUTE_TO_REVIEW}),
        ("privacy_event", Band.MEDIUM, {Verb.BLOCK_SOURCE, Verb.ROUTE_TO_REVIEW}),
        ("privacy_event", Band.HIGH, {Verb.BLOCK_SOURCE, Verb.PAUSE_SYSTEM}),
        ("privacy_event", Band.CRITICAL, {Verb.BLOCK_SOURCE, Verb.PAUSE_SYSTEM}),
        ("source_failure", Band.LOW, {Verb.ROUTE_TO_REVIEW}),
        ("source_failure", Band.MEDIUM, {Verb.QUARANTINE_RECORDS, Verb.ROUTE_TO_REVIEW}),
        (
            "source_failure",
            Band.HIGH,
            {Verb.QUARANTINE_RECORDS, Verb.ROLL_BACK_INDEX, Verb.PAUSE_SYSTEM},
        ),
    ],
)
def test_each_playbook_orders_its_containment(kind: str | None, band: Band, verbs: set[Verb]) -> None:
    orders = plan(kind).orders("INC-20260302-abc123", band, reason="x", at=NOON)
    assert {order.lever.verb for order in orders} == verbs
    assert plan(kind).lacking(band) == ()


def test_the_playbooks_order_only_what_can_be_undone() -> None:
    undone = {*FLAG_SHAPES, Verb.QUARANTINE_RECORDS, Verb.ROLL_BACK_INDEX}
    for playbook in SHELF.playbooks.values():
        for step in playbook.containment:
            assert step.verb in undone, "an order without approval must be reversible"
            assert step.expires_after >= max(playbook.watch.window.values())


def test_a_plan_carries_only_levers_that_its_steps_or_a_release_can_move() -> None:
    verbs = {lever.verb for lever in plan("source_failure").levers}
    assert verbs == {Verb.PAUSE_SYSTEM, Verb.ROUTE_TO_REVIEW, Verb.QUARANTINE_RECORDS, Verb.ROLL_BACK_INDEX}


def test_a_plan_stays_small_enough_for_a_workflow_to_carry() -> None:
    assert len(canonical(plan())) < 20_000


def test_the_shipped_people_fill_every_role_with_somebody_of_their_own() -> None:
    directory = load_people()
    first = [directory.holders(role)[0] for role in Role]
    assert [one.roles for one in first] == [(role,) for role in Role]
    assert len({one.id for one in first}) == len(Role)
    assert all(person.country for person in directory.people if person.roles != (Role.DETECTOR,))
    named = {DESK.owner, *DESK.escalation, DESK.fallback.owner if DESK.fallback else ""}
    assert all(directory.person(person) for person in named)
    owner = directory.person(DESK.owner)
    assert owner is not None
    assert owner.roles == (Role.BUSINESS_OWNER,)


def test_two_shipped_people_take_turns_where_minutes_count_and_others_have_delegates() -> None:
    directory = load_people()
    for role in (Role.RESPONDER, Role.INCIDENT_LEAD):
        (turn,) = [one for one in directory.rotations if one.role is role]
        weeks = [NOON + timedelta(weeks=number) for number in range(4)]
        assert len({turn.on_call(week) for week in weeks}) >= 2
        assert all(directory.reachable(role, week)[0].id == turn.on_call(week) for week in weeks)
    for role in (Role.BUSINESS_OWNER, Role.LEGAL):
        assert all(person.delegates for person in directory.holders(role))


@pytest.mark.parametrize(
    ("detected", "due"),
    [
        # Friday before Whit Monday, a public holiday in Hungary; Budapest is at UTC+2.
        pytest.param("2026-05-22T14:50Z", "2026-05-22T15:00Z", id="ten to five on the Friday"),
        pytest.param("2026-05-22T08:00Z", "2026-05-22T15:00Z", id="ten in the morning"),
        # After hours the same business day is the next one; nothing at high waits longer than 8 hours.
        pytest.param("2026-05-22T15:10Z", "2026-05-22T23:10Z", id="after hours"),
        pytest.param("2026-05-25T10:00Z", "2026-05-25T18:00Z", id="on the holiday itself"),
    ],
)
def test_the_containment_decision_is_due_on_the_same_business_day_of_the_owner(
    detected: str, due: str
) -> None:
    at = datetime.fromisoformat(detected)
    calendar = business_calendar("Europe/Budapest", "HU", "", BusinessHours(), at)
    here = plan().model_copy(update={"calendar": calendar})
    assert here.stage_due(Stage.CONTAIN, Band.HIGH, at) == datetime.fromisoformat(due)


def test_at_critical_containment_waits_for_no_business_hours() -> None:
    sunday = datetime(2026, 5, 24, 3, tzinfo=UTC)
    assert plan().stage_due(Stage.CONTAIN, Band.CRITICAL, sunday) == sunday + HOURS


def test_every_stage_has_an_owner_and_all_but_detection_and_the_watch_a_time() -> None:
    assert set(SHELF.rights.stages) == set(Stage) - {Stage.CLOSED}
    untimed = {stage for stage, right in SHELF.rights.stages.items() if not right.within}
    assert untimed == {Stage.DETECT, Stage.MONITOR}


def test_critical_brings_in_executive_communications_and_compliance() -> None:
    joining = SHELF.rights.joining
    more = set(joining.roles(Band.CRITICAL, None)) - set(joining.roles(Band.HIGH, None))
    assert more == {Role.EXECUTIVE, Role.COMMUNICATIONS, Role.COMPLIANCE}


def test_tags_bring_in_roles_and_the_incident_can_say_why() -> None:
    joining = SHELF.rights.joining
    low = joining.roles(Band.LOW, None, ("privacy", "security"))
    assert set(low) == {Role.PRIVACY, Role.LEGAL, Role.SECURITY}
    why = joining.why(Role.LEGAL, Band.CRITICAL, "privacy_event", ("privacy", "operational"))
    assert why == ("severity:critical", "tag:privacy")
    assert joining.why(Role.PRIVACY, Band.LOW, "privacy_event", ()) == ("type:privacy_event",)
    assert joining.why(Role.FINANCE, Band.LOW, None, ()) == ()
