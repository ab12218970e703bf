"""A program has a rate; above it nothing that has to be contained is left out, and people have none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from andon.api.problems import ProblemError
from andon.domain.directory import Role
from andon.domain.source import SourceLimits
from andon.door.opening import Arrived
from andon.door.rates import Rates
from tests.door.conftest import Door
from tests.door.test_detections import HARM, HARMLESS


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def arrived(source: str = "source:mona", most: int | None = None) -> Arrived:
    limits = SourceLimits(detections_per_minute=most)
    return Arrived("DET-x", source, datetime(2026, 5, 4, tzinfo=UTC), limits=limits)


def admitted(rates: Rates, system: str = "desk", *, stops: bool = False, **who: object) -> bool:
    try:
        rates.admit(arrived(**who), system, stops=stops)  # type: ignore[arg-type]  # the keywords of `arrived`
    except ProblemError as error:
        if error.status != 429 or int(error.headers["Retry-After"]) < 1:
            raise
        return False
    return True


def test_a_minutes_worth_passes_at_once_and_more_as_time_goes_by() -> None:
    clock = Clock()
    rates = Rates(60, clock)
    assert [admitted(rates) for _ in range(61)] == [True] * 60 + [False]
    clock.at += 1
    assert [admitted(rates), admitted(rates)] == [True, False]
    assert [(one.taken, one.refused) for one in rates.seen()] == [(61, 2)]


def test_above_the_rate_the_first_of_a_system_passes_and_the_first_that_stops_it() -> None:
    rates = Rates(1, Clock())
    assert admitted(rates)
    assert not admitted(rates)
    assert admitted(rates, stops=True)
    assert not admitted(rates, stops=True)
    assert admitted(rates, "another")
    assert not admitted(rates, "another")


def test_a_minute_later_the_first_of_a_system_passes_again() -> None:
    clock = Clock()
    rates = Rates(1, clock)
    assert admitted(rates, "a")
    assert admitted(rates, "b", stops=True)
    assert not admitted(rates, "b", stops=True)
    clock.at += 61
    assert admitted(rates, "a")
    assert admitted(rates, "b", stops=True)


def test_a_source_that_makes_names_up_passes_a_bounded_number_of_times() -> None:
    rates = Rates(1, Clock())
    assert sum(admitted(rates, f"made_up_{number}") for number in range(5_000)) == 1_000


def test_each_source_has_its_own_rate_and_its_file_may_set_it() -> None:
    rates = Rates(1, Clock())
    assert admitted(rates)
    assert admitted(rates, source="source:other")
    assert not admitted(rates)
    assert [admitted(rates, source="source:own", most=3) for _ in range(4)] == [True, True, True, False]


def test_people_have_no_rate() -> None:
    rates = Rates(1, Clock())
    assert all(admitted(rates, source="person:rosa") for _ in range(50))


async def test_the_door_says_when_to_send_again_and_contains_what_it_must(door: Door) -> None:
    door.app.state.intake.rates._per_minute = 1
    assert (await door.detect(facts=HARMLESS)).status_code == 202
    refused = await door.detect(facts=HARMLESS)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"]
    assert "1 were refused" in refused.json()["detail"]
    harm = await door.detect(facts=HARM)
    assert (harm.status_code, harm.json()["outcome"]) == (202, "opened")
    assert (await door.detect(Role.REPORTER, facts=HARMLESS)).status_code == 202


async def test_alertmanager_is_told_to_come_back_in_the_only_way_it_understands(door: Door) -> None:
    door.app.state.intake.rates._per_minute = 1
    labels = {"alertname": "Tone", "ai_system": "refund_desk"}
    alert = {"status": "firing", "labels": labels, "startsAt": "2026-05-04T12:00:00Z"}
    alerts = [{**alert, "fingerprint": str(number)} for number in range(3)]
    body = {"version": "4", "alerts": alerts}
    answer = await door.http.post(
        "/v1/alertmanager", json=body, headers={"Authorization": "Bearer andon_detector_secret"}
    )
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("stops", [True, False])
def test_time_does_not_fill_more_than_a_minutes_worth(stops: bool) -> None:
    clock = Clock()
    rates = Rates(2, clock)
    clock.at += 3600
    assert [admitted(rates, stops=stops) for _ in range(3)] == [True, True, False]
