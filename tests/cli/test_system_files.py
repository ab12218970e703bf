"""The file of an AI system is tried before it is put in force, and says what would be stopped first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from playbooks.shipped import SHIPPED
from tests.cli.running import Servant, andon

SYSTEM: dict[str, Any] = {
    "id": "letters",
    "name": "Letters",
    "tier": "low",
    "owner": "bela",
    "levers": [{"verb": "pause_system"}, {"verb": "route_to_review"}],
}
FOUR: dict[str, Any] = {
    "fallback": {"owner": "oscar", "instructions": "By hand."},
    "review_standard": "A person reads each letter.",
    "escalation": ["ines"],
}
PEOPLE = {
    "people": [
        {"id": "bela", "name": "B", "roles": ["business_owner"], "channels": ["json://localhost:1"]},
        {"id": "oscar", "name": "O", "roles": ["operations"]},
        {"id": "ines", "name": "I", "roles": ["incident_lead"]},
    ]
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "letters.yaml"
    path.write_text(yaml.safe_dump({**SYSTEM, **changes}))
    return path


@pytest.fixture
def data(tmp_path: Path, servant: Servant) -> Path:
    """The data folder of an installation whose console is `servant`."""
    folder = tmp_path / "data"
    (folder / "systems").mkdir(parents=True)
    (folder / "people.yaml").write_text(yaml.safe_dump(PEOPLE))
    policy = {"systems": str(folder / "systems"), "people": str(folder / "people.yaml")}
    (folder / "settings.json").write_text(json.dumps({"policy": policy}))
    servant.ready(folder / "ready.json")
    return folder


def checked(folder: Path, *words: str | Path, check: int) -> dict[str, Any]:
    done = andon("systems", "check", *words, "--json", cwd=folder, check=check)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def findings(result: dict[str, Any], level: str) -> dict[str, str]:
    return {one["field"]: one["text"] for one in result["findings"] if one["level"] == level}


def test_a_low_tier_without_the_four_is_warned_and_a_high_one_refused(tmp_path: Path, data: Path) -> None:
    low = checked(tmp_path, written(tmp_path), "--data", data, check=0)
    assert {"fallback", "review_standard", "escalation"} <= set(findings(low, "warning"))
    refused = andon("systems", "check", written(tmp_path, tier="high"), cwd=tmp_path, check=2)
    for name in ("fallback", "review_standard", "escalation"):
        assert name in refused.stderr
    whole = checked(tmp_path, written(tmp_path, tier="high", **FOUR), "--data", data, check=0)
    assert findings(whole, "problem") == {}
    assert "bela can be reached" in findings(whole, "good")["owner"]


@pytest.mark.long
def test_trade_offs_that_nobody_stated_are_warned_of(tmp_path: Path) -> None:
    stated = {"trade_offs": {"logging_privacy": "Letters are kept, addresses are not."}}
    warned = findings(checked(tmp_path, written(tmp_path, **stated), check=0), "warning")
    assert [name for name in warned if name.startswith("trade_offs.")] == [
        "trade_offs.approval_latency",
        "trade_offs.containment_continuity",
        "trade_offs.autonomy_blast_radius",
    ]


def test_it_says_what_would_be_stopped_first_at_each_severity(tmp_path: Path) -> None:
    found = checked(tmp_path, written(tmp_path), check=0)
    levers = {band: [one["levers"] for one in stops] for band, stops in found["stopped_first"].items()}
    assert levers == {
        "low": [["letters.unreviewed.allowed"]],
        "medium": [["letters.unreviewed.allowed"]],
        "high": [["letters.allowed"]],
        "critical": [["letters.allowed"]],
    }
    shown = andon("systems", "check", "letters.yaml", cwd=tmp_path, check=0).stdout
    assert "What would be stopped, in this order" in shown


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"playbook": "letters"}, "playbook", "general"),
        ({"levers": [{"verb": "pause_system", "adapter": "gate"}]}, "levers.0", "no adapter gate;"),
        ({"levers": [{"verb": "revoke_credential"}]}, "levers.0", "pause_system"),
        (
            {"evaluation": {"suite": "s", "directory": "", "command": ["no-such-program"]}},
            "evaluation.command",
            "no program no-such-program",
        ),
        (
            {"evaluation": {"suite": "s", "kind": "pytest", "command": ["{python}"]}},
            "evaluation",
            "the command lacks {out}",
        ),
        (
            {"evaluation": {"suite": "s", "kind": "unheard_of"}},
            "evaluation",
            "there is no kind 'unheard_of'; use one of: command, http, inspect, promptfoo, pytest",
        ),
        (
            {"evidence": {"sources": [{"id": "crm", "kind": "sqll", "supplies": ["downstream_action"]}]}},
            "evidence.sources.0",
            "there is no kind 'sqll'; use one of: files, git,",
        ),
        (
            {"evidence": {"sources": [{"id": "crm", "kind": "sql", "supplies": ["downstream_action"]}]}},
            "evidence.sources.0",
            "sql needs option database, select",
        ),
        (
            {
                "evidence": {
                    "sources": [
                        {
                            "id": "desk",
                            "kind": "files",
                            "supplies": ["gossip"],
                            "options": {"folder": "logs", "paths": "*.log"},
                        }
                    ]
                }
            },
            "evidence.sources.0",
            "gossip is no kind of evidence",
        ),
        (
            {
                "evidence": {
                    "sources": [
                        {
                            "id": "changes",
                            "kind": "git",
                            "supplies": ["change_log"],
                            "options": {"repository": "desk", "branch": "main"},
                        }
                    ]
                }
            },
            "evidence.sources.0",
            "git knows no option branch; it knows: paths, repository, revision",
        ),
    ],
)
def test_what_can_not_work_is_a_problem(
    tmp_path: Path, changes: dict[str, object], field: str, said: str
) -> None:
    found = checked(tmp_path, written(tmp_path, **changes), check=1)
    assert said in findings(found, "problem")[field]


def test_a_source_whose_place_the_settings_lack_is_warned_of(tmp_path: Path, data: Path) -> None:
    logs = {"id": "logs", "kind": "files", "supplies": ["system_log"]}
    options = {"folder": "logs", "paths": "*.log"}
    file = written(tmp_path, evidence={"sources": [{**logs, "options": options}]})
    lacking = findings(checked(tmp_path, file, "--data", data, check=0), "warning")
    assert "put it into the settings under sources.folders" in lacking["evidence.sources.0"]
    settings = json.loads((data / "settings.json").read_text())
    named = {**settings, "sources": {"folders": {"logs": str(tmp_path)}}}
    (data / "settings.json").write_text(json.dumps(named))
    assert "evidence.sources.0" not in findings(checked(tmp_path, file, "--data", data, check=0), "warning")


def test_a_versions_endpoint_is_asked(tmp_path: Path, data: Path, servant: Servant) -> None:
    servant.answers["/versions"] = (200, {"model": "m-1", "prompt": "p-7"})
    answering = written(tmp_path, evidence={"versions_url": f"{servant.url}/versions"})
    refused = findings(checked(tmp_path, answering, check=0), "warning")["evidence.versions_url"]
    assert "was not called" in refused
    assert "sources.private_hosts" in refused
    assert servant.calls == []
    settings = json.loads((data / "settings.json").read_text())
    named = {**settings, "sources": {"private_hosts": [servant.url.removeprefix("http://")]}}
    (data / "settings.json").write_text(json.dumps(named))
    found = checked(tmp_path, answering, "--data", data, check=0)
    assert findings(found, "good")["evidence.versions_url"] == "answers with model, prompt"
    silent = written(tmp_path, evidence={"versions_url": f"{servant.url}/nothing"})
    told = findings(checked(tmp_path, silent, "--data", data, check=0), "warning")
    assert "404" in told["evidence.versions_url"]


def test_people_who_are_not_in_the_directory_are_named(tmp_path: Path, data: Path) -> None:
    stranger = checked(tmp_path, written(tmp_path, owner="zoe"), "--data", data, check=1)
    assert "zoe is not in the directory" in findings(stranger, "problem")["owner"]
    four = {**FOUR, "escalation": ["ines", "yan"]}
    high = checked(tmp_path, written(tmp_path, tier="high", **four), "--data", data, check=1)
    assert findings(high, "problem") == {"escalation.1": "yan is not in the directory"}
    silent = checked(tmp_path, written(tmp_path, owner="ines"), "--data", data, check=0)
    assert any("no channel" in one["text"] for one in silent["findings"])


def in_force(**changes: object) -> tuple[int, dict[str, Any]]:
    levers = [{"id": "letters.allowed"}, {"id": "letters.unreviewed.allowed"}]
    shown = {"id": "letters", "name": "Letters", "tier": "low", "business_owner": "bela"}
    return 200, {"systems": [{**shown, "in_inventory": True, "levers": levers, **changes}]}


def test_a_file_that_is_fit_is_put_into_the_folder_and_shown_in_force(
    tmp_path: Path, data: Path, servant: Servant
) -> None:
    servant.answers["/v1/systems"] = in_force()
    file = written(tmp_path)
    done = andon("systems", "add", file, "--data", data, "--json", cwd=tmp_path, check=0)
    assert json.loads(done.stdout)["in_force"] is True
    assert (data / "systems" / "letters.yaml").read_bytes() == file.read_bytes()
    assert [path.name for path in (data / "systems").iterdir()] == ["letters.yaml"]
    listed = andon("systems", "check", "letters", "--data", data, "--json", cwd=tmp_path, check=0)
    assert json.loads(listed.stdout)["system"] == "letters"


def test_a_file_with_a_problem_changes_nothing(tmp_path: Path, data: Path) -> None:
    andon("systems", "add", written(tmp_path, owner="zoe"), "--data", data, cwd=tmp_path, check=1)
    assert list((data / "systems").iterdir()) == []


def test_another_file_with_its_id_is_replaced_only_on_demand(
    tmp_path: Path, data: Path, servant: Servant
) -> None:
    servant.answers["/v1/systems"] = in_force()
    target = written(data / "systems", purpose="An older one")
    file = written(tmp_path)
    refused = andon("systems", "add", file, "--data", data, cwd=tmp_path, check=1)
    assert "--replace" in refused.stderr
    assert "older" in target.read_text()
    andon("systems", "add", file, "--replace", "--data", data, cwd=tmp_path, check=0)
    assert "older" not in target.read_text()


def test_a_suite_that_would_run_elsewhere_after_the_copy_is_refused(tmp_path: Path, data: Path) -> None:
    suite = {"suite": "s", "directory": ".", "command": ["{python}"]}
    refused = andon(
        "systems", "add", written(tmp_path, evaluation=suite), "--data", data, cwd=tmp_path, check=2
    )
    assert f"write it in full, as {tmp_path}" in refused.stderr
    assert list((data / "systems").iterdir()) == []


def test_a_system_nobody_registered_is_flagged(tmp_path: Path, data: Path, servant: Servant) -> None:
    servant.answers["/v1/systems"] = in_force(in_inventory=False)
    assert "not registered" in andon("systems", "--data", data, cwd=tmp_path, check=0).stdout
    (one,) = in_force(in_inventory=False)[1]["systems"]
    servant.answers["/v1/systems/letters"] = (200, one)
    shown = andon("systems", "show", "letters", "--data", data, cwd=tmp_path, check=0)
    assert "Nobody has registered it" in shown.stderr
    assert "logging against privacy" in shown.stdout
    assert "nobody has said" in shown.stdout


def test_nothing_is_added_to_the_shipped_example(tmp_path: Path, data: Path) -> None:
    policy = {"systems": str(SHIPPED / "systems"), "people": str(data / "people.yaml")}
    (data / "settings.json").write_text(json.dumps({"policy": policy}))
    before = sorted(SHIPPED.glob("systems/*"))
    refused = andon("systems", "add", written(tmp_path), "--data", data, cwd=tmp_path, check=1)
    assert "--systems DIR" in refused.stderr
    assert sorted(SHIPPED.glob("systems/*")) == before
