"""A log that is not signed any more is an alarm, and those who answer for it are told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from andon.adapters.notify.wording import worded
from andon.config import DatabaseSettings
from andon.console.screens.alarms import alarm_lines
from andon.domain.directory import Role
from andon.domain.notice import Notice
from andon.domain.rights import RightsPolicy
from andon.domain.run_alarm import RunAlarmKind
from andon.register.alarms import Alarms
from andon.register.checkpoints import CheckpointLog
from andon.register.engine import Databases, open_databases
from andon.register.migrate import migrate
from workers.log_care import LogCare

SIGNED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALLOWED = timedelta(minutes=5)


@dataclass
class Posted:
    """An outbox that keeps each message once, as a workflow id does, and how many came together."""

    sent: dict[str, Notice] = field(default_factory=dict)
    together: list[int] = field(default_factory=list)

    async def post(self, notices: Sequence[Notice]) -> None:
        self.together.append(len(notices))
        self.sent.update({one.id: one for one in notices})


@dataclass
class Clock:
    at: datetime = SIGNED

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    urls = {f"{one}_url": f"sqlite:///{tmp_path}/{one}.db" for one in ("switches", "register", "recorder")}
    settings = DatabaseSettings(**urls)
    migrate(settings)
    opened = open_databases(settings)
    yield opened
    opened.close()


def care_of(databases: Databases, posted: Posted, clock: Clock) -> LogCare:
    checkpoints, alarms = CheckpointLog(databases.register), Alarms(databases.register)
    return LogCare(checkpoints, alarms, posted, ALLOWED, clock.now)


async def test_security_and_the_custodian_are_told_once_for_as_long_as_nothing_is_signed(
    databases: Databases,
) -> None:
    posted, clock = Posted(), Clock()
    care, alarms = care_of(databases, posted, clock), Alarms(databases.register)
    CheckpointLog(databases.register).keep(1, "note", "key", SIGNED)
    assert not await care.look()
    clock.at = SIGNED + timedelta(minutes=6)
    assert await care.look()
    clock.at += timedelta(minutes=1)
    assert await care.look()
    assert [(one.about, one.roles) for one in posted.sent.values()] == [
        ("log_overdue", (Role.SECURITY, Role.CUSTODIAN))
    ]
    assert [one.kind for one in alarms.list(only_open=True)] == [RunAlarmKind.LOG_OVERDUE]


async def test_the_alarm_is_over_once_something_is_signed_and_the_next_one_is_told_anew(
    databases: Databases,
) -> None:
    posted, clock = Posted(), Clock()
    care, alarms = care_of(databases, posted, clock), Alarms(databases.register)
    log = CheckpointLog(databases.register)
    log.keep(1, "note", "key", SIGNED)
    clock.at = SIGNED + timedelta(minutes=6)
    await care.look()
    log.keep(1, "note", "key", clock.at)
    assert not await care.look()
    over = alarms.list()
    assert [one.cleared_at for one in over] == [clock.at]
    assert [one.incident for one in alarm_lines(over, clock.at)] == [None]
    clock.at += timedelta(minutes=6)
    await care.look()
    assert len(posted.sent) == 2


async def test_a_log_that_was_never_signed_is_not_late(databases: Databases) -> None:
    posted = Posted()
    assert not await care_of(databases, posted, Clock(SIGNED + timedelta(days=1))).look()
    assert posted.sent == {}


async def test_the_notice_names_the_log_and_no_incident(databases: Databases) -> None:
    posted, clock = Posted(), Clock(SIGNED + timedelta(hours=1))
    CheckpointLog(databases.register).keep(1, "note", "key", SIGNED)
    await care_of(databases, posted, clock).look()
    rights = RightsPolicy(rights={}, wording={}, stages={}, declarations={}, tasks={}, task_wording={})
    told = worded(next(iter(posted.sent.values())), rights, "https://andon.example")
    assert told.title.startswith("The log over all incidents is not signed any more")
    assert "INC-" not in told.title + told.body


async def test_a_forked_access_chain_is_told_once_and_a_running_workflow_does_not_end_that_alarm(
    databases: Databases,
) -> None:
    posted, clock, incident = Posted(), Clock(), "INC-20260302-a1b2c3"
    care, alarms = care_of(databases, posted, clock), Alarms(databases.register)
    alarms.raise_alarm(incident, RunAlarmKind.ACCESS_FORKED, {}, clock.at)
    alarms.clear([incident], clock.at)
    assert alarms.alarmed() == frozenset()
    assert [await care.tell_of_forks() for _ in range(2)] == [1, 1]
    assert [(one.about, one.incident, one.roles) for one in posted.sent.values()] == [
        ("access_forked", incident, (Role.SECURITY, Role.CUSTODIAN))
    ]
    alarms.settle(RunAlarmKind.ACCESS_FORKED, [], clock.at)
    assert await care.tell_of_forks() == 0
    lines = alarm_lines(alarms.list(), clock.at)
    assert [(one.incident, one.now) for one in lines] == [(incident, "They agree again.")]


async def test_each_forked_chain_is_told_of_by_itself_whatever_else_stands(databases: Databases) -> None:
    posted, clock = Posted(), Clock()
    care, alarms = care_of(databases, posted, clock), Alarms(databases.register)
    for incident in ("INC-20260302-a1b2c3", "INC-20260302-d4e5f6"):
        alarms.raise_alarm(incident, RunAlarmKind.ACCESS_FORKED, {}, clock.at)
    assert await care.tell_of_forks() == 2
    assert posted.together == [1, 1]
