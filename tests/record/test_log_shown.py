"""The log's newest checkpoint is told to whoever may read, and its silence is an alarm where people look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from andon.adapters.clock import utc_now
from andon.domain.directory import Role
from andon.domain.note import key_from, read_note, signed_by
from andon.register.checkpoint_tables import checkpoints
from andon.register.engine import writing
from tests.console.desk import Caller
from tests.console.test_pages import signed_in
from tests.record.conftest import Keeping


async def test_the_newest_checkpoint_is_shown_and_its_silence_is_an_alarm(keeping: Keeping) -> None:
    assert keeping.yard.office.http is not None
    auditor = Caller(keeping.yard.office.http, Role.AUDITOR)
    assert (await auditor.get("/v1/log")).status_code == 404
    assert (await auditor.get("/v1/alarms")).json()["unsigned_since"] is None
    await keeping.log.make()
    shown = (await auditor.get("/v1/log")).json()
    assert signed_by(read_note(shown["note"]), key_from(shown["key"]))
    assert (shown["size"], shown["overdue"], shown["stamped"], shown["witnessed"]) == (1, False, False, False)
    assert "is not signed any more" not in await page(keeping)
    silent(keeping)
    assert (await auditor.get("/v1/log")).json()["overdue"]
    assert (await auditor.get("/v1/alarms")).json()["unsigned_since"]
    assert "is not signed any more" in await page(keeping)


@pytest.mark.long
async def test_a_reporter_learns_nothing_of_the_log(keeping: Keeping) -> None:
    await keeping.log.make()
    assert keeping.yard.office.http is not None
    reporter = Caller(keeping.yard.office.http, Role.REPORTER)
    assert (await reporter.get("/v1/log")).status_code == 403


def silent(keeping: Keeping) -> None:
    """Have nothing been signed for longer than is allowed."""
    allowed = keeping.yard.office.settings.checkpoints.overdue
    with writing(keeping.yard.office.queries.databases.register) as connection:
        connection.execute(update(checkpoints).values(checked_at=utc_now() - allowed - timedelta(seconds=1)))


async def page(keeping: Keeping) -> str:
    """Return the first page as a responder sees it."""
    assert keeping.yard.office.http is not None
    async with signed_in(keeping.yard.office.http, Role.RESPONDER) as visitor:
        return (await visitor.get("/")).text
