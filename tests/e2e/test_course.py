"""One real incident from detection to the closed file, and what an auditor can do with it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from andon.audit.layout import RESPONSE
from tests.audit.bundled import again
from tests.e2e.course import Course
from tests.e2e.people import People

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
MOST_EVENTS = 250


def test_after_proof_not_one_refund_begins_although_customers_keep_coming(course: Course) -> None:
    assert course.answered["contained"] is True
    assert course.counted.before > 0
    assert course.counted.after == 0
    print(f"refunds before {course.counted.before}, in flight {course.counted.in_flight}, after 0")


def test_every_stage_was_passed_and_every_order_let_go_once(course: Course) -> None:
    shown = course.shown
    assert (shown["stage"], shown["ending"]) == ("closed", "restarted")
    assert {one["stage"] for one in shown["stages"]} >= {
        *("detect", "contain", "triage_classify", "preserve_evidence", "assess_impact", "communicate"),
        *("investigate", "correct_remediate", "validate_restart", "monitor", "learn_close"),
    }
    assert [order["state"] for order in shown["orders"]] == ["released"] * len(shown["orders"])
    assert {"triage", "legal_review", "impact", "diagnosis", "remediation", "restart", "lessons"} == {
        one["kind"] for one in shown["decisions"]
    }
    assert shown["gate"]["open"] is True
    assert shown["evaluation"]["incident_case"] is True


def test_the_console_lists_it_and_shows_its_chain_and_file(people: People, course: Course) -> None:
    listed = people.ask("auditor", "/v1/incidents", state="closed", system="refund_desk").json()
    assert course.name in {one["id"] for one in listed["incidents"]}
    entries = people.ledger(course.name)
    assert [entry["sequence"] for entry in entries] == list(range(len(entries)))
    heads = course.shown["heads"]
    assert heads["workflow"] == heads["response"]
    file = people.ask("auditor", f"/v1/incidents/{course.name}/file")
    assert file.status_code == 200


def test_no_free_text_reaches_temporal(people: People, course: Course) -> None:
    history = people.temporal("show", course.name, "--output", "json").decode()
    assert course.reported["title"] not in history
    assert "says responder" not in history


def test_what_temporal_shows_replays_and_is_short(people: People, course: Course, tmp_path: Path) -> None:
    history = tmp_path / "run.json"
    history.write_bytes(people.temporal("show", course.name, "--output", "json"))
    replayed = people.said("audit", "replay", "--history", history)
    assert replayed["ok"] is True
    assert replayed["runs"][0]["events"] <= MOST_EVENTS
    live = people.said("audit", "replay", course.name)
    assert [run["ok"] for run in live["runs"]] == [True] * len(live["runs"])


def test_it_verifies_live_and_offline(people: People, course: Course, tmp_path: Path) -> None:
    assert people.said("audit", "verify", course.name)["holds"] is True
    assert all(exported(people, course, tmp_path)["steps"])


def exported(people: People, course: Course, folder: Path) -> Any:
    """Export a bundle into a folder and verify it there."""
    out, keys = folder / "bundle", folder / "keys.json"
    people.andon("audit", "export", course.name, out, "--trust-out", keys)
    return people.said("audit", "verify", out, "--trust", keys)


def broken(report: Any) -> set[str]:
    """Return the places that a verification names."""
    assert report["holds"] is False
    return {finding["where"] for step in report["steps"] for finding in step["findings"]}


def test_one_changed_byte_in_an_exported_entry_is_named(
    people: People, course: Course, tmp_path: Path
) -> None:
    exported(people, course, tmp_path)
    path = tmp_path / "bundle" / RESPONSE
    lines = path.read_text().splitlines()
    number = next(n for n, line in enumerate(lines) if '"order_proven"' in line)
    lines[number] = lines[number].replace("false/STATIC", "false/STATIB")
    path.write_text("".join(f"{line}\n" for line in lines))
    again(tmp_path / "bundle")
    found = people.said("audit", "verify", tmp_path / "bundle", "--trust", tmp_path / "keys.json", check=1)
    assert f"entry {number}" in broken(found)


def test_one_changed_byte_in_an_exported_statement_is_named(
    people: People, course: Course, tmp_path: Path
) -> None:
    exported(people, course, tmp_path)
    path = sorted((tmp_path / "bundle/data/statements").iterdir())[0]
    text = path.read_text()
    place = text.index('"payload":"') + 50
    path.write_text(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :])
    again(tmp_path / "bundle")
    found = people.said("audit", "verify", tmp_path / "bundle", "--trust", tmp_path / "keys.json", check=1)
    assert any(path.stem[:16] in where for where in broken(found))


def test_a_bundle_holds_no_secret_of_the_stack(people: People, course: Course, tmp_path: Path) -> None:
    exported(people, course, tmp_path)
    setting = people.scene.setting
    ready = json.loads(setting.ready.read_text())
    secrets = [*ready["tokens"].values(), ready["s3"]["secret_key"]]
    keys = [path.read_bytes() for path in (setting.data / "keys").iterdir()]
    assert keys
    for path in (tmp_path / "bundle").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [one for one in secrets if one.encode() in content]
        assert not [one for one in keys if one in content]


def test_a_bundle_is_replayed_and_read_alone(people: People, course: Course, tmp_path: Path) -> None:
    exported(people, course, tmp_path)
    replayed = people.said("audit", "replay", tmp_path / "bundle")
    assert [run["ok"] for run in replayed["runs"]] == [True] * len(replayed["runs"])
    contained = next(one for one in people.ledger(course.name, "contained"))
    then = people.said("audit", "timeline", tmp_path / "bundle", "--at", contained["at"])["then"]
    assert (then["contained"], then["gate_open"]) == (True, None)


@contextmanager
def edited(people: People, table: str, column: str, old: str, new: str, incident: str) -> Iterator[int]:
    """Change one row of the register behind everybody's back, and put it right again."""
    path = people.scene.setting.data / "register.db"
    find = f"SELECT rowid, {column} FROM {table} WHERE incident = ? AND {column} LIKE ? LIMIT 1"  # noqa: S608 - the test's own words
    change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608 - the test's own words
    with closing(sqlite3.connect(path, timeout=10)) as register:
        row, text = register.execute(find, (incident, f"%{old}%")).fetchone()
        with register:
            register.execute(change, (text.replace(old, new, 1), row))
        try:
            yield row
        finally:
            with register:
                register.execute(change, (text, row))


def test_one_changed_byte_in_a_ledger_row_of_the_register_is_named(people: People, course: Course) -> None:
    with edited(people, "ledger_entries", "entry", "false/STATIC", "false/STATIB", course.name):
        found = broken(people.said("audit", "verify", course.name, check=1))
    number = next(entry["sequence"] for entry in people.ledger(course.name, "order_proven"))
    assert f"entry {number}" in found
    assert any(where.startswith(f"ledger/{course.name}/response/") for where in found)
    assert people.said("audit", "verify", course.name)["holds"] is True


def test_one_changed_byte_in_a_statement_of_the_register_is_named(people: People, course: Course) -> None:
    (digest, envelope), *_ = people.scene.rows(
        "register", "SELECT digest, envelope FROM statements WHERE incident = ?", course.name
    )
    signature = json.loads(envelope)["signatures"][0]["sig"]
    swapped = ("A" if signature[5] != "A" else "B").join((signature[:5], signature[6:]))
    with edited(people, "statements", "envelope", signature, swapped, course.name):
        found = broken(people.said("audit", "verify", course.name, check=1))
    assert any(digest[:16] in where for where in found)
