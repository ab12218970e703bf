"""Allotting incidents and showing what their workflows say."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from multiprocessing.queues import Queue

from andon.config import DatabaseSettings
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.register.engine import Databases, open_databases
from andon.register.incidents import Incidents, Listed
from tests.register.cases import INCIDENT, NOW, TITLE, closed, opening, view

OTHER = "INC-20260302-def456"
THIRD = "INC-20260302-ghi789"


def test_a_second_detection_with_the_same_key_joins_the_open_incident(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    first = incidents.allot(opening(), dedupe="key", title=TITLE)
    second = incidents.allot(opening(OTHER), dedupe="key", title=TITLE)
    assert (first.incident, first.opened) == (INCIDENT, True)
    assert (second.incident, second.opened) == (INCIDENT, False)
    assert incidents.get(OTHER) is None


def test_a_detection_without_a_key_always_opens(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    assert incidents.allot(opening(), dedupe=None, title=TITLE).opened
    assert incidents.allot(opening(OTHER), dedupe=None, title=TITLE).opened


def test_the_same_key_of_another_system_opens_its_own_incident(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.allot(opening(), dedupe="key", title=TITLE)
    other = opening(OTHER)
    elsewhere = other.model_copy(update={"plan": other.plan.model_copy(update={"system": "claims"})})
    assert incidents.allot(elsewhere, dedupe="key", title=TITLE).opened


def test_a_closed_incident_takes_nothing_in_and_is_named_as_what_recurs(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.allot(opening(), dedupe="key", title=TITLE)
    incidents.show(closed())
    again = incidents.allot(opening(OTHER), dedupe="key", title=TITLE)
    assert (again.incident, again.opened, again.recurrence_of) == (OTHER, True, INCIDENT)
    (waiting,) = incidents.waiting()
    assert waiting.recurrence_of == INCIDENT


def test_the_newest_closed_incident_is_the_one_that_recurs(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    for number, incident in enumerate((INCIDENT, OTHER)):
        incidents.allot(opening(incident), dedupe="key", title=TITLE)
        later = NOW + timedelta(hours=number + 1)
        incidents.show(closed(incident).model_copy(update={"closed_at": later}))
    assert incidents.allot(opening(THIRD), dedupe="key", title=TITLE).recurrence_of == OTHER


def test_what_waits_is_what_was_allotted_and_never_started(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.allot(opening(), dedupe=None, title=TITLE)
    incidents.allot(opening(OTHER, opened_at=NOW - timedelta(minutes=1)), dedupe=None, title=TITLE)
    incidents.allot(opening(THIRD), dedupe=None, title=TITLE)
    incidents.mark_started(INCIDENT, NOW)
    incidents.mark_started(INCIDENT, NOW + timedelta(hours=1))
    incidents.show(view(THIRD))
    assert incidents.waiting() == [opening(OTHER, opened_at=NOW - timedelta(minutes=1))]
    row = incidents.get(INCIDENT)
    assert row is not None
    assert row.started_at == NOW


def test_an_older_view_never_replaces_a_newer_one(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.allot(opening(), dedupe=None, title=TITLE)
    incidents.show(view(version=5, stage=Stage.CONTAIN, contained=True))
    incidents.show(view(version=5, stage=Stage.DETECT))
    incidents.show(view(version=4, stage=Stage.DETECT))
    row = incidents.get(INCIDENT)
    assert row is not None
    assert (row.stage, row.contained) == (Stage.CONTAIN, True)
    assert row.view == view(version=5, stage=Stage.CONTAIN, contained=True)
    assert row.title == TITLE


def test_a_view_of_an_incident_without_a_row_makes_the_row(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.show(view())
    incidents.show(view())
    row = incidents.get(INCIDENT)
    assert row is not None
    assert (row.opening, row.title, row.view) == (None, None, view())
    assert incidents.waiting() == []


def test_lists_are_newest_first_filtered_and_paged(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    for minute, incident in enumerate((INCIDENT, OTHER, THIRD)):
        incidents.allot(
            opening(incident, opened_at=NOW + timedelta(minutes=minute)), dedupe=None, title=TITLE
        )
    incidents.show(closed(OTHER))
    incidents.show(view(THIRD, severity=Band.CRITICAL))
    listed = [row.incident for row in incidents.list()]
    assert listed == [THIRD, OTHER, INCIDENT]
    assert [row.incident for row in incidents.list(before=THIRD, limit=1)] == [OTHER]
    assert [row.incident for row in incidents.list(state=Listed.OPEN)] == [THIRD, INCIDENT]
    assert [row.incident for row in incidents.list(state=Listed.CLOSED)] == [OTHER]
    assert [row.incident for row in incidents.list(severity=Band.CRITICAL)] == [THIRD]
    assert [row.incident for row in incidents.list(system="claims")] == []


def test_what_one_source_stopped_is_counted(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.allot(opening(), dedupe=None, title=TITLE)
    incidents.allot(opening(OTHER), dedupe=None, title=TITLE)
    incidents.allot(opening(THIRD, source="person:ines"), dedupe=None, title=TITLE)
    assert incidents.count_systems_stopped_by("source:monitor", NOW) == 1
    assert incidents.count_systems_stopped_by("source:monitor", NOW + timedelta(seconds=1)) == 0


def _allot_fifty(settings: DatabaseSettings, letter: str, results: Queue[list[str]]) -> None:
    databases = open_databases(settings)
    incidents = Incidents(databases.register)
    allotted = [
        incidents.allot(opening(f"INC-20260302-{letter}{number:05d}"), dedupe="key", title=TITLE)
        for number in range(50)
    ]
    results.put([one.incident for one in allotted])
    databases.close()


def test_two_processes_that_allot_one_key_at_once_get_one_incident(
    database_settings: DatabaseSettings,
) -> None:
    context = multiprocessing.get_context("spawn")
    results: Queue[list[str]] = context.Queue()
    callers = [
        context.Process(target=_allot_fifty, args=(database_settings, letter, results)) for letter in "ab"
    ]
    for caller in callers:
        caller.start()
    found = {incident for _ in callers for incident in results.get(timeout=60)}
    for caller in callers:
        caller.join(timeout=30)
    assert len(found) == 1


def test_of_what_waits_the_gravest_comes_first_and_then_the_oldest(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    bands = [Band.LOW, Band.HIGH, Band.CRITICAL, Band.MEDIUM, Band.HIGH]
    for number, band in enumerate(bands):
        one = opening(f"INC-20260101-00000{number}", severity=band, opened_at=NOW - timedelta(minutes=number))
        incidents.allot(one, dedupe=None, title=TITLE)
    assert [one.incident[-1] for one in incidents.waiting()] == ["2", "4", "1", "3", "0"]
    assert [one.incident[-1] for one in incidents.waiting(2)] == ["2", "4"]
