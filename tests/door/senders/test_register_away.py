"""While the register takes nothing, foreign reports are kept like any other; words are asked for again."""

from __future__ import annotations

import pytest

from tests.api.server import bearer
from tests.door.conftest import Door
from tests.door.test_register_away import back, locked

EVENT = {
    "specversion": "1.0",
    "id": "away-1",
    "source": "/desk",
    "type": "com.example.leak",
    "data": {"ai_system": "refund_desk", "harm": "data_exposure"},
}


@pytest.mark.long
async def test_an_event_is_spooled_and_put_in_place_with_its_original(lonely: Door) -> None:
    headers = {"content-type": "application/cloudevents+json", **bearer("detector")}
    with locked(lonely.settings.data_dir):
        answer = await lonely.http.post("/v1/cloudevents", json=EVENT, headers=headers)
        told = answer.json()
        assert (answer.status_code, told["outcome"]) == (202, "spooled")
        event = {"event_action": "resolve", "dedup_key": "x", "routing_key": "andon_detector_secret"}
        said = await lonely.http.post("/v2/enqueue", json=event)
        assert said.status_code == 503
    await back(lonely)
    (row,) = lonely.incidents.list()
    (kept,) = lonely.detections.of(row.incident)
    assert kept.id == told["receipt"]
    assert kept.original is not None
    assert '"away-1"' in await lonely.texts.open(kept.original)
    again = (await lonely.http.post("/v1/cloudevents", json=EVENT, headers=headers)).json()
    assert again["receipt"] == told["receipt"]
    assert lonely.detections.count_joined(row.incident) == 0
