"""What was changed lately, from a real repository: none differs from not available (INV-04)."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.adapters.sources.kinds import check
from andon.config import SourceSettings
from andon.domain.errors import InvalidInputError
from tests.adapters.sources.asked import Came, came_of, entry, means, query

DAY = timedelta(days=1)


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, at: datetime | None = None) -> str:
        when = (at or datetime.now(UTC)).isoformat()
        ran = subprocess.run(
            ("git", "-c", "user.name=Ana", "-c", "user.email=ana@example.com", *words),
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
        )
        return ran.stdout.strip()

    def commit(self, name: str, content: str, ago: timedelta = timedelta(0)) -> str:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        self.git("add", name)
        self.git("commit", "-q", "-m", f"change {name}", at=datetime.now(UTC) - ago)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def desk(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "desk")
    made.commit("prompts/answer.txt", "be kind", ago=DAY)
    return made


async def got(folder: Path, **options: str) -> Came:
    described = entry("git", "change_log", options={"repository": "desk", **options})
    return await came_of(described, means(SourceSettings(repositories={"desk": folder})))


def told(found: Came) -> dict[str, Any]:
    (item,) = found.items
    said: dict[str, Any] = json.loads(item.content)
    return said


async def test_the_commits_of_the_window_come_in_with_what_they_changed(desk: Repository) -> None:
    before = desk.git("rev-parse", "HEAD")
    head = desk.commit("prompts/answer.txt", "be kind and generous")
    said = told(await got(desk.folder))
    assert (said["revision"], said["before_the_window"]) == (head, before)
    (commit,) = said["commits"]
    assert (commit["hash"], commit["subject"], commit["author"]) == (head, "change prompts/answer.txt", "Ana")
    assert commit["names"] == said["changed_names"] == ["M\tprompts/answer.txt"]


async def test_no_change_is_an_answer_and_no_repository_is_a_gap(desk: Repository, tmp_path: Path) -> None:
    none = await got(desk.folder)
    assert (told(none)["commits"], told(none)["changed_names"], none.gaps) == ([], [], [])
    gone = await got(tmp_path / "nowhere")
    assert gone.items == []
    assert gone.reasons == {"deployment_history": "unreachable"}


async def test_only_named_paths_are_told_of(desk: Repository) -> None:
    desk.commit("prompts/answer.txt", "be brief")
    desk.commit("docs/readme.md", "hello")
    said = told(await got(desk.folder, paths="prompts, tools"))
    assert [one["names"] for one in said["commits"]] == [["M\tprompts/answer.txt"]]
    assert said["changed_names"] == ["M\tprompts/answer.txt"]


async def test_a_commit_whose_clock_was_wrong_does_not_hide_those_behind_it(desk: Repository) -> None:
    hidden = desk.commit("a.txt", "1")
    desk.commit("b.txt", "2", ago=30 * DAY)
    assert [one["hash"] for one in told(await got(desk.folder))["commits"]] == [hidden]


@pytest.mark.long
async def test_a_repository_without_commits_is_empty(tmp_path: Path) -> None:
    made = Repository(tmp_path / "desk")
    assert (await got(made.folder)).reasons == {"deployment_history": "empty"}


@pytest.mark.long
async def test_a_shallow_copy_that_begins_within_the_window_is_kept_and_its_loss_named(
    desk: Repository, tmp_path: Path
) -> None:
    desk.commit("a.txt", "1")
    desk.commit("a.txt", "2")
    desk.git("clone", "-q", "--depth=1", f"file://{desk.folder}", str(tmp_path / "copy"))
    found = await got(tmp_path / "copy")
    assert not told(found)["complete"]
    assert found.reasons == {"deployment_history": "retention"}


async def test_nothing_that_the_repository_configures_is_run(desk: Repository, tmp_path: Path) -> None:
    trap, sprung = tmp_path / "trap.sh", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "diff.external",
        "diff.x.textconv",
        "gpg.program",
        "core.pager",
        "core.sshCommand",
    ):
        desk.git("config", name, str(trap))
    desk.git("config", "log.showSignature", "true")
    (desk.folder / ".gitattributes").write_text("* diff=x\n")
    desk.git("-c", "core.fsmonitor=false", "add", ".gitattributes")
    sprung.unlink(missing_ok=True)
    head = desk.git("rev-parse", "HEAD")
    found = await got(desk.folder)
    assert told(found)["revision"] == head
    assert not sprung.exists()


@pytest.mark.long
async def test_odd_names_and_subjects_stay_text(desk: Repository) -> None:
    desk.commit("prompts/übung \x1b[31m.txt", "x")
    (commit,) = told(await got(desk.folder))["commits"]
    assert "übung" in commit["names"][0]


@pytest.mark.parametrize(
    "options",
    [
        {"revision": "--output=/tmp/x"},
        {"revision": "main..other"},
        {"paths": "../other"},
        {"paths": ":(top)x"},
    ],
)
def test_options_that_git_could_take_for_its_own_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        check(entry("git", "change_log", options={"repository": "desk", **options}))


def test_it_supplies_a_change_log_and_nothing_else() -> None:
    with pytest.raises(InvalidInputError, match="can't supply prompt"):
        check(entry("git", "prompt", options={"repository": "desk"}))


@pytest.mark.long
async def test_its_own_window_may_be_longer_than_the_playbooks(desk: Repository) -> None:
    described = entry("git", "change_log", options={"repository": "desk"}, look_back_minutes=3 * 24 * 60)
    using = means(SourceSettings(repositories={"desk": desk.folder}))
    assert len(told(await came_of(described, using, query()))["commits"]) == 1
