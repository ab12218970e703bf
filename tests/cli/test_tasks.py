"""`andon ack` and `andon tasks`: what they send, what they print, how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.audit.story import INCIDENT
from tests.cli.running import Servant, andon
from tests.cli.test_commands import DETAIL

DECLARED = f"/v1/incidents/{INCIDENT}/declarations"
TASKS = f"/v1/incidents/{INCIDENT}/tasks"
TASK: dict[str, Any] = {
    "id": "look_back-1",
    "incident": INCIDENT,
    "title": "Look back for further cases",
    "role": "operations",
    "state": "open",
    "overdue": True,
    "due": "2026-11-21T09:30:00Z",
    "closes_with": None,
    "acting": None,
    "shows": [{"shows": "logs", "command": f"andon evidence list {INCIDENT}"}],
}


@pytest.fixture
def ready(servant: Servant, tmp_path: Path) -> Path:
    return servant.ready(tmp_path / "ready.json", tokens={"business_owner": "t-owner", "operations": "t-ops"})


def test_the_owner_says_that_they_have_it_in_one_word(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[DECLARED] = (201, {"incident": INCIDENT, "kind": "acknowledged", "about": {}})
    done = andon("ack", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "you have it" in done.stdout
    [call] = servant.calls
    assert (call.token, call.body) == ("t-owner", {"kind": "acknowledged", "reason": "I have it."})
    assert call.key


def test_whoever_stands_in_says_it_in_the_owners_role(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers[DECLARED] = (201, {"incident": INCIDENT, "kind": "acknowledged", "about": {}})
    words = ("ack", INCIDENT, "--standing-in", "--as", "operations", "--ready-file", ready, "--json")
    assert json.loads(andon(*words, cwd=tmp_path, check=0).stdout)["kind"] == "acknowledged"
    [call] = servant.calls
    assert (call.token, call.body["role"]) == ("t-ops", "business_owner")


def test_tasks_are_listed_with_their_clock_and_what_to_look_at(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    servant.answers[TASKS] = (200, {"tasks": [TASK]})
    words = ("tasks", INCIDENT, "--role", "operations", "--state", "open", "--as", "operations")
    done = andon(*words, "--ready-file", ready, cwd=tmp_path, env={"COLUMNS": "300"}, check=0)
    told = " ".join(done.stdout.split())
    for part in ("look_back-1", "Look back for further cases", "overdue", f"andon evidence list {INCIDENT}"):
        assert part in told
    assert servant.calls[0].query == {"role": "operations", "state": "open"}


def test_without_an_incident_it_lists_my_open_tasks(servant: Servant, ready: Path, tmp_path: Path) -> None:
    servant.answers["/v1/me/tasks"] = (200, {"tasks": []})
    done = andon("tasks", "--as", "operations", "--ready-file", ready, cwd=tmp_path, check=0)
    assert "Nothing to do." in done.stdout
    wrong = andon(
        "tasks", "--role", "legal", "--as", "operations", "--ready-file", ready, cwd=tmp_path, check=2
    )
    assert "take an incident" in wrong.stderr


@pytest.mark.parametrize("state", ["done", "cannot"])
def test_a_task_is_closed_with_a_reason_in_the_role_it_can_be_closed_in(
    servant: Servant, ready: Path, tmp_path: Path, state: str
) -> None:
    servant.answers[TASKS] = (200, {"tasks": [{**TASK, "acting": "operations"}]})
    servant.answers[DECLARED] = (201, {"incident": INCIDENT, "kind": "task", "about": {}})
    words = ("tasks", state, INCIDENT, "look_back-1", "--reason", "11 cases", "--as", "operations")
    andon(*words, "--ready-file", ready, cwd=tmp_path, check=0)
    assert servant.calls[-1].body == {
        "kind": "task",
        "about": {"task": "look_back-1", "state": state},
        "reason": "11 cases",
        "role": "operations",
    }


@pytest.mark.parametrize(
    ("answered", "code"),
    [
        ((409, {"detail": "No effect.", "refusal": "already_so"}), 1),
        ((403, {"detail": "No effect.", "refusal": "wrong_role"}), 4),
        ((422, {"detail": "No effect.", "refusal": "about"}), 2),
    ],
)
def test_a_refusal_is_told_and_ends_with_its_code(
    servant: Servant, ready: Path, tmp_path: Path, answered: tuple[int, dict[str, str]], code: int
) -> None:
    servant.answers[TASKS] = (200, {"tasks": [TASK]})
    servant.answers[DECLARED] = answered
    words = ("tasks", "done", INCIDENT, "look_back-1", "--reason", "x", "--as", "operations")
    assert answered[1]["refusal"] in andon(*words, "--ready-file", ready, cwd=tmp_path, check=code).stderr


def test_show_says_whether_the_owner_has_it_and_warns_when_nobody_leads(
    servant: Servant, ready: Path, tmp_path: Path
) -> None:
    owner = {"person": "bela", "state": "overdue", "due": "2026-11-21T09:30:00Z", "acknowledged_by": None}
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (200, {**DETAIL, "owner": owner, "leaderless": True})
    words = ("show", INCIDENT, "--as", "operations", "--ready-file", ready)
    done = andon(*words, cwd=tmp_path, env={"COLUMNS": "300"}, check=0)
    assert "bela, not heard of in time" in " ".join(done.stdout.split())
    assert "nothing was heard of the business owner" in done.stderr
    assert "nobody leads" in done.stderr
    in_hand = {**owner, "state": "in_hand", "acknowledged_by": "oscar"}
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (200, {**DETAIL, "owner": in_hand})
    assert "oscar has it in hand" in " ".join(andon(*words, cwd=tmp_path, check=0).stdout.split())
