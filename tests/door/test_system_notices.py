"""Users of an AI system are told whether it runs, what to do instead, and what happened; nothing internal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from andon.domain.directory import Role
from andon.domain.explained import Explained
from andon.domain.explanation import SystemNotice
from andon.domain.incident import Ending
from andon.domain.use import Use
from andon.door.notices import page_of
from tests.api.server import bearer
from tests.door.conftest import Door
from tests.door.test_ofrep import hold
from tests.register.cases import NOW, view

PLACE = "/v1/systems/refund_desk/notice"


async def test_who_reads_flags_is_told_that_it_is_stopped_and_nobody_is_named(lonely: Door) -> None:
    hold(lonely, "refund_desk.allowed")
    told = await lonely.http.get(PLACE, headers=bearer(Role.DETECTOR))
    assert told.status_code == 200
    assert told.json()["use"] == "stopped"
    assert told.json()["says"][0] == "It is stopped."
    assert "business_owner-1" not in told.text
    assert "INC-" not in told.text
    assert (await lonely.http.get(PLACE)).status_code == 401
    unknown = await lonely.http.get("/v1/systems/nobody/notice", headers=bearer(Role.DETECTOR))
    assert unknown.status_code == 404


async def test_the_page_is_switched_off_unless_the_settings_say_so(lonely: Door) -> None:
    assert (await lonely.http.get("/status/refund_desk")).status_code == 404


async def test_what_a_person_published_is_told_word_for_word(lonely: Door) -> None:
    text = "We had set a limit wrongly. <b>It is mended.</b>"
    sealed = await lonely.texts.seal("INC-20260302-abc123", "reason", text)
    explained = Explained(text=sealed.id, digest=sealed.digest, at=NOW, relapses=0)
    shown = view(watch_until=NOW, system="refund_desk", rest={"explained": explained.model_dump(mode="json")})
    await asyncio.to_thread(lonely.incidents.show, shown)
    told = (await lonely.http.get(PLACE, headers=bearer(Role.DETECTOR))).json()
    assert (told["use"], told["explanation"]) == ("running", text)


def test_whatever_stands_in_a_notice_is_escaped_on_the_page() -> None:
    evil = "<script>alert(1)</script>"
    page = page_of(
        SystemNotice(
            system="x",
            name=evil,
            use=Use.STOPPED,
            says=(evil,),
            instead=evil,
            explanation=evil,
            since=datetime(2026, 3, 2, tzinfo=UTC),
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 5


async def test_a_detection_of_a_retired_system_is_told_that_it_is_retired(lonely: Door) -> None:
    ended = view("INC-20260301-abc123", system="refund_desk").model_copy(
        update={"ending": Ending.NOT_RESTARTED, "findings": {"ending": "retired"}, "closed_at": NOW}
    )
    await asyncio.to_thread(lonely.incidents.show, ended)
    report = {"system": "refund_desk", "channel": "monitoring", "title": "again", "severity": "high"}
    sent = await lonely.http.post("/v1/detections", json=report, headers=bearer(Role.DETECTOR))
    assert sent.status_code == 202
    assert "was retired on 2026-03-02, by INC-20260301-abc123" in sent.json()["advice"][0]
    told = (await lonely.http.get(PLACE, headers=bearer(Role.DETECTOR))).json()
    assert told["use"] == "retired"
