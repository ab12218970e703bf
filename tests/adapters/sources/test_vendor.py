"""What a vendor says: the status page as Statuspage has it, and letters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from andon.adapters.sources.kinds import check
from andon.config import SourceSettings
from andon.domain.errors import InvalidInputError
from tests.adapters.sources.asked import Came, came_of, entry, means
from tests.adapters.sources.serving import Reply, Served, serving

HOUR = timedelta(hours=1)


def ago(time: timedelta) -> str:
    return (datetime.now(UTC) - time).isoformat()


PAGE = {"id": "v1", "name": "Model vendor"}


@pytest.fixture
def served() -> Iterator[Served]:
    incidents = [
        {"id": "long-over", "created_at": ago(50 * HOUR), "resolved_at": ago(49 * HOUR)},
        {"id": "still-open", "created_at": ago(30 * HOUR), "resolved_at": None},
        {"id": "in-window", "created_at": ago(HOUR / 2), "resolved_at": ago(HOUR / 4)},
        {"id": "no-times"},
    ]

    def answer(path: str) -> Reply:
        page = {**PAGE, "updated_at": ago(timedelta(minutes=1))}
        if path == "/api/v2/incidents.json":
            return Reply(json.dumps({"page": page, "incidents": incidents}).encode())
        status = {"indicator": "major", "description": "Elevated errors"}
        return Reply(json.dumps({"page": page, "status": status, "components": []}).encode())

    with serving(answer) as found:
        yield found


async def got(served: Served, folder: Path | None = None) -> Came:
    letters = {"folder": "letters", "paths": "*.eml"} if folder else {}
    supplies = ("vendor_status", "vendor_correspondence") if folder else ("vendor_status",)
    settings = SourceSettings(private_hosts=(served.place,), folders={"letters": folder} if folder else {})
    return await came_of(entry("vendor", *supplies, options={"url": served.url, **letters}), means(settings))


async def test_the_status_comes_in_with_the_incidents_that_touch_the_window(served: Served) -> None:
    found = await got(served)
    assert found.gaps == []
    named = {one.name: json.loads(one.content) for one in found.items}
    assert named["summary"]["status"]["indicator"] == "major"
    assert [one["id"] for one in named["incidents"]["incidents"]] == ["still-open", "in-window", "no-times"]


async def test_letters_come_in_although_the_page_is_away_and_its_loss_is_named(
    served: Served, tmp_path: Path
) -> None:
    (tmp_path / "one.eml").write_text("Dear customer\n")
    served.answer = lambda _: Reply(status=403)
    found = await got(served, tmp_path)
    assert [one.kind for one in found.items] == ["vendor_correspondence"]
    assert found.reasons == {"vendor": "denied"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>maintenance</html>", "refused"),
        (b"[]", "refused"),
        (b'{"status": {}}', "refused"),
        (b'{"page": {"updated_at": "2026-11-21T09:00:00"}}', "refused"),
    ],
)
async def test_what_is_no_status_page_is_refused(served: Served, body: bytes, reason: str) -> None:
    served.answer = lambda _: Reply(body)
    found = await got(served)
    assert (found.items, found.reasons) == ([], {"vendor": reason})


@pytest.mark.parametrize(
    ("supplies", "options"),
    [
        ("vendor_status", {}),
        ("vendor_correspondence", {"folder": "letters"}),
        ("vendor_correspondence", {"folder": "letters", "paths": "../*"}),
        ("vendor_status", {"url": "ftp://status.example.com"}),
        ("complaint", {"url": "https://status.example.com"}),
    ],
)
def test_an_entry_must_name_what_its_kinds_need(supplies: str, options: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        check(entry("vendor", supplies, options=options))
