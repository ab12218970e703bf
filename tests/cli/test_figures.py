"""`andon figures`: the period it asks for, and what it prints and writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from andon.domain.figures import Asked, counted
from tests.cli.running import Servant, andon, serving

BEGUN, ENDED = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)


def test_figures_are_printed_as_words_or_json_or_go_to_a_folder(tmp_path: Path) -> None:
    found = counted((), Asked(since=BEGUN, until=ENDED), ENDED).model_dump(mode="json")
    with serving(Servant()) as servant:
        servant.answers["/v1/figures"] = (200, found)
        ready = servant.ready(tmp_path / "ready.json", tokens={"responder": "t-read"})
        words = ("figures", "--from", "2026-07-01", "--to", "2026-10-01", "--ready-file", ready)
        printed = andon(*words, cwd=tmp_path, check=0)
        assert "2026-07-01" in printed.stdout
        assert json.loads(andon(*words, "--json", cwd=tmp_path, check=0).stdout) == found
        told = andon(*words, "--out", "figures", cwd=tmp_path, check=0).stdout
    written = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert written
    assert {path.rpartition(".")[2] for path in written} == {"csv"}
    assert all(f"Written to figures/{name}." in told for name in written)
    [query, *_] = [call.query for call in servant.calls]
    assert (query["since"], query["until"]) == ("2026-07-01T00:00:00+00:00", "2026-10-01T00:00:00+00:00")
