"""Holds what senders were told against what stands in the register and in Temporal.

It shares no code with Andon: it reads the senders' own log, asks SQLite in SQL, and lists workflows with the
`temporal` command. `python -m tests.storm.checker --help` says how to run it by hand.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LISTED = 60


@dataclass
class Verdict:
    """What was counted, and what is wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is lost, doubled or made up."""
        return not self.wrong

    def __str__(self) -> str:
        lines = [f"{name:44} {count:>8}" for name, count in self.counts.items()]
        return "\n".join([*lines, *(f"WRONG: {one}" for one in self.wrong[:LISTED])])


def acknowledged(log: Path) -> list[dict[str, Any]]:
    """Return what senders noted, each after it had the answer; a last line cut off was not noted."""
    lines = log.read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


def check(log: Path, register: Path, temporal: str | None, namespace: str = "andon") -> Verdict:
    """Compare; without Temporal's address only the register is asked."""
    told = acknowledged(log)
    with closing(sqlite3.connect(f"file:{register}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        verdict = _compared(told, database)
        incidents = {row["incident"]: row for row in database.execute("SELECT * FROM incidents")}
    if temporal is not None:
        _with_workflows(verdict, incidents, _workflows(temporal, namespace))
    return verdict


def _compared(told: list[dict[str, Any]], database: sqlite3.Connection) -> Verdict:
    verdict = Verdict()
    kept = {row["id"]: _home(row) for row in database.execute("SELECT * FROM detections")}
    incidents = {row["incident"] for row in database.execute("SELECT incident FROM incidents")}
    issues = {row["id"] for row in database.execute("SELECT id FROM quality_issues")}
    homes: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    receipts: set[str] = set()
    for one in told:
        receipt = one["receipt"]
        receipts.add(receipt)
        incident, issue = kept.get(receipt, (None, None))
        if receipt not in kept:
            verdict.wrong.append(f"{receipt}: acknowledged, and not in the register")
        elif (incident is None) == (issue is None):
            verdict.wrong.append(f"{receipt}: in incident {incident} and in quality issue {issue}")
        elif incident is not None and incident not in incidents:
            verdict.wrong.append(f"{receipt}: in {incident}, which does not exist")
        elif issue is not None and issue not in issues:
            verdict.wrong.append(f"{receipt}: in {issue}, which does not exist")
        elif one.get("incident") and incident and one["incident"] != incident:
            verdict.wrong.append(f"{receipt}: told of {one['incident']}, and is in {incident}")
        if one.get("key") and (incident or issue):
            homes[one["system"], one["key"]].add(str(incident or issue))
    empty = incidents - {incident for incident, _ in kept.values()}
    verdict.wrong += [f"{one}: an incident without a detection" for one in sorted(empty)]
    bare = issues - {issue for _, issue in kept.values()} - _promoted(database)
    verdict.wrong += [f"{one}: a quality issue without a detection" for one in sorted(bare)]
    split = {key: found for key, found in homes.items() if _apart(found)}
    verdict.wrong += [f"{key}: one key, in {sorted(found)}" for key, found in split.items()]
    outcomes = Counter(str(one["outcome"]) for one in told)
    verdict.counts = {
        "acknowledged": len(told),
        "receipts": len(receipts),
        **{f"told: {name}": count for name, count in sorted(outcomes.items())},
        "detections in the register": len(kept),
        "of those never acknowledged": len(set(kept) - receipts),
        "in an incident": sum(incident is not None for incident, _ in kept.values()),
        "in a quality issue": sum(issue is not None for _, issue in kept.values()),
        "incidents": len(incidents),
        "quality issues": len(issues),
    }
    return verdict


def _home(row: sqlite3.Row) -> tuple[str | None, str | None]:
    """Return where a detection is; one whose quality issue became an incident is in the incident."""
    incident = row["incident"] or None
    return incident, None if incident else row["issue"] or None


def _promoted(database: sqlite3.Connection) -> set[str]:
    return {row["id"] for row in database.execute("SELECT id FROM quality_issues WHERE incident IS NOT NULL")}


def _apart(homes: set[str]) -> bool:
    """Whether one key has several incidents; an issue beside one is how it became an incident."""
    return len({one for one in homes if one.startswith("INC-")}) > 1


def _workflows(address: str, namespace: str) -> set[str]:
    """Return the ids of all incidents' workflows, running and ended."""
    program = Path(sys.executable).with_name("temporal")
    words = ("workflow", "list", "--address", address, "--namespace", namespace, "--limit", "1000000")
    query = ("--query", "WorkflowType = 'Incident'", "--output", "jsonl")
    listed = subprocess.run(
        [program, *words, *query], capture_output=True, check=True, timeout=120, text=True
    )
    rows = [json.loads(line) for line in listed.stdout.splitlines() if line.strip()]
    return {str(row["execution"]["workflowId"]).removeprefix("incident/") for row in rows}


def _with_workflows(verdict: Verdict, incidents: dict[str, sqlite3.Row], workflows: set[str]) -> None:
    verdict.counts["workflows of incidents"] = len(workflows)
    verdict.wrong += [f"{one}: an incident without a workflow" for one in sorted(set(incidents) - workflows)]
    verdict.wrong += [f"{one}: a workflow without an incident" for one in sorted(workflows - set(incidents))]


def main() -> int:
    """Print the verdict; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="tests.storm.checker", description=__doc__)
    parser.add_argument("log", type=Path, help="what senders noted as acknowledged, one JSON object a line")
    parser.add_argument("register", type=Path, help="register.db")
    parser.add_argument("--temporal", help="host:port; without it only the register is asked")
    chosen = parser.parse_args()
    verdict = check(chosen.log, chosen.register, chosen.temporal)
    print(verdict)
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
