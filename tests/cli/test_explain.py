"""`andon explain`: a draft is shown, and what a person has read is published as it was written."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import Servant, andon

INCIDENT = "INC-20261121-abc123"
PLACE = f"/v1/incidents/{INCIDENT}"


def explain(ready: Path) -> tuple[str, ...]:
    return ("explain", INCIDENT, "--as", "responder", "--ready-file", str(ready))


def test_a_text_from_a_file_is_published_as_it_was_written(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[f"{PLACE}/explanation"] = (200, {"draft": "It paid twice.", "published": None})
    servant.answers[f"{PLACE}/declarations"] = (201, {"declaration": "d"})
    (tmp_path / "told.txt").write_text("It paid some refunds twice. It runs again.\n")
    done = andon(*explain(ready), "--publish", "told.txt", cwd=tmp_path, check=0)
    assert "published" in done.stdout
    (sent,) = [one.body for one in servant.calls if one.body]
    assert (sent["kind"], sent["reason"]) == ("explained", "It paid some refunds twice. It runs again.")


def test_without_a_flag_the_draft_is_shown_and_nothing_is_sent(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[f"{PLACE}/explanation"] = (200, {"draft": "It paid twice.", "published": None})
    done = andon(*explain(ready), cwd=tmp_path, check=0)
    assert "It paid twice." in done.stdout
    assert "nothing yet" in done.stdout
    assert not [one for one in servant.calls if one.body]


def test_there_is_nothing_to_publish_before_there_is_a_draft(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[f"{PLACE}/explanation"] = (200, {"draft": None, "published": None})
    done = andon(*explain(ready), "--as-drafted", cwd=tmp_path, check=2)
    assert "nothing to explain yet" in done.stderr
    both = andon(*explain(ready), "--as-drafted", "--publish", "x", cwd=tmp_path, check=2)
    assert "not both" in both.stderr
