"""Filters of a timeline: one rule for the page, the API and the command."""

from __future__ import annotations

from datetime import timedelta

import pytest

from andon.domain.ledger import Entry, Kind
from andon.domain.sift import IMPORTANT, About, Sift, about
from tests.register.cases import NOW, chain

ENTRY = chain(1)[0].model_copy(update={"kind": Kind.RESPONSE_ACCEPTED.value, "actor": "person:lena.lead"})
SECOND = timedelta(seconds=1)


def of(kind: str) -> Entry:
    return ENTRY.model_copy(update={"kind": kind})


@pytest.mark.parametrize(
    ("sift", "held"),
    [
        (Sift(), True),
        (Sift(kind="response_accepted"), True),
        (Sift(kind="response_refused"), False),
        (Sift(who="lena.lead"), True),
        (Sift(who="person:lena.lead"), True),
        (Sift(who="lena"), False),
        (Sift(about=About.DECISIONS), True),
        (Sift(about=About.EVIDENCE), False),
        (Sift(since=NOW), True),
        (Sift(since=NOW + SECOND), False),
        (Sift(until=NOW + SECOND), True),
        (Sift(until=NOW), False),
        (Sift(important=True), False),
        (Sift(who="lena.lead", about=About.EVIDENCE), False),
    ],
)
def test_an_entry_is_shown_if_all_filters_hold(sift: Sift, held: bool) -> None:
    assert sift.holds(ENTRY) is held
    assert sift.narrows is (sift != Sift())


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        (Kind.INCIDENT_OPENED, About.COURSE),
        (Kind.ORDER_PROVEN, About.CONTAINMENT),
        (Kind.FALLBACK_BEGUN, About.CONTAINMENT),
        (Kind.DECISION_SETTLED, About.DECISIONS),
        (Kind.PROPOSAL_REFUSED, About.DECISIONS),
        (Kind.EVIDENCE_SEALED, About.EVIDENCE),
        (Kind.GATE_SHUT, About.RESTART),
        (Kind.LEAD_NAMED, About.PEOPLE),
        (Kind.DECLARED, About.PEOPLE),
        (Kind.TASK_OVERDUE, About.TASKS),
    ],
)
def test_an_entry_is_about_one_thing(kind: Kind, group: About) -> None:
    assert about(of(kind)) is group


def test_every_group_has_entries_and_a_kind_of_a_later_release_belongs_to_the_course() -> None:
    assert {about(of(kind)) for kind in Kind} == set(About)
    assert about(of("of_a_later_release")) is About.COURSE


def test_what_is_important_has_a_filter_of_its_own() -> None:
    held = {kind for kind in Kind if Sift(important=True).holds(of(kind))}
    assert held == IMPORTANT
    assert Kind.REMINDED not in held
