"""The incident's page, told from what real workflows have shown: the first screen, sections, people."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import playbooks
from andon.console.models.called import called_shown
from andon.console.models.decision import around
from andon.console.models.incident import (
    Heads,
    IncidentShown,
    incident_listed,
    incident_shown,
    temporal_place,
)
from andon.console.models.tied import tied
from andon.console.screens.contents import Contents, contents
from andon.console.screens.first_look import FirstLook, first_look
from andon.console.screens.incident import IncidentScreen, incident_screen
from andon.console.screens.people import NOT_REACHED, NOT_TOLD, REACHED, people_box
from andon.console.screens.timeline import event
from andon.console.screens.timeline_page import sift_of, timeline_screen
from andon.console.wording import Wordings
from andon.domain.containment import OrderState
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.errors import NotFoundError
from andon.domain.ledger import Head, Kind
from andon.domain.notice import Notice
from andon.domain.sift import About
from andon.domain.stage import Stage
from andon.register.deliveries import Sent
from andon.register.incidents import IncidentRow
from tests.bench.filled import story
from tests.register.cases import NOW, TITLE, chain

INCIDENT = "INC-20260302-abc123"
BRUSSELS = ZoneInfo("Europe/Brussels")


class NoTexts:
    def get(self, digest: str) -> str:
        raise NotFoundError("policy", digest)


def incident(name: str = "awaiting-restart", **changes: Any) -> IncidentShown:
    opening, view = story(name).told_of(INCIDENT, "desk_00", "b" * 64)
    row = IncidentRow(
        incident=INCIDENT,
        system="desk_00",
        source=opening.source,
        channel=opening.channel,
        type=opening.type,
        title=TITLE,
        opened_at=view.opened_at,
        started_at=view.opened_at,
        recurrence_of=None,
        containment_required=True,
        exercise=False,
        stage=view.stage,
        severity=view.severity,
        classification=view.classification,
        provisional=view.provisional,
        contained=view.contained,
        next_deadline=view.next_deadline,
        closed_at=view.closed_at,
        root_cause=None,
        also_class=None,
        opening_json=opening.model_dump_json(),
        view_json=view.model_dump_json(),
    )
    shown = incident_shown(
        row,
        incident_listed(row, "http://localhost", "Refunds go elsewhere", playbooks.load().causes),
        heads=Heads(workflow=view.head, response=view.head, access=Head()),
        temporal=temporal_place(INCIDENT, "", "andon"),
        wordings=Wordings(NoTexts()),
        at=view.opened_at + timedelta(minutes=5),
        around=around(row, None, {}),
        called=called_shown(row, defaultdict(list), {}, registered=True),
        tied=tied(row, ()),
    )
    return shown.model_copy(update=changes)


@dataclass
class Page:
    shown: IncidentShown
    screen: IncidentScreen
    look: FirstLook
    parts: Contents


def page(
    shown: IncidentShown, *, mine: tuple[str, ...] = (), leaderless: bool = False, sent: tuple[Sent, ...] = ()
) -> Page:
    now = shown.opened_at + timedelta(minutes=5)
    screen = incident_screen(shown, (), now, mine=frozenset(mine), askable=())
    look = first_look(shown, screen.questions.open, (), screen.course.stages, leaderless=leaderless)
    return Page(shown, screen, look, contents(shown, screen, (), people_box(shown, sent, now), lacking=2))


def notice(number: int, person: str, *, ok: bool, about: str = "question") -> Sent:
    told = Notice(
        id=f"{INCIDENT}/notice/{number}",
        incident=INCIDENT,
        roles=(Role.LEGAL,),
        about=about,
        decision=DecisionKind.LEGAL_REVIEW,
    )
    return Sent(notice=told, person=person, channel="mail", ok=ok, at=NOW + timedelta(minutes=number))


def test_contained_and_proven_is_said_once_and_calmly() -> None:
    found = page(incident("awaiting-triage"))
    assert (found.look.tone, found.look.says) == ("calm", "Both orders are proven.")
    assert found.screen.line.containment.text == "Contained and proven"


def test_one_order_without_proof_is_loud_and_is_what_to_do_next() -> None:
    shown = incident("awaiting-triage")
    first, *rest = shown.orders
    unproven = first.model_copy(update={"state": OrderState.UNPROVEN, "proof": None})
    found = page(shown.model_copy(update={"orders": (unproven, *rest), "contained": False}))
    assert found.look.tone == "bad"
    assert found.look.says == "1 of 2 orders without proof: it may still be going on."
    assert found.look.next is not None
    assert found.look.next.href == "#containment"
    assert found.parts.containment.says == "1 of 2 orders proven"


def test_what_waits_for_the_reader_stands_first_with_its_clock() -> None:
    found = page(incident("awaiting-triage"), mine=("triage-1",))
    (mine,) = [one for one in found.look.mine if "triage-1" in one.href]
    assert mine.clock is not None
    assert mine.button == "Answer"
    assert found.look.next is None


def test_what_waits_for_others_names_them_and_what_is_left() -> None:
    found = page(incident("awaiting-triage"))
    assert found.look.mine == ()
    assert "for others" in found.look.others
    assert found.look.next is not None
    assert found.look.next.href == "#questions"


def test_without_a_lead_the_next_thing_is_to_find_one() -> None:
    found = page(incident("awaiting-triage"), leaderless=True)
    assert found.look.next is not None
    assert found.look.next.href.endswith("/ask/lead_transfer")


def test_each_section_says_what_is_there_and_folds_once_it_is_done() -> None:
    found = page(incident("awaiting-triage"))
    parts = found.parts
    assert parts.questions.open
    assert parts.containment.open
    assert parts.questions.says.startswith(
        f"{len(page(incident('awaiting-triage')).screen.questions.open)} open"
    )
    assert parts.learning.says == "2 parts of the review to write"
    assert not parts.evidence.open
    over = page(incident("closed")).parts
    standing = [one.id for one in vars_of(over) if one.open]
    assert standing == ["timeline"]


def test_a_closed_incident_leads_to_its_file() -> None:
    found = page(incident("closed"))
    assert found.look.says == "Closed."
    assert found.look.next is not None
    assert found.look.next.href.endswith("/file")


def test_people_are_those_who_lead_own_were_told_or_answered() -> None:
    shown = incident("awaiting-restart", lead="lena.lead")
    sent = (
        notice(1, "lou.legal", ok=True),
        notice(2, "lou.legal", ok=True, about="reminder"),
        notice(3, "max.mute", ok=False),
    )
    box = people_box(shown, sent, NOW + timedelta(hours=1))
    lines = {one.person: one for one in box.lines}
    assert box.lines[0].person == "lena.lead"
    assert lines["lena.lead"].part.startswith("leads it")
    assert lines["lou.legal"].told is REACHED
    assert (lines["lou.legal"].about, lines["lou.legal"].more) == ("Reminder, legal review, by mail", 1)
    assert lines["max.mute"].told is NOT_REACHED
    answered = {one.person for decision in shown.decisions for one in decision.responses}
    assert answered
    assert all(lines[person].answers for person in answered)
    assert any(lines[person].told is NOT_TOLD for person in answered)
    assert "1 not reached" in box.says


def test_what_reached_nobody_is_named_with_the_role_that_was_meant() -> None:
    sent = (notice(1, "", ok=False),)
    shown = incident("awaiting-triage", undelivered=(sent[0].notice.id,))
    found = page(shown, sent=sent)
    assert found.parts.people.open
    box = people_box(shown, sent, NOW)
    assert box.unreached == ("Question, legal review: nobody as legal",)


def test_an_entry_has_its_second_its_zone_and_a_way_to_what_it_is_about() -> None:
    first = chain(1, incident=INCIDENT)[0]
    now = datetime(2026, 7, 1, tzinfo=BRUSSELS)
    asked = event(first.model_copy(update={"kind": Kind.DECISION_OPENED.value, "subject": "triage-1"}), now)
    assert asked.at.text == "02 Mar 2026, 10:30:00 CET"
    assert asked.href == f"/incidents/{INCIDENT}/decisions/triage-1"
    merged = event(
        first.model_copy(update={"kind": Kind.MERGED.value, "subject": "INC-20260302-def456"}), now
    )
    assert merged.href == "/incidents/INC-20260302-def456"
    strange = event(first.model_copy(update={"kind": Kind.DECISION_OPENED.value, "subject": "../x"}), now)
    assert strange.href == f"/incidents/{INCIDENT}#questions"


def test_the_timelines_page_keeps_its_filters_from_page_to_page() -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=BRUSSELS)
    chosen = {"about": "decisions", "since": "2026-03-02T10:00", "who": " lena "}
    sift = sift_of(chosen, now)
    assert (sift.about, sift.who) == (About.DECISIONS, "lena")
    assert sift.since == datetime(2026, 3, 2, 9, tzinfo=UTC)
    entries = list(reversed(chain(4, incident=INCIDENT)))
    found = timeline_screen(INCIDENT, None, entries, chosen, now, before=9, older=0)
    assert "about=decisions" in found.older
    assert found.older.endswith("before=0")
    assert found.newest.startswith(f"/incidents/{INCIDENT}/timeline?about=decisions")
    assert found.caption == "Entries 0 to 3, those that fit, newest first"
    assert found.title == "Title not shown"


def vars_of(parts: Contents) -> list[Any]:
    return [getattr(parts, name) for name in parts.__dataclass_fields__]


def test_the_stages_section_says_which_runs() -> None:
    shown = incident("awaiting-triage")
    says = page(shown).parts.loop.says
    running = [one.stage for one in shown.sla if one.state == "running"]
    assert Stage.TRIAGE_CLASSIFY in running
    assert "now" in says


def test_the_timeline_names_questions_orders_and_tasks_in_words() -> None:
    first = chain(1, incident=INCIDENT)[0]
    told = (
        {"kind": Kind.DECISION_OPENED.value, "subject": "legal_review-2"},
        {"kind": Kind.TASKS_GIVEN.value, "subject": "contain", "after": "keep_the_service_going-1"},
        {
            "kind": Kind.ORDER_REQUESTED.value,
            "subject": f"{INCIDENT}/order/1",
            "after": "pause_system",
            "facts": {"lever": "desk.allowed"},
        },
    )
    assert [event(first.model_copy(update=one), NOW).what for one in told] == [
        "Asked: “legal review” (2)",
        "To do: keep the service going",
        "Containment ordered: Pause the whole system, order 1 on desk.allowed",
    ]
