"""One real incident from detection to the closed file, and what an auditor can do with it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

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
    """Export the audit set into a folder and verify it there."""
    out, keys = folder / "set.json", folder / "keys.json"
    people.andon("audit", "export", course.name, "--out", out, "--trust-out", keys)
    return people.said("audit", "verify", out, "--trust", keys)


def broken(report: Any) -> set[str]:
    """Return the places that a verification names."""
    assert report["holds"] is False
    return {finding["where"] for step in report["steps"] for finding in step["findings"]}


def test_one_changed_byte_in_an_exported_entry_is_named(
    people: People, course: Course, tmp_path: Path
) -> None:
    exported(people, course, tmp_path)
    taken = json.loads((tmp_path / "set.json").read_text())
    number = next(n for n, line in enumerate(taken["entries"]) if '"order_proven"' in line)
    taken["entries"][number] = taken["entries"][number].replace("false/STATIC", "false/STATIB")
    (tmp_path / "set.json").write_text(json.dumps(taken))
    found = people.said("audit", "verify", tmp_path / "set.json", "--trust", tmp_path / "keys.json", check=1)
    assert f"entry {number}" in broken(found)


def test_one_changed_byte_in_an_exported_statement_is_named(
    people: People, course: Course, tmp_path: Path
) -> None:
    exported(people, course, tmp_path)
    taken = json.loads((tmp_path / "set.json").read_text())
    digest, line = next(iter(taken["statements"].items()))
    envelope = json.loads(line)
    payload = envelope["payload"]
    swapped = "A" if payload[40] != "A" else "B"
    envelope["payload"] = payload[:40] + swapped + payload[41:]
    taken["statements"][digest] = json.dumps(envelope, sort_keys=True, separators=(",", ":"))
    (tmp_path / "set.json").write_text(json.dumps(taken))
    found = people.said("audit", "verify", tmp_path / "set.json", "--trust", tmp_path / "keys.json", check=1)
    assert any(digest[:16] in where for where in broken(found))


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
