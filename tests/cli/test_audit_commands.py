"""`andon audit` on files: no server, no network, and an answer scripts can use."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from andon.audit.auditset import AuditSet
from tests.audit.story import INCIDENT, OTHER_SEED, TRUST, trust_in, whole_story
from tests.cli.running import Servant, andon, serving

STORY = whole_story()


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(TRUST))
    return path


def written(audit: AuditSet, folder: Path) -> Path:
    path = folder / "set.json"
    path.write_text(audit.model_dump_json(indent=1))
    return path


def test_an_untouched_set_holds(tmp_path: Path, trust: Path) -> None:
    done = andon(
        "audit", "verify", written(STORY.exported(), tmp_path), "--trust", trust, cwd=tmp_path, check=0
    )
    assert "1. form: holds" in done.stdout
    assert "4. locked copies: not checked" in done.stdout
    assert f"{INCIDENT} holds: {len(STORY.entries)} entries, head {STORY.head().digest}" in done.stdout


def test_one_changed_byte_ends_with_1_and_names_the_entry(tmp_path: Path, trust: Path) -> None:
    path = written(STORY.exported(), tmp_path)
    text = path.read_text()
    place = text.index("false/STATIC")
    path.write_text(text[:place] + "F" + text[place + 1 :])
    done = andon("audit", "verify", path, "--trust", trust, cwd=tmp_path, check=1)
    assert "BROKEN entry 4: was altered, added or exchanged" in done.stdout
    report = json.loads(
        andon("audit", "verify", path, "--trust", trust, "--json", cwd=tmp_path, check=1).stdout
    )
    assert report["holds"] is False
    assert [step["step"] for step in report["steps"] if step["outcome"] == "broken"] == [2]


def test_one_changed_byte_of_a_statement_names_it(tmp_path: Path, trust: Path) -> None:
    audit = STORY.exported()
    digest, line = next(iter(audit.statements.items()))
    place = line.index('"payload":"') + 30
    altered = line[:place] + ("A" if line[place] != "A" else "B") + line[place + 1 :]
    changed = audit.model_copy(update={"statements": {**audit.statements, digest: altered}})
    done = andon("audit", "verify", written(changed, tmp_path), "--trust", trust, cwd=tmp_path, check=1)
    assert f"BROKEN statement {digest[:16]}" in done.stdout


def test_keys_nobody_trusts_make_every_answer_count_for_nothing(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(trust_in(OTHER_SEED)))
    done = andon(
        "audit", "verify", written(STORY.exported(), tmp_path), "--trust", other, cwd=tmp_path, check=1
    )
    assert done.stdout.count("is not trusted here") == 4


UNUSABLE: dict[str, tuple[str, Any]] = {
    "not JSON": ("set", "{"),
    "not a set": ("set", {"format": "andon-bundle/1"}),
    "an unknown field": ("set", {**json.loads(STORY.exported().model_dump_json()), "more": 1}),
    "a list": ("set", []),
    "trust that is a list": ("trust", []),
    "trust without a key": ("trust", {}),
    "a key under another's id": ("trust", {"0" * 64: next(iter(TRUST.values()))}),
    "a key that is not base64": ("trust", {"0" * 64: "?"}),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_input_that_cant_be_used_ends_with_2(name: str, tmp_path: Path, trust: Path) -> None:
    which, content = UNUSABLE[name]
    path = written(STORY.exported(), tmp_path)
    (path if which == "set" else trust).write_text(
        content if isinstance(content, str) else json.dumps(content)
    )
    done = andon("audit", "verify", path, "--trust", trust, cwd=tmp_path, check=2)
    assert done.stderr.startswith("andon: ")
    assert "Traceback" not in done.stderr


def test_verifying_a_file_needs_trusted_keys(tmp_path: Path) -> None:
    done = andon("audit", "verify", written(STORY.exported(), tmp_path), cwd=tmp_path, check=2)
    assert "--trust FILE" in done.stderr


def test_the_timeline_of_a_file_shows_what_was_known_at_a_moment(tmp_path: Path) -> None:
    path = written(STORY.exported(), tmp_path)
    moment = STORY.entries[8].at.isoformat()
    done = andon("audit", "timeline", "--file", path, "--at", moment, cwd=tmp_path, check=0)
    assert "triage-1" in done.stdout
    assert "restart-1" not in done.stdout
    plain = andon("audit", "timeline", "--file", path, "--at", moment, "--json", cwd=tmp_path, check=0)
    known = json.loads(plain.stdout)["known"]
    assert (known["contained"], known["questions"], known["evidence_snapshots"]) == (True, ["triage-1"], 1)
    whole = json.loads(andon("audit", "timeline", "--file", path, "--json", cwd=tmp_path, check=0).stdout)
    assert len(whole["entries"]) == len(STORY.entries)


def test_a_history_that_is_none_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("{}")
    assert "is no history" in andon("audit", "replay", "--history", path, cwd=tmp_path, check=2).stderr


@pytest.fixture
def live(tmp_path: Path) -> Any:
    """A console that gives out the story in the shapes of the real one."""
    audit = STORY.exported()
    entries = [json.loads(line) for line in audit.entries]
    questions = [{"digest": digest, "request": json.loads(line)} for digest, line in audit.requests.items()]
    head = STORY.head().model_dump()
    servant = Servant()
    servant.answers = {
        f"/v1/incidents/{INCIDENT}": (
            200,
            {"decisions": questions, "heads": {"workflow": head, "response": head, "access": {}}},
        ),
        f"/v1/incidents/{INCIDENT}/ledger": (
            200,
            lambda query: {
                "entries": [one for one in entries if one["sequence"] > int(query.get("after", -1))]
            },
        ),
        f"/v1/incidents/{INCIDENT}/evidence": (
            200,
            {"manifests": [json.loads(line) for line in audit.manifests], "items": [], "gaps": []},
        ),
        f"/v1/incidents/{INCIDENT}/directories": (
            200,
            {digest: json.loads(line) for digest, line in audit.directories.items()},
        ),
        "/v1/trust": (200, TRUST),
    }
    for digest, line in audit.statements.items():
        servant.answers[f"/v1/incidents/{INCIDENT}/statements/{digest}"] = (200, json.loads(line))
    with serving(servant):
        yield servant


def test_an_export_verifies_offline_and_is_for_its_owner_only(live: Servant, tmp_path: Path) -> None:
    ready = live.ready(tmp_path / "ready.json")
    out, keys = tmp_path / "out.json", tmp_path / "out.keys.json"
    words = ["audit", "export", INCIDENT, "--out", out, "--trust-out", keys, "--ready-file", ready]
    done = andon(*words, cwd=tmp_path, check=0)
    assert "no workflow history" in done.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert {call.token for call in live.calls} == {"token-auditor"}
    andon("audit", "verify", out, "--trust", keys, cwd=tmp_path, check=0)
    assert "is there already" in andon(*words, cwd=tmp_path, check=2).stderr


def test_live_verification_says_what_it_could_not_reach_and_whose_keys_it_used(
    live: Servant, tmp_path: Path
) -> None:
    ready = live.ready(tmp_path / "ready.json")
    done = andon("audit", "verify", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=0)
    assert "note: no way to the evidence store" in done.stdout
    assert "the keys are those the console itself names" in done.stdout


def test_a_console_that_lies_about_an_entry_is_found_out(live: Servant, tmp_path: Path) -> None:
    ready = live.ready(tmp_path / "ready.json")
    entries = [json.loads(line) for line in STORY.exported().entries]
    entries[9]["after"] = "false_positive"
    live.answers[f"/v1/incidents/{INCIDENT}/ledger"] = (200, {"entries": entries})
    done = andon("audit", "verify", INCIDENT, "--ready-file", ready, cwd=tmp_path, check=1)
    assert "entry 9" in done.stdout
