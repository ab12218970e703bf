"""What people were told, as they find it on the console."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from andon.domain.directory import Role
from andon.domain.notice import Notice
from andon.register.deliveries import Sent
from tests.api.server import bearer
from tests.console.desk import Office

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sent(number: int, *, ok: bool) -> Sent:
    notice = Notice(
        id=f"INC-20260302-abc123/triage-{number}/question",
        incident="INC-20260302-abc123",
        roles=(Role.LEGAL,),
        about="question",
        subject=f"triage-{number}",
    )
    code = "sent" if ok else "no_channel"
    return Sent(notice=notice, person="hr-1", channel="console" if ok else "outbox", ok=ok, at=AT, code=code)


async def test_a_person_finds_what_they_were_told_and_what_no_channel_has_taken(
    office: Office, http: httpx.AsyncClient
) -> None:
    for number in (1, 2):
        office.queries.deliveries.record(sent(number, ok=number == 1))
    mine = (await http.get("/v1/me/notices", headers=bearer(Role.HR))).json()
    assert [(one["subject"], one["arrived"]) for one in mine["notices"]] == [
        ("triage-2", False),
        ("triage-1", True),
    ]
    waiting = await http.get("/v1/me/notices?undelivered=true", headers=bearer(Role.HR))
    assert [one["subject"] for one in waiting.json()["notices"]] == ["triage-2"]
    others = await http.get("/v1/me/notices", headers=bearer(Role.FINANCE))
    assert others.json()["notices"] == []
