"""`andon audit` on files: no server, no network, and an answer scripts can use."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from andon.audit.exported import Exported
from andon.audit.layout import ABOUT, RESPONSE
from andon.audit.stage import stage
from andon.audit.write import Staging
from tests.audit.bundled import EXPORTED_AT, again
from tests.audit.story import INCIDENT, OTHER_SEED, TRUST, locked_copies, trust_in, whole_story
from tests.cli.running import Servant, andon, serving

STORY = whole_story()


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(TRUST.model_dump_json())
    return path


def written(exported: Exported, folder: Path) -> Path:
    """Write a story as a bundle, with the objects that its manifests name."""
    staging = Staging(folder / "bundle")
    for manifest in STORY.manifests:
        for number, item in enumerate(manifest.items):
            staging.stream(item.key, [f"{manifest.snapshot}/{number}".encode()])
    stage(staging, exported, locked=locked_copies(STORY))
    return staging.finish(INCIDENT, EXPORTED_AT, agent="test")


def test_an_untouched_bundle_holds(tmp_path: Path, trust: Path) -> None:
    done = andon(
        "audit", "verify", written(STORY.exported(), tmp_path), "--trust", trust, cwd=tmp_path, check=0
    )
    assert "1. package: holds" in done.stdout
    assert "2. checkpoint: not checked" in done.stdout
    assert f"{INCIDENT} holds: {len(STORY.entries)} entries, head {STORY.head().digest}" in done.stdout


def test_one_changed_byte_ends_with_1_and_names_the_entry(tmp_path: Path, trust: Path) -> None:
    path = written(STORY.exported(), tmp_path)
    lines = path / RESPONSE
    lines.write_text(lines.read_text().replace("false/STATIC", "Ffalse/STATI", 1))
    done = andon("audit", "verify", path, "--trust", trust, cwd=tmp_path, check=1)
    assert f"BROKEN {RESPONSE}: has another digest" in done.stdout
    again(path)
    done = andon("audit", "verify", path, "--trust", trust, cwd=tmp_path, check=1)
    assert "BROKEN entry 4: was altered, added or exchanged" in done.stdout
    report = json.loads(
        andon("audit", "verify", path, "--trust", trust, "--json", cwd=tmp_path, check=1).stdout
    )
    assert report["holds"] is False
    broken = {step["title"] for step in report["steps"] if step["outcome"] == "broken"}
    assert broken == {"chain", "locked copies"}


def test_one_changed_byte_of_a_statement_names_it(tmp_path: Path, trust: Path) -> None:
    exported = STORY.exported()
    digest, line = next(iter(exported.statements.items()))
    place = line.index('"payload":"') + 30
    altered = line[:place] + ("A" if line[place] != "A" else "B") + line[place + 1 :]
    changed = replace(exported, statements={**exported.statements, digest: altered})
    done = andon("audit", "verify", written(changed, tmp_path), "--trust", trust, cwd=tmp_path, check=1)
    assert f"BROKEN statement {digest[:16]}" in done.stdout


def test_keys_nobody_trusts_make_every_answer_count_for_nothing(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(trust_in(OTHER_SEED).model_dump_json())
    done = andon(
        "audit", "verify", written(STORY.exported(), tmp_path), "--trust", other, cwd=tmp_path, check=1
    )
    assert done.stdout.count("is not trusted here") == 4


KEYS = TRUST.attestation
UNUSABLE: dict[str, Any] = {
    "a list": [],
    "no key": {"format": "andon-trust/1", "attestation": {}},
    "a bare list of keys": KEYS,
    "a key under another's id": {
        "format": "andon-trust/1",
        "attestation": {"0" * 64: next(iter(KEYS.values()))},
    },
    "a key that is not base64": {"format": "andon-trust/1", "attestation": {"0" * 64: "?"}},
    "a log that is none": {"format": "andon-trust/1", "attestation": KEYS, "log": ["log"]},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_trust_that_cant_be_used_ends_with_2(name: str, tmp_path: Path) -> None:
    trust = tmp_path / "keys.json"
    trust.write_text(json.dumps(UNUSABLE[name]))
    path = written(STORY.exported(), tmp_path)
    done = andon("audit", "verify", path, "--trust", trust, cwd=tmp_path, check=2)
    assert done.stderr.startswith("andon: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_file_that_is_no_bundle_ends_with_2(content: str, tmp_path: Path, trust: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text(content)
    done = andon("audit", "verify", path, "--trust", trust, cwd=tmp_path, check=2)
    assert "is no bundle" in done.stderr


@pytest.mark.parametrize("about", ["{", '{"format":"andon-bundle/2","incident":"INC-20261121-abc123"}', "[]"])
def test_a_bundle_of_another_format_ends_with_2(about: str, tmp_path: Path, trust: Path) -> None:
    path = written(STORY.exported(), tmp_path)
    (path / ABOUT).write_text(about)
    done = andon("audit", "verify", path, "--trust", trust, cwd=tmp_path, check=2)
    assert done.stderr.startswith("andon: data/bundle.json")


def test_verifying_a_bundle_needs_trusted_keys(tmp_path: Path) -> None:
    done = andon("audit", "verify", written(STORY.exported(), tmp_path), cwd=tmp_path, check=2)
    assert "--trust FILE" in done.stderr


def test_the_timeline_of_a_bundle_shows_what_was_known_at_a_moment(tmp_path: Path) -> None:
    path = written(STORY.exported(), tmp_path)
    moment = STORY.entries[8].at.isoformat()
    done = andon("audit", "timeline", path, "--at", moment, cwd=tmp_path, check=0)
    assert "triage-1" in done.stdout
    assert "restart-1" not in done.stdout
    assert "late=no" in done.stdout
    assert not re.search(r"\b(True|False|\d{4}-\d\d-\d\dT)", done.stdout)
    plain = andon("audit", "timeline", path, "--at", moment, "--json", cwd=tmp_path, check=0)
    known = json.loads(plain.stdout)["known"]
    assert (known["contained"], known["questions"], known["evidence_snapshots"]) == (True, ["triage-1"], 1)
    whole = json.loads(andon("audit", "timeline", path, "--json", cwd=tmp_path, check=0).stdout)
    assert len(whole["entries"]) == len(STORY.entries)


def test_a_history_that_is_none_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("{}")
    assert "is no history" in andon("audit", "replay", "--history", path, cwd=tmp_path, check=2).stderr


@pytest.fixture
def live(tmp_path: Path) -> Any:
    """A console that gives out the story in the shapes of the real one."""
    exported = STORY.exported()
    entries = [json.loads(line) for line in exported.entries]
    questions = [
        {"digest": digest, "request": json.loads(line)} for digest, line in exported.requests.items()
    ]
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
                if query.get("chain") != "access"
                else []
            },
        ),
        f"/v1/incidents/{INCIDENT}/evidence": (
            200,
            {"manifests": [json.loads(line) for line in exported.manifests], "items": [], "gaps": []},
        ),
        f"/v1/incidents/{INCIDENT}/directories": (
            200,
            {digest: json.loads(line) for digest, line in exported.directories.items()},
        ),
        "/v1/trust": (200, KEYS),
        f"/v1/incidents/{INCIDENT}/exports": (201, {"sequence": 0}),
    }
    for digest, line in exported.statements.items():
        servant.answers[f"/v1/incidents/{INCIDENT}/statements/{digest}"] = (200, json.loads(line))
    with serving(servant):
        yield servant


def test_an_export_that_cant_reach_the_store_writes_no_bundle(live: Servant, tmp_path: Path) -> None:
    ready = live.ready(tmp_path / "ready.json")
    out = tmp_path / "out.zip"
    done = andon("audit", "export", INCIDENT, out, "--ready-file", ready, cwd=tmp_path, check=3)
    assert "no way to the evidence store" in done.stderr
    assert not out.exists()
    assert {call.token for call in live.calls} == {"token-auditor"}


def test_an_export_is_on_record_before_anything_is_read(live: Servant, tmp_path: Path) -> None:
    del live.answers[f"/v1/incidents/{INCIDENT}/exports"]
    ready = live.ready(tmp_path / "ready.json")
    andon("audit", "export", INCIDENT, tmp_path / "out", "--ready-file", ready, cwd=tmp_path, check=2)
    assert [call.path for call in live.calls] == [f"/v1/incidents/{INCIDENT}/exports"]


def test_an_export_never_writes_over_anything(live: Servant, tmp_path: Path) -> None:
    ready = live.ready(tmp_path / "ready.json")
    done = andon("audit", "export", INCIDENT, tmp_path, "--ready-file", ready, cwd=tmp_path, check=2)
    assert "is there already" in done.stderr


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
